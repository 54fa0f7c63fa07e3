"""What a run begins with."""

import pytest
import torch

from rednet.model import REDNet, REDNetConfig
from rednet.training.start import outer_layers

DEEP = REDNetConfig(depth=20, width=4, channels=3, stride=2, mask=True, hints=("sigma",))


@pytest.fixture
def deep():
    torch.manual_seed(0)
    return REDNet(DEEP)


@pytest.mark.parametrize("depth", [4, 8, 12, 16])
def test_outer_layers_equal_the_deep_network_where_its_inner_ones_give_nothing(deep, depth):
    y, mask, hints = torch.rand(1, 3, 30, 24), torch.zeros(1, 1, 30, 24), torch.ones(1, 2)
    cut = outer_layers(deep, depth)
    assert (cut(y, mask, hints) - deep(y, mask, hints)).abs().max() > 1e-9  # what lies within does count
    within = deep.decoder[len(deep.decoder) - depth // 2 - 1]  # the last layer that is cut out
    torch.nn.init.zeros_(within.weight)
    torch.nn.init.zeros_(within.bias)
    torch.testing.assert_close(cut(y, mask, hints), deep(y, mask, hints), rtol=0, atol=1e-6)


def test_outer_layers_are_copies(deep):
    cut = outer_layers(deep, 8)
    torch.nn.init.zeros_(cut.encoder[0].weight)
    assert deep.encoder[0].weight.abs().max() > 0
