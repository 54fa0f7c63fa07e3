import pytest

from rednet.architecture import REDNetConfig
from rednet.errors import OptionError
from rednet.inference.budget import DEFAULT_TILE, available_memory, choose_tile, parse_memory, tile_memory

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


def test_the_limit_of_the_container_counts(tmp_path):
    free = available_memory(tmp_path, tmp_path / "none")
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "groups").write_text("0::/outer/inner\n")
    (inner / "memory.max").write_text("max\n")
    (inner / "memory.current").write_text("50\n")
    assert available_memory(tmp_path, tmp_path / "groups") == pytest.approx(free, rel=0.2)
    (inner.parent / "memory.max").write_text("1000000\n")
    (inner.parent / "memory.current").write_text("400000\n")
    assert available_memory(tmp_path, tmp_path / "groups") == 600_000
    first = tmp_path / "memory"
    first.mkdir()
    (first / "memory.limit_in_bytes").write_text("5000\n")
    (first / "memory.usage_in_bytes").write_text("6000\n")
    assert available_memory(tmp_path, tmp_path / "none") == 0
