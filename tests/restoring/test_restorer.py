import numpy as np
import pytest
from PIL import Image

import rednet
from rednet.errors import ImageError, ModelError, OptionError
from rednet.images import from_array, to_array
from rednet.images.colour import Profile, Range
from rednet.restoring.restorer import Restorer, find_model
from rednet.restoring.tasks import Inpaint

from ..images.test_matrix import wide_profile

FIELDS = {"depth": 6, "width": 4, "channels": 3, "stride": 2, "mask": True, "hints": ("sigma", "quality", "scale")}


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(**FIELDS), tile=24)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(7, 5), (1, 1), (7, 5, 1), (7, 5, 3), (7, 5, 4), (7, 5, 2)])
def test_an_array_comes_back_with_its_type_and_shape(restorer, dtype, shape, rng):
    image = (rng.random(shape) * (np.iinfo(dtype).max if dtype.startswith("u") else 1)).astype(dtype)
    result = restorer.restore(image, facts={})
    assert result.dtype == image.dtype and result.shape == image.shape
    assert not np.array_equal(result, image)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_pil_image_comes_back_as_one_of_its_mode(restorer, mode):
    image = Image.new(mode, (9, 6), 100 if mode == "L" else (90, 100, 110, 120)[: len(mode)])
    result = restorer.restore(image, facts={})
    assert isinstance(result, Image.Image) and result.mode == mode and result.size == image.size


def test_alpha_is_untouched(restorer, rng):
    image = rng.integers(0, 256, (8, 8, 4), np.uint8)
    assert np.array_equal(restorer.restore(image, facts={})[:, :, 3], image[:, :, 3])


def test_the_result_does_not_depend_on_the_tile(make_model, rng):
    folder = make_model(**FIELDS)
    image = rng.random((61, 47, 3)).astype(np.float32)
    results = [Restorer.from_pretrained(folder, tile=tile).restore(image, facts={}) for tile in (8, 15, 1000)]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=0, atol=1e-5)


def test_strength_scales_the_correction(restorer, rng):
    y = rng.random((8, 8, 3)).astype(np.float32)
    none, half, full = (restorer.restore(y, facts={}, strength=s) for s in (0.0, 0.5, 1.0))
    assert np.array_equal(none, y)
    np.testing.assert_allclose(half, (y + full) / 2, atol=1e-6)


def test_known_pixels_come_back_bit_for_bit_and_missing_ones_do_not_matter(restorer, rng):
    image = rng.integers(0, 256, (12, 10, 3), np.uint8)
    mask = rng.random((12, 10)) < 0.3
    result = restorer.restore(image, mask=mask)
    assert np.array_equal(result[~mask], image[~mask])
    other = np.where(mask[:, :, None], np.uint8(7), image)
    assert np.array_equal(restorer.restore(other, mask=mask), result)


@pytest.mark.parametrize("shape", [(12, 10), (12, 10, 3), (12, 10, 4)])
def test_missing_pixels_of_an_array_may_hold_any_number_or_none(restorer, rng, shape):
    image = rng.random(shape).astype(np.float32)
    if shape[2:] == (4,):
        image[:, :4, 3] = 0  # next to hidden pixels, too
    mask = rng.random((12, 10)) < 0.3
    wanted = restorer.restore(image, mask=mask)
    np.testing.assert_array_equal(wanted[~mask], image[~mask])
    seen = mask if image.ndim == 2 or shape[2] < 4 else mask & (image[:, :, 3] > 0)
    for junk in (-9999, 1e10, -3.4e38, np.nan):
        other = image.copy()
        (other if image.ndim == 2 else other[:, :, :3])[mask] = junk
        result = restorer.restore(other, mask=mask)
        np.testing.assert_array_equal(result[seen], wanted[seen])
        np.testing.assert_array_equal(result[~mask], image[~mask])
    other[~mask] = np.nan
    with pytest.raises(ImageError, match="NaN"):
        restorer.restore(other, mask=mask)


@pytest.mark.parametrize(
    ("colours", "white", "junk"),
    [(Range(-1000, 3000), 3000, -9999), (Range(0, 1), 1, -3.4e38), (Profile(wide_profile()), 1, (0, 1, 0))],
)
def test_what_stands_in_missing_pixels_does_not_matter_in_a_files_own_colours(colours, white, junk, restorer, rng):
    levels = (rng.random((12, 10, 3)) * white).astype(np.float32)
    mask = rng.random((12, 10)) < 0.3
    other = np.where(mask[:, :, None], np.float32(junk), levels)
    wanted, result = (
        to_array(restorer.run(Inpaint(mask=mask), from_array(x, colours)), own_colours=True) for x in (levels, other)
    )
    np.testing.assert_array_equal(result, wanted)
    np.testing.assert_array_equal(result[~mask], levels[~mask])
    assert 0 < np.ptp(result[mask]) < 2 * white


