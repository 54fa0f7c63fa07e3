"""Bands that are no photograph: near infrared, many bands, premultiplied alpha, copies beside the picture, doubles."""

import logging

import numpy as np
import pytest
import tifffile

from rednet.errors import ImageError
from rednet.images import PictureFile, from_array, read_picture, to_array, write_picture
from rednet.images.encoding import Saving
from rednet.images.layout import Layout, tiff_layout, usual_layout
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Denoise, Inpaint, Upscale
from tests.tasks import BLIND, run_task

UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2
LAYOUTS = {  # (photometric, ExtraSamples): what the bands are
    ("rgb", (UNSPECIFIED,)): Layout((3, 1)),
    ("rgb", (UNASSOCIATED,)): Layout((3,), 3),
    ("rgb", (UNSPECIFIED, UNASSOCIATED)): Layout((3, 1), 4),
    ("rgb", (UNASSOCIATED, UNSPECIFIED)): Layout((3, 1), 3),
    ("minisblack", (UNSPECIFIED,)): Layout((1, 1)),
    ("minisblack", (UNSPECIFIED,) * 2): Layout((1, 1, 1)),
    ("minisblack", (UNSPECIFIED,) * 3): Layout((1,) * 4),
    ("minisblack", (UNSPECIFIED,) * 6): Layout((1,) * 7),
    ("minisblack", (UNASSOCIATED,) * 6): Layout((1,) * 7),  # as libvips writes any seven bands
}


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=6, width=4, channels=3, mask=True, stride=2), tile=32, threads=1)


def save(path, levels, photometric, extra, **more):
    levels = levels[:, :, 0] if levels.shape[2] == 1 else levels
    tifffile.imwrite(
        path,
        levels,
        photometric=photometric,
        extrasamples=extra,
        planarconfig="contig" if levels.ndim == 3 else None,
        metadata=None,
        **more,
    )


def bands_of(photometric, extra):
    return (3 if photometric == "rgb" else 1) + len(extra)


@pytest.mark.parametrize(("photometric", "extra"), LAYOUTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_every_band_is_restored_and_stays_what_it_is(
    photometric, extra, streamed, tmp_path, rng, restorer, monkeypatch
):
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0 if streamed else 1e9)
    levels = rng.integers(1, 60_000, (70, 50, bands_of(photometric, extra))).astype(np.uint16)
    save(tmp_path / "a.tif", levels, photometric, extra)
    layout = LAYOUTS[photometric, extra]
    assert PictureFile(tmp_path / "a.tif").layout == layout
    assert run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, BLIND).streamed is streamed
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        (page,) = file.pages
        result = page.asarray()
        assert page.photometric.name.lower() == photometric
        assert tuple(map(int, page.extrasamples)) == extra
    colours, _ = layout.split(levels)
    restored, alpha = layout.split(result)
    for part in layout.slices:  # each group as if it were a picture of its own
        np.testing.assert_array_equal(restored[:, :, part], restorer.restore(colours[:, :, part], facts={}))
        assert not np.array_equal(restored[:, :, part], colours[:, :, part])
    if layout.alpha is not None:
        np.testing.assert_array_equal(alpha[:, :, 0], levels[:, :, layout.alpha])


def test_premultiplied_colours_come_back_straight_and_say_so(tmp_path):
    straight, alpha = np.array([[[200, 100, 40]] * 3]), np.array([[[255], [128], [0]]])
    levels = np.concatenate([straight * alpha / 255, alpha], axis=2).round().astype(np.uint8)
    save(tmp_path / "a.tif", levels, "rgb", (ASSOCIATED,))
    write_picture(tmp_path / "b.tif", read_picture(tmp_path / "a.tif"))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert tuple(map(int, file.pages[0].extrasamples)) == (UNASSOCIATED,)
        result = file.pages[0].asarray().astype(int)
    assert np.abs(result[0, :2, :3] - straight[0, :2]).max() <= 1
    np.testing.assert_array_equal(result[:, :, 3], alpha[:, :, 0])


def test_a_fourth_band_that_is_0_hides_nothing(tmp_path, rng, restorer):
    levels = rng.integers(0, 256, (40, 30, 4)).astype(np.uint8)
    levels[:, :15, 3] = 0  # near infrared of water
    save(tmp_path / "a.tif", levels, "rgb", (UNSPECIFIED,))
    run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, BLIND)
    result = tifffile.imread(tmp_path / "b.tif")
    assert (result[:, :15, :3] != levels[:, :15, :3]).any()
    save(tmp_path / "c.tif", levels, "rgb", (UNASSOCIATED,))  # the same as transparency does hide
    run_task(tmp_path / "c.tif", tmp_path / "d.tif", restorer, BLIND)
    hidden = tifffile.imread(tmp_path / "d.tif")
    np.testing.assert_array_equal(hidden[:, :15, :3], levels[:, :15, :3])


