import pytest
import torch

from rednet.training.balance import FLOOR, MEMORY, TaskBalance


def batch(errors):
    """A batch whose samples have the given mean squared errors."""
    x = torch.zeros(len(errors), 1, 2, 2)
    return x + torch.tensor(errors).sqrt()[:, None, None, None], x


def test_tasks_of_very_different_error_pull_equally():
    balance = TaskBalance(2)
    loss, errors = balance(*batch([0.1, 0.001]), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(1.0)
    torch.testing.assert_close(errors, torch.tensor([0.1, 0.001]))


def test_the_mean_of_a_task_moves_only_with_batches_that_have_it():
    balance = TaskBalance(3)
    balance(*batch([0.1, 0.3, 0.001]), torch.tensor([0, 0, 1]))
    torch.testing.assert_close(balance.means, torch.tensor([0.2, 0.001, 0.0]))
    balance(*batch([0.002]), torch.tensor([1]))
    torch.testing.assert_close(balance.means, torch.tensor([0.2, MEMORY * 0.001 + (1 - MEMORY) * 0.002, 0.0]))


def test_a_crop_that_is_worse_than_its_task_pulls_harder():
    balance = TaskBalance(1)
    balance(*batch([0.01] * 4), torch.zeros(4, dtype=torch.long))
    loss, _ = balance(*batch([0.02]), torch.tensor([0]))
    assert 1.9 < loss.item() < 2.0


def test_a_solved_task_stops_pulling():
    loss, _ = TaskBalance(1)(*batch([FLOOR / 100]), torch.tensor([0]))
    assert loss.item() == pytest.approx(0.01, rel=1e-3)


def test_without_balance_the_loss_is_the_mean_squared_error():
    loss, _ = TaskBalance(2, enabled=False)(*batch([0.1, 0.001]), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(0.0505, rel=1e-3)
