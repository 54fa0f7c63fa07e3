import pytest

from rednet.architecture import REDNetConfig
from rednet.errors import OptionError
from rednet.inference.budget import DEFAULT_TILE, choose_tile, parse_memory, tile_memory

CONFIG = REDNetConfig(depth=20, width=64, channels=3, stride=2)


@pytest.mark.parametrize(
    ("text", "expected"), [("1G", 2**30), ("800m", 800 * 2**20), ("1.5 GiB", 3 * 2**29), ("123", 123), ("2kB", 2048)]
)
def test_an_amount_of_memory_is_read(text, expected):
    assert parse_memory(text) == expected


@pytest.mark.parametrize("text", ["", "G", "-1G", "1X", "1,5G", "inf"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(OptionError, match="max-memory"):
        parse_memory(text)


def test_the_tile_is_the_largest_that_fits():
    assert choose_tile(CONFIG, 40, 0, 1 << 40) == DEFAULT_TILE
    previous = DEFAULT_TILE
    for limit in (1 << 30, 500 << 20, 400 << 20, 300 << 20):
        tile = choose_tile(CONFIG, 40, 0, limit)
        assert tile <= previous and tile_memory(CONFIG, tile, 40, 0) <= limit
        previous = tile
    assert previous < DEFAULT_TILE
    with pytest.raises(OptionError, match="raise --max-memory"):
        choose_tile(CONFIG, 40, 0, 100 << 20)