def test_a_mask_without_missing_pixels_changes_nothing(restorer, rng):
    image = rng.integers(0, 256, (12, 10, 3), np.uint8)
    assert np.array_equal(restorer.restore(image, mask=np.zeros((12, 10), bool)), image)


def test_strength_weighs_the_restoring_of_known_pixels_and_never_what_is_filled_in(restorer, rng):
    image = rng.random((12, 10, 3)).astype(np.float32)
    mask = rng.random((12, 10)) < 0.3
    filled = restorer.restore(image, mask=mask)
    with pytest.raises(OptionError, match="strength weighs a correction"):
        restorer.restore(image, mask=mask, strength=0.5)
    none, half, full = (restorer.restore(image, mask=mask, restore_known=True, strength=s) for s in (0, 0.5, 1))
    np.testing.assert_array_equal(none, filled)
    np.testing.assert_allclose(half, (filled + full) / 2, atol=1e-6)
    np.testing.assert_allclose(full, restorer.restore(filled, facts={}), atol=1e-6)


def test_a_mask_of_0_and_255_is_the_mask_of_false_and_true(restorer, rng):
    image = rng.random((12, 10, 3)).astype(np.float32)
    mask = rng.random((12, 10)) < 0.3
    as_levels = restorer.restore(image, mask=mask.astype(np.uint8) * 255)
    assert np.array_equal(as_levels, restorer.restore(image, mask=mask))


def test_facts_change_the_result(restorer, rng):
    y = rng.random((8, 8, 3)).astype(np.float32)
    blind, task, level = (restorer.restore(y, facts=f) for f in ({}, {"sigma": None}, {"sigma": 30.0}))
    assert np.abs(blind - task).max() > 1e-4 and np.abs(task - level).max() > 1e-4


def test_gray_is_restored_as_gray_rgb(restorer, rng):
    gray = rng.random((8, 8)).astype(np.float32)
    as_rgb = restorer.restore(np.repeat(gray[:, :, None], 3, axis=2), facts={})
    np.testing.assert_allclose(restorer.restore(gray, facts={}), as_rgb.mean(axis=2), atol=1e-6)


def test_a_gray_network_restores_colour_channel_by_channel(make_model, rng):
    restorer = Restorer.from_pretrained(make_model(depth=4, width=4))
    y = rng.random((8, 8, 3)).astype(np.float32)
    result = restorer.restore(y, facts={})
    np.testing.assert_allclose(result[:, :, 1], restorer.restore(y[:, :, 1], facts={}), atol=1e-6)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upscaling_multiplies_the_sides_and_keeps_alpha(restorer, scale, rng):
    image = rng.integers(0, 256, (5, 7, 4), np.uint8)
    image[:, :, 3] = 200
    result = restorer.upscale(image, scale)
    assert result.shape == (5 * scale, 7 * scale, 4) and result.dtype == np.uint8
    assert (result[:, :, 3] == 200).all()


def test_self_ensemble_is_the_mean_over_orientations(restorer, rng):
    y = rng.random((8, 6, 3)).astype(np.float32)
    from rednet.classical.orientations import ORIENTATIONS, orient, orient_back

    views = [orient_back(restorer.restore(orient(y, i), facts={}), i) for i in range(ORIENTATIONS)]
    np.testing.assert_allclose(restorer.restore(y, facts={}, self_ensemble=True), np.mean(views, axis=0), atol=1e-6)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), bool), np.zeros((4,), np.uint8), np.zeros((4, 4, 5), np.uint8), np.zeros((0, 4), np.uint8),
     np.full((4, 4), 255.0), Image.new("LAB", (4, 4)), Image.new("I", (4, 4)), np.zeros((3, 40, 30), np.float32),
     np.full((4, 4), np.nan, np.float32), np.full((4, 4), np.inf, np.float32), np.zeros((4, 4), np.int32)],
)  # fmt: skip
def test_an_array_that_is_no_picture_is_refused(restorer, image):
    with pytest.raises(ImageError):
        restorer.restore(image)


@pytest.mark.parametrize("strength", [-1.0, float("nan"), 3.0])
def test_a_strength_outside_its_range_is_refused(restorer, strength):
    with pytest.raises(OptionError, match="strength"):
        restorer.restore(np.zeros((4, 4), np.uint8), facts={}, strength=strength)


