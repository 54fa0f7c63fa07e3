import pytest
import torch
from torch.nn import functional as F

from rednet.architecture import REDNetConfig
from rednet.model import REDNet, fold_deconvolution, pad_to_stride


def count(config):
    return sum(p.numel() for p in REDNet(config).parameters())


def test_parameter_counts_are_the_papers():
    assert count(REDNetConfig(depth=20)) == 665_921
    assert count(REDNetConfig(depth=30)) == 1_035_201
    assert count(REDNetConfig(depth=30, width=128)) == 4_134_785


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (8, 12), (13, 9)])
def test_any_size_comes_back_the_same_size(stride, size):
    net = REDNet(REDNetConfig(depth=4, width=4, channels=3, stride=stride, mask=True, hints=("sigma",)))
    assert net(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def reach(config, size=90):
    """Finds which input rows reach the output pixel in the middle, by gradients of a network without dead ReLUs."""
    net = REDNet(config)
    for p in net.parameters():
        torch.nn.init.constant_(p, 0.01)
    y = torch.rand(1, 1, size, size, requires_grad=True)
    middle = size // 2 // config.stride * config.stride
    (net(y) - y)[0, 0, middle, middle].backward()
    rows = y.grad[0, 0].abs().sum(dim=1).nonzero().ravel()
    return int(rows.min()), int(rows.max()), middle


@pytest.mark.parametrize("fields", [{"depth": 30}, {"depth": 10, "stride": 2}, {"depth": 6, "stride": 3}])
def test_receptive_field_is_what_the_gradients_reach(fields):
    config = REDNetConfig(width=2, **fields)
    first, last, middle = reach(config)
    assert last - first + 1 == config.receptive_field
    assert middle - first == config.halo


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


def test_nothing_told_equals_zero_hints_and_no_mask():
    net = REDNet(REDNetConfig(depth=4, width=4, mask=True, hints=("sigma", "scale")))
    y = torch.rand(1, 1, 4, 4)
    torch.testing.assert_close(net(y), net(y, torch.zeros(1, 1, 4, 4), torch.zeros(1, 4)))
    assert (net(y) - net(y, None, torch.ones(1, 4))).abs().max() > 1e-4


def test_padding_reflects_without_repeating_the_border():
    x = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert pad_to_stride(x, 4)[0, 0].tolist() == [[1, 2, 3, 2]] * 4


def test_a_fresh_network_nearly_gives_its_input_back():
    torch.manual_seed(0)
    y = torch.rand(1, 1, 32, 32)
    assert (REDNet(REDNetConfig(depth=20))(y) - y).abs().mean() < 0.05
