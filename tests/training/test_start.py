"""What a run begins with."""

import pytest
import torch

from rednet.network.model import REDNet, REDNetConfig
from rednet.training.start import outer_layers, with_hints

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


def test_a_network_that_takes_more_hints_gives_what_it_gave_until_it_is_told_of_them(deep):
    y, hints = torch.rand(1, 3, 9, 8), torch.rand(1, 2)
    wider = with_hints(deep, ("blur", "sigma", "scale"))
    told = torch.cat([torch.zeros(1, 2), hints, torch.zeros(1, 2)], dim=1)
    torch.testing.assert_close(wider(y, None, told), deep(y, None, hints), rtol=0, atol=1e-6)
    assert (wider(y, None, told.roll(2, 1)) - deep(y, None, hints)).abs().max() > 1e-4


def test_outer_layers_are_copies(deep):
    cut = outer_layers(deep, 8)
    torch.nn.init.zeros_(cut.encoder[0].weight)
    assert deep.encoder[0].weight.abs().max() > 0
