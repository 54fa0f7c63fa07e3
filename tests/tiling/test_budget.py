import pytest

from rednet.errors import OptionError
from rednet.network.architecture import REDNetConfig
from rednet.tiling.budget import DEFAULT_TILE, Pieces, Size, choose_pieces, kept_bytes, pieces_memory

CONFIG = REDNetConfig(depth=20, width=64, channels=3, stride=2)


def test_the_tile_is_the_largest_that_fits():
    size = Size(3000, 4000, row_bytes=0, halo=40, bands=False)
    assert choose_pieces(CONFIG, size, 1 << 40) == Pieces(DEFAULT_TILE, False)
    previous = DEFAULT_TILE
    for limit in (1 << 30, 500 << 20, 400 << 20, 300 << 20):
        pieces = choose_pieces(CONFIG, size, limit)
        assert pieces.tile <= previous and pieces_memory(CONFIG, pieces, size) <= limit and not pieces.bands
        previous = pieces.tile
    assert previous < DEFAULT_TILE
    with pytest.raises(OptionError, match="raise max_memory"):
        choose_pieces(CONFIG, size, 100 << 20)


def test_a_large_picture_goes_in_the_same_bands_whatever_the_memory():
    size = Size(3000, 4000, row_bytes=0, halo=40, bands=True)
    needed = pieces_memory(CONFIG, Pieces(DEFAULT_TILE, True), size)
    assert needed < 500 << 20
    for limit in (needed, 1 << 30, 1 << 40):
        assert choose_pieces(CONFIG, size, limit) == Pieces(DEFAULT_TILE, True)


def test_a_small_picture_that_does_not_fit_at_once_goes_in_bands():
    size = Size(450, 450, row_bytes=0, halo=40, bands=True)
    at_once = pieces_memory(CONFIG, Pieces(DEFAULT_TILE, True), size)
    pieces = choose_pieces(CONFIG, size, at_once - 1)
    assert pieces.bands and pieces.tile < DEFAULT_TILE and pieces_memory(CONFIG, pieces, size) < at_once


def test_tiles_take_over_where_what_bands_keep_does_not_fit():
    """RED20 keeps 19 times 2 rows of 64 channels, 2 of 24, and 4 + 8 + 12 + 16 for its skips, each half as wide."""
    config = REDNetConfig(depth=20, width=64, channels=3, stride=2, mask=True, hints=("a", "b", "c", "d"))
    assert kept_bytes(config) == 4 * (78 * 64 + 2 * 24) // 2
    wide = Size(1000, 100_000, row_bytes=0, halo=40, bands=True)
    assert choose_pieces(config, wide, 1 << 30) == Pieces(DEFAULT_TILE, False)
    assert choose_pieces(config, wide._replace(width=50_000), 1 << 30).bands
