import pytest
import torch

from rednet.network.architecture import REDNetConfig
from rednet.network.model import REDNet
from rednet.training.optimizer import BIAS_RATE, Muon, build_optimizers, orthogonalise


def test_singular_values_come_near_one_and_vectors_stay():
    torch.manual_seed(0)
    x = torch.randn(2, 16, 144) * torch.tensor([1e-4, 50.0])[:, None, None]
    result = orthogonalise(x)
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.6 and values.max() < 1.25
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    aligned = torch.einsum("nij,njk,nkl->nil", u.mT, result, vh.mT)
    off_diagonal = aligned - torch.diag_embed(torch.diagonal(aligned, dim1=1, dim2=2))
    assert off_diagonal.abs().max() < 1e-2


def test_the_gram_iteration_is_newton_schulz_on_the_matrix_itself():
    torch.manual_seed(0)
    x = torch.randn(1, 8, 72)
    y = x / x.norm()
    for _ in range(5):
        gram = y @ y.mT
        y = 3.4445 * y + (-4.7750 * gram + 2.0315 * gram @ gram) @ y
    torch.testing.assert_close(orthogonalise(x), y, rtol=0, atol=1e-3)


def test_a_zero_gradient_moves_nothing():
    assert not orthogonalise(torch.zeros(1, 4, 36)).any()


def test_a_deconvolution_is_updated_as_the_convolution_that_it_is():
    torch.manual_seed(0)
    conv = torch.nn.Parameter(torch.zeros(6, 4, 3, 3))
    deconv = torch.nn.Parameter(torch.zeros(4, 6, 3, 3))
    conv.grad = torch.randn(6, 4, 3, 3)
    deconv.grad = conv.grad.transpose(0, 1).flip(2, 3).contiguous()
    Muon([conv], [deconv], lr=0.1).step()
    torch.testing.assert_close(deconv.data.transpose(0, 1).flip(2, 3), conv.data, rtol=0, atol=1e-4)
    assert conv.abs().max() > 1e-3


def test_muon_descends_to_the_minimum_of_a_bowl():
    torch.manual_seed(0)
    target = torch.randn(4, 4, 3, 3)
    weight = torch.nn.Parameter(torch.zeros_like(target))
    optimizer = Muon([weight], [], lr=0.1)
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        weight.grad = (weight - target).detach()
        optimizer.step()
    assert (weight - target).norm() < 0.1 * target.norm()


@pytest.mark.parametrize("kind", ["muon", "adam"])
def test_every_weight_is_in_exactly_one_optimizer(kind):
    model = REDNet(REDNetConfig(depth=8, width=4))
    optimizers = build_optimizers(model, kind, 0.01, 1e-3)
    held = [id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    if kind == "muon":
        rates = {group["lr"] for group in optimizers[1].param_groups}
        assert rates == {1e-3, 1e-3 * BIAS_RATE}