def test_many_bands_are_enlarged_and_filled(rng, restorer):
    levels = rng.integers(0, 256, (40, 30, 6)).astype(np.uint8)
    larger = restorer.upscale(levels, 2)
    assert larger.shape == (80, 60, 6)
    np.testing.assert_array_equal(larger[:, :, 4], restorer.upscale(levels[:, :, 4], 2))
    mask = np.zeros((40, 30), bool)
    mask[5:9, 4:9] = True
    filled = restorer.restore(levels, mask=mask)
    np.testing.assert_array_equal(filled[~mask], levels[~mask])
    np.testing.assert_array_equal(filled[:, :, 2], restorer.restore(levels[:, :, 2], mask=mask))
    assert (filled[mask] != levels[mask]).any(axis=0).all()


def test_what_marks_missing_pixels_by_colour_looks_at_the_colours(rng, restorer):
    levels = rng.integers(0, 200, (40, 30, 5)).astype(np.uint8)
    levels[5:9, 4:9, :3] = (255, 0, 0)
    picture = from_array(levels, layout=Layout((3, 1, 1)))
    result = to_array(restorer.run(Inpaint(mask_color="#ff0000"), picture))
    changed = (result != levels).any(axis=2)
    assert changed[5:9, 4:9].all() and changed.sum() == 20


def test_transparency_that_is_used_up_leaves_the_other_bands(tmp_path, rng, restorer):
    levels = rng.integers(1, 256, (40, 30, 5)).astype(np.uint8)
    levels[:, :, 4] = 255
    levels[5:9, 4:9, 4] = 0
    save(tmp_path / "a.tif", levels, "rgb", (UNSPECIFIED, UNASSOCIATED))
    run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, Inpaint(mask_alpha=True))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].asarray().shape == (40, 30, 4)
        assert tuple(map(int, file.pages[0].extrasamples)) == (UNSPECIFIED,)


def test_other_formats_refuse_bands_of_data_and_name_one_that_does_not(tmp_path, rng, restorer):
    save(tmp_path / "a.tif", rng.integers(0, 256, (40, 30, 4)).astype(np.uint8), "rgb", (UNSPECIFIED,))
    for ending in (".png", ".webp", ".jpg", ".avif"):
        with pytest.raises(ImageError, match=r"no bands besides gray or RGB.*; use \.tif"):
            run_task(tmp_path / "a.tif", tmp_path / f"b{ending}", restorer, BLIND)


def test_bands_count_against_the_limit_of_size(tmp_path, rng):
    save(tmp_path / "a.tif", np.zeros((100, 100, 20), np.uint8), "minisblack", (UNSPECIFIED,) * 19)
    with pytest.raises(ImageError, match="in 20 bands; the limit is"):
        PictureFile(tmp_path / "a.tif", max_megapixels=0.1)


@pytest.mark.parametrize("bands", range(1, 9))
def test_arrays_have_the_usual_bands(bands, rng, restorer):
    levels = rng.integers(1, 256, (20, 16, bands)).astype(np.uint8)
    assert usual_layout(bands).channels == {2: 1, 4: 3}.get(bands, bands)
    np.testing.assert_array_equal(to_array(from_array(levels)), levels)
    assert restorer.restore(levels, facts={}).shape == levels.shape


def test_channels_that_come_first_are_told_rather_than_taken_for_bands(restorer):
    with pytest.raises(ImageError, match=r"channels first; give array\.transpose\(1, 2, 0\)"):
        restorer.restore(np.zeros((3, 40, 30), np.float32))


def test_a_tiff_without_the_tag_has_the_usual_bands():
    assert tiff_layout(4, None, rgb=True) == Layout((3,), 3)
    assert tiff_layout(2, None, rgb=False) == Layout((1,), 1)
    assert tiff_layout(5, None, rgb=False) == Layout((1,) * 5)


