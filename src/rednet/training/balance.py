"""The loss: each crop's squared error, divided by the running mean error of its task.

The error of a noisy picture is ten times that of an enlarged one. With the plain mean squared error, noise dominates
the gradient and the network hardly learns the other tasks. Divided by its task's mean, the error of each task has the
same weight (measured: docs/lab-log.md).
"""

from __future__ import annotations

import torch
from torch import Tensor

from rednet.training.processes import Team

__all__ = ["TaskBalance"]

MEMORY = 0.97  # decay of a task's running mean, per batch that contains the task
FLOOR = 2e-4  # 37 dB: least divisor, so that a task with tiny errors does not dominate the others


class TaskBalance:
    """The running mean error of each task, and the balanced loss.

    Args:
        tasks: number of tasks.
        enabled: False for the plain mean squared error.
        device: torch's device of the samples; no call here waits for it.
        team: the processes that train together; the mean is that of all their batches.
    """

    def __init__(
        self, tasks: int, enabled: bool = True, device: torch.device | str = "cpu", team: Team | None = None
    ) -> None:
        self.team = team or Team()
        self.means = torch.zeros(tasks, device=device)
        self.enabled = enabled

    def __call__(self, x_hat: Tensor, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the loss of a batch.

        Args:
            x_hat, x: (B, C, H, W).
            task: (B,), the task number of each sample.

        Returns:
            The loss to minimise, and the plain mean squared error of each sample (B,), detached.
        """
        errors = (x_hat - x).square().mean(dim=(1, 2, 3))
        seen = errors.detach()
        if not self.enabled:
            return errors.mean(), seen
        counts = torch.zeros_like(self.means).index_add_(0, task, torch.ones_like(seen))
        sums = torch.zeros_like(self.means).index_add_(0, task, seen)
        counts, sums = self.team.sum(torch.stack([counts, sums]))
        batch = sums / counts.clamp_min(1)
        moved = torch.where(self.means > 0, torch.lerp(batch, self.means, MEMORY), batch)
        self.means = torch.where(counts > 0, moved, self.means)
        return (errors / self.means[task].clamp_min(FLOOR)).mean(), seen
