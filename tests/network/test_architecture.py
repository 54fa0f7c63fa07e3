import pytest

from rednet.errors import OptionError
from rednet.network.architecture import REDNetConfig


def test_skip_pairs_of_red30_are_the_papers():
    assert REDNetConfig(depth=30).skip_pairs == ((14, 1), (12, 3), (10, 5), (8, 7), (6, 9), (4, 11), (2, 13))


def test_skip_pairs_of_red20_are_the_papers():
    assert REDNetConfig(depth=20).skip_pairs == ((8, 2), (6, 4), (4, 6), (2, 8))


def test_red10_of_the_paper_has_no_skips_and_red20_and_red30_have():
    assert REDNetConfig.paper(10).skip_pairs == ()
    assert REDNetConfig.paper(20).skips and REDNetConfig.paper(30).skips


def test_skips_tie_mirror_layers_at_every_depth():
    for depth in range(4, 42, 2):
        pairs = REDNetConfig(depth=depth).skip_pairs
        assert all(i + j == depth // 2 and i % 2 == 0 for i, j in pairs)
        assert len(pairs) == (depth // 2 - 1) // 2


def test_every_skip_ties_a_layer_to_the_mirror_of_its_successor_and_the_last_of_each_level_is_tied():
    config = REDNetConfig(levels=((8, 3), (16, 4), (32, 5)), stride=2)
    half = len(config.layers) // 2
    assert all(i + j == half for i, j in config.skip_pairs)
    for i, j in config.skip_pairs:
        encoder, decoder = config.layers[i - 1], config.layers[half + j - 1]
        assert (encoder.outputs, encoder.sampling) == (decoder.outputs, decoder.sampling)
    ups = [number - half + 1 for number, layer in enumerate(config.layers) if layer.kind == "up"]
    assert len(ups) == 2 and set(ups) < {j for _, j in config.skip_pairs}


def test_receptive_field_of_red30_is_61_px():
    assert REDNetConfig(depth=30).receptive_field == 61
    assert REDNetConfig(depth=20, stride=2).receptive_field == 82


@pytest.mark.parametrize(
    "fields",
    [
        {"depth": 5},
        {"depth": 2},
        {"stride": 5},
        {"stride": 0},
        {"channels": 2},
        {"width": 0},
        {"levels": ((4, 2), (0, 1))},
        {"levels": ((4, 0), (4, 1))},
    ],
)
def test_a_field_outside_its_range_is_refused(fields):
    with pytest.raises(OptionError, match=next(iter(fields))):
        REDNetConfig(**fields)
