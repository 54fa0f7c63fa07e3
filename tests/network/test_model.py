import pytest
import torch
from torch.nn import functional as F

from rednet.network.architecture import REDNetConfig
from rednet.network.model import REDNet, fold_deconvolution, pad_to_grid


def count(config):
    return sum(p.numel() for p in REDNet(config).parameters())


def test_parameter_counts_are_the_papers():
    assert count(REDNetConfig(depth=20)) == 665_921
    assert count(REDNetConfig(depth=30)) == 1_035_201
    assert count(REDNetConfig(depth=30, width=128)) == 4_134_785


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("levels", [(), ((4, 1), (6, 2), (5, 1))])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (8, 12), (13, 9)])
def test_any_size_comes_back_the_same_size(stride, levels, size):
    net = REDNet(REDNetConfig(depth=4, width=4, channels=3, stride=stride, mask=True, hints=("sigma",), levels=levels))
    assert net(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def reach(config):
    """Finds which input rows reach the output square in the middle, by gradients of a network without dead ReLUs."""
    net = REDNet(config)
    for p in net.parameters():
        torch.nn.init.constant_(p, 0.01)
    size = 2 * config.halo + 3 * config.grid
    y = torch.rand(1, 1, size, size, requires_grad=True)
    middle = config.halo + config.grid
    square = slice(middle, middle + config.grid)
    (net(y) - y)[0, 0, square, square].sum().backward()
    rows = y.grad[0, 0].abs().sum(dim=1).nonzero().ravel()
    return int(rows.min()), int(rows.max()), middle


@pytest.mark.parametrize(
    "fields",
    [
        {"depth": 30, "width": 2},
        {"depth": 10, "width": 2, "stride": 2},
        {"depth": 6, "width": 2, "stride": 3},
        {"levels": ((2, 3), (2, 2))},
        {"levels": ((2, 1), (3, 2), (2, 3)), "stride": 2},
        {"levels": ((2, 2), (3, 1), (2, 1)), "skips": False},
    ],
)
def test_receptive_field_is_what_the_gradients_reach(fields):
    config = REDNetConfig(**fields)
    first, last, middle = reach(config)
    assert last - first + 1 == config.receptive_field
    assert middle - first == config.reach
    assert config.halo - config.grid < config.reach <= config.halo


def test_a_deconvolution_is_the_folded_convolution():
    deconv = torch.nn.ConvTranspose2d(5, 3, 3, padding=1)
    x = torch.rand(1, 5, 6, 7)
    as_conv = F.conv2d(x, fold_deconvolution(deconv.weight), deconv.bias, padding=1)
    torch.testing.assert_close(as_conv, deconv(x), rtol=0, atol=1e-6)
    unfolded = F.conv2d(x, deconv.weight.transpose(0, 1), deconv.bias, padding=1)
    assert (unfolded - deconv(x)).abs().max() > 1e-2


def test_the_smallest_network_computes_what_the_paper_writes():
    """RED4 by hand: c2 feeds d1, no skips (they join even layers below the middle), the residual is added to y."""
    net = REDNet(REDNetConfig(depth=4, width=3))
    y = torch.rand(1, 1, 5, 6)
    (c1, c2), (d1, d2) = net.encoder, net.decoder
    transpose = lambda layer, h: F.conv_transpose2d(h, layer.weight, layer.bias, padding=1)  # noqa: E731
    by_hand = y + transpose(d2, F.relu(transpose(d1, F.relu(c2(F.relu(c1(y)))))))
    torch.testing.assert_close(net(y), by_hand, rtol=0, atol=1e-6)


def test_skips_are_taken_after_relu_and_added_before_it():
    net = REDNet(REDNetConfig(depth=6, width=3))  # one pair: c2 + d1
    y = torch.rand(1, 1, 5, 6)
    (c1, c2, c3), (d1, d2, d3) = net.encoder, net.decoder
    e2 = F.relu(c2(F.relu(c1(y))))
    by_hand = y + d3(F.relu(d2(F.relu(d1(F.relu(c3(e2))) + e2))))
    torch.testing.assert_close(net(y), by_hand, rtol=0, atol=1e-6)
    without = REDNet(REDNetConfig(depth=6, width=3, skips=False))
    without.load_state_dict(net.state_dict())
    assert (without(y) - by_hand).abs().max() > 1e-4


def test_two_levels_compute_what_is_drawn():
    """Two layers a side at the picture's sampling, one at half of it: skips from c2 to the up-sampling, c3 to d1."""
    net = REDNet(REDNetConfig(levels=((3, 2), (4, 1))))
    (c1, c2, down, c3), (d1, up, d2, d3) = net.encoder, net.decoder
    y = torch.rand(1, 1, 6, 8)
    e2 = F.relu(c2(F.relu(c1(y))))
    fine = F.relu(F.conv2d(e2, down.weight, down.bias, stride=2))
    deep = F.relu(d1(F.relu(c3(fine))) + fine)
    back = F.relu(F.conv_transpose2d(deep, up.weight, up.bias, stride=2) + e2)
    by_hand = y + d3(F.relu(d2(back)))
    torch.testing.assert_close(net(y), by_hand, rtol=0, atol=1e-6)
    assert (by_hand - y).abs().max() > 1e-3


def test_one_level_is_the_papers_network():
    assert REDNetConfig(levels=((64, 10),), stride=2) == REDNetConfig(depth=20, width=64, stride=2)


def test_nothing_told_equals_zero_hints_and_no_mask():
    net = REDNet(REDNetConfig(depth=4, width=4, mask=True, hints=("sigma", "scale")))
    y = torch.rand(1, 1, 4, 4)
    torch.testing.assert_close(net(y), net(y, torch.zeros(1, 1, 4, 4), torch.zeros(1, 4)))
    assert (net(y) - net(y, None, torch.ones(1, 4))).abs().max() > 1e-4


def test_padding_reflects_without_repeating_the_border():
    x = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert pad_to_grid(x, 4)[0, 0].tolist() == [[1, 2, 3, 2]] * 4


def test_a_fresh_network_nearly_gives_its_input_back():
    torch.manual_seed(0)
    y = torch.rand(1, 1, 32, 32)
    assert (REDNet(REDNetConfig(depth=20))(y) - y).abs().mean() < 0.05