def test_a_mask_of_another_size_is_refused(restorer):
    with pytest.raises(OptionError, match="one size"):
        restorer.restore(np.zeros((4, 4), np.uint8), mask=np.zeros((4, 5), bool))


def test_a_network_without_a_mask_refuses_one(make_model):
    restorer = Restorer.from_pretrained(make_model(depth=4, width=2))
    with pytest.raises(OptionError, match="takes no mask"):
        restorer.restore(np.zeros((4, 4), np.uint8), mask=np.zeros((4, 4), bool))


def test_every_verb_works_with_a_network_that_takes_no_hints(make_model, rng):
    restorer = Restorer.from_pretrained(make_model(depth=4, width=4))
    y = rng.random((8, 8)).astype(np.float32)
    assert np.array_equal(restorer.restore(y, facts={"sigma": 25.0}), restorer.restore(y, facts={}))
    assert restorer.upscale(y, 2).shape == (16, 16)


def test_an_unknown_model_lists_what_is_shipped():
    with pytest.raises(ModelError, match="universal"):
        find_model("universel")


def test_a_mask_that_covers_everything_is_refused(restorer):
    with pytest.raises(OptionError, match="covers the whole picture"):
        restorer.restore(np.zeros((8, 9), np.uint8), mask=np.ones((8, 9), bool))


def test_deblurring_sharpens_and_keeps_type_and_alpha(photo):
    from rednet.classical.kernels import gaussian
    from rednet.classical.metrics import psnr
    from rednet.degradations import Blur

    restorer = Restorer.from_pretrained("universal")
    kernel = gaussian(1.2)
    levels = (Blur(kernel, 1)(photo, np.random.default_rng(0)).y.clip(0, 1) * 255).astype(np.uint8)
    x_hat = restorer.deblur(levels, kernel)
    assert x_hat.dtype == np.uint8 and x_hat.shape == levels.shape
    assert psnr(photo, x_hat / 255) > psnr(photo, levels / 255) + 2
    alpha = np.full((*levels.shape[:2], 1), 77, np.uint8)
    with_alpha = restorer.deblur(np.concatenate([levels, alpha], axis=2), kernel, 1.0)
    np.testing.assert_array_equal(with_alpha[:, :, 3:], alpha)
    assert np.array_equal(with_alpha[:, :, :3], restorer.deblur(levels, kernel, 1.0))


def test_the_network_takes_turns_with_the_inverse_and_tells_how_far(photo, monkeypatch, make_model):
    restorer = Restorer.from_pretrained(
        make_model(depth=4, width=4, channels=3, stride=2, hints=("sigma", "deconvolved"))
    )
    told, shares = [], []
    monkeypatch.setattr(
        restorer, "residual", lambda x, facts, *rest, **_: told.append(dict(facts)) or rest[2](1.0) or np.zeros_like(x)
    )
    restorer.deblur(photo, np.ones((3, 3)), 4.0, progress=shares.append)
    assert told[:2] == [{"sigma": None}, {"deconvolved": 4.0}]  # first without its noise, to judge the result by
    assert [facts["sigma"] for facts in told[2:]] == pytest.approx([0.5 * 88.8, 0.5 * 12.2], 1e-2)
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1.0])
    told.clear()
    restorer.deblur(photo, np.ones((3, 3)), 4.0, steps=0)
    assert told == [{"sigma": None}, {"deconvolved": 4.0}]
    with pytest.raises(OptionError, match="steps is -1"):
        restorer.deblur(photo, np.ones((3, 3)), 4.0, steps=-1)


def test_noise_stronger_than_can_be_told_is_taken_for_the_strongest(restorer, rng):
    y = rng.normal(0.5, 3, (32, 32)).clip(-10, 10).astype(np.float32)  # sigma 765, in a picture of floats
    y -= y.mean() - 0.5
    assert np.array_equal(
        restorer.deblur(y, np.ones((3, 3)), steps=0), restorer.deblur(y, np.ones((3, 3)), 255, steps=0)
    )
    with pytest.raises(OptionError, match="sigma is 256"):
        restorer.deblur(y, np.ones((3, 3)), 256)


@pytest.mark.parametrize("name", ["missing.jpg", "."])
def test_a_file_that_is_not_there_is_no_picture_for_any_verb(name, tmp_path):
    for verb in (rednet.restore, rednet.dejpeg):
        with pytest.raises(ImageError, match=r"cannot read|is a folder"):
            verb(tmp_path / name)