@pytest.mark.parametrize(
    "kind", [{"subfiletype": 1}, {"subfiletype": 4, "photometric": 4}, {"extratags": [(255, "H", 1, 2, True)]}]
)
@pytest.mark.parametrize("first", [False, True])
def test_a_copy_beside_the_picture_is_left_out_and_told(kind, first, tmp_path, rng, restorer, caplog):
    levels, small = (rng.integers(0, 256, size).astype(np.uint8) for size in ((48, 64), (12, 16)))
    if "photometric" in kind:
        small, first = small > 99, False  # a mask has one bit, and stands behind its picture
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        pages = [lambda: file.write(levels, metadata=None), lambda: file.write(small, metadata=None, **kind)]
        for page in reversed(pages) if first else pages:
            page()
    with caplog.at_level(logging.WARNING):
        assert read_picture(tmp_path / "a.tif").size == "64x48"
    assert "1 of the 2 pages" in caplog.text
    run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, BLIND)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert [page.shape for page in file.pages] == [(48, 64)]


def test_a_picture_that_calls_itself_a_copy_is_read_if_there_is_no_other(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 9), np.uint8), subfiletype=1, metadata=None)
    assert read_picture(tmp_path / "a.tif").size == "9x8"


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("more", [{}, {"compression": "deflate"}, {"tile": (16, 16)}, {"bigtiff": True}])
@pytest.mark.parametrize("bands", [1, 3, 4, 5])
def test_floats_of_64_bits_are_read_and_written_to_the_bit(order, more, bands, tmp_path, rng):
    levels = rng.random((40, 30, bands))
    rgb, extra = bands in (3, 4), [UNASSOCIATED] if bands == 4 else [UNSPECIFIED] * (bands - 1) if bands == 5 else None
    save(tmp_path / "a.tif", levels, "rgb" if rgb else "minisblack", extra, byteorder=order, **more)
    picture = read_picture(tmp_path / "a.tif", value_range=(0, 2))
    assert picture.depth == "float64"
    write_picture(tmp_path / "b.tif", picture)
    result = tifffile.imread(tmp_path / "b.tif").reshape(levels.shape)
    colours = slice(0, picture.pixels.shape[2])
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result[:, :, colours], levels[:, :, colours])
    np.testing.assert_allclose(result, levels, atol=1e-7)  # transparency is kept as float32


def test_doubles_stream_as_all_else_does(tmp_path, rng, restorer, monkeypatch):
    save(tmp_path / "a.tif", rng.random((70, 50, 3)), "rgb", None)
    results = []
    for limit, streamed in ((1e9, False), (0, True)):
        monkeypatch.setattr("rednet.files.file.STREAM_FROM", limit)
        how = {"saving": Saving(overwrite=True)}
        assert run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, Denoise(), **how).streamed is streamed
        results.append((tmp_path / "b.tif").read_bytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("depth", ["uint64", "int64", "complex64"])
def test_other_wide_values_are_refused_in_plain_words(depth, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((8, 9), depth), metadata=None)
    with pytest.raises(ImageError, match="more than 32 bits and are no floats of 64; save them"):
        read_picture(tmp_path / "a.tif")


def test_doubles_in_planes_are_refused_in_plain_words(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((3, 8, 9)), photometric="rgb", planarconfig="separate", metadata=None)
    with pytest.raises(ImageError, match="floats of 64 bits in planes or behind a predictor"):
        read_picture(tmp_path / "a.tif")


def test_alpha_does_not_overshoot_and_hidden_colours_are_enlarged_as_they_are(rng, restorer):
    levels = rng.integers(0, 256, (32, 40, 4)).astype(np.uint8)
    levels[:, :20, 3], levels[:, 20:, 3] = 50, 200
    assert set(np.unique(restorer.upscale(levels, 2)[:, :, 3])) <= set(range(50, 201))
    levels[:, :20, 3] = 0  # holds data, gloss say, and hides nothing
    for scale in (2, 3, 4):
        result = restorer.upscale(levels, scale)
        plain = restorer.run(Upscale(scale=scale), from_array(levels[:, :, :3])).pixels  # enlarged and restored
        hidden = result[:, : 18 * scale, :3] / 255
        kept = np.kron(levels[:, :18, :3] / 255.0, np.ones((scale, scale, 1)))
        assert np.abs(hidden - kept).mean() < 0.15  # smeared colours would be plain gray: 0.25
        assert np.abs(plain[:, : 18 * scale] - hidden).mean() < 0.1


def test_hidden_colours_do_not_bleed_into_the_enlarged_picture(rng, restorer):
    levels = rng.integers(0, 256, (32, 40, 4)).astype(np.uint8)
    levels[:, :20, 3], levels[:, 20:, 3] = 0, 255
    other = levels.copy()
    other[:, :20, :3] = rng.integers(0, 256, (32, 20, 3))
    one, two = restorer.upscale(levels, 2), restorer.upscale(other, 2)
    seen = one[:, :, 3] > 0
    np.testing.assert_array_equal(one[seen], two[seen])
