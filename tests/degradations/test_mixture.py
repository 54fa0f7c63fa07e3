import numpy as np
import pytest

from rednet.degradations import (
    JPEG,
    Blur,
    Chain,
    Deconvolved,
    GaussianNoise,
    Identity,
    MissingPixels,
    Mixture,
    Scaling,
    Share,
    degradation_from,
    random_kernel,
    to_gray,
)
from rednet.errors import OptionError
from rednet.filling import fill_missing
from rednet.kernels import disk
from rednet.metrics import psnr
from rednet.resize import imresize

FLAT = np.full((256, 256, 1), 0.5, np.float32)


def std_error(sigma, count):
    """Standard error of a sample standard deviation of a normal variable."""
    return sigma / np.sqrt(2 * count)


def test_noise_has_its_sigma_and_no_other(rng):
    sample = (GaussianNoise(25)(FLAT, rng).y - FLAT).std() * 255
    assert abs(sample - 25) < 5 * std_error(25, FLAT.size)
    assert abs(sample - 26) > 5 * std_error(26, FLAT.size)


def test_noise_passes_white_unless_it_is_clipped(rng):
    white = np.ones((64, 64, 3), np.float32)
    assert GaussianNoise(25)(white, rng).y.max() > 1
    clipped = GaussianNoise(25, clip=True)(white, rng).y
    assert clipped.max() == 1
    np.testing.assert_allclose(clipped * 255, np.rint(clipped * 255), atol=1e-4)


def test_a_range_of_sigma_is_drawn_evenly_and_told(rng):
    drawn = [GaussianNoise((10, 30))(FLAT[:8, :8], rng).facts["sigma"] for _ in range(400)]
    assert 10 <= min(drawn) < 11 and 29 < max(drawn) <= 30
    assert abs(np.mean(drawn) - 20) < 5 * (20 / np.sqrt(12)) / np.sqrt(400)


def test_one_seed_gives_one_result_and_another_seed_another():
    results = [GaussianNoise((0, 50))(FLAT, np.random.default_rng(seed)).y for seed in (1, 1, 2)]
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


@pytest.mark.parametrize("gray", [False, True])
def test_jpeg_is_pillows_at_that_quality(photo, rng, gray):
    import io

    from PIL import Image

    x = to_gray(photo) if gray else photo
    levels = np.rint(x * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels[:, :, 0] if gray else levels).save(file, "JPEG", quality=10, subsampling="4:4:4")
    expected = np.asarray(Image.open(file)).reshape(x.shape)
    y = JPEG(10, "4:4:4")(x, rng).y
    assert np.array_equal(np.rint(y * 255), expected)
    assert not np.array_equal(np.rint(JPEG(11, "4:4:4")(x, rng).y * 255), expected)


def test_chroma_subsampling_blurs_colour_but_not_gray(photo, rng):
    assert not np.array_equal(JPEG(90)(photo, rng).y, JPEG(90, "4:4:4")(photo, rng).y)
    gray = to_gray(photo)
    assert np.array_equal(JPEG(90)(gray, rng).y, JPEG(90, "4:4:4")(gray, rng).y)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_scaling_keeps_the_size_and_is_down_and_up(photo, rng, scale):
    y = Scaling(scale)(photo, rng).y
    assert y.shape == photo.shape
    expected = imresize(imresize(photo, 1 / scale), scale)[: photo.shape[0], : photo.shape[1]]
    assert np.array_equal(y, expected)


def test_blur_is_scipys_convolution_and_rotates_the_kernel(photo, rng):
    from scipy.ndimage import convolve, correlate

    kernel = rng.random((5, 3))
    y = Blur(kernel, boundary="symmetric")(photo, rng).y
    kernel /= kernel.sum()
    red = photo[:, :, 0].astype(np.float64)
    np.testing.assert_allclose(y[:, :, 0], convolve(red, kernel, mode="reflect"), atol=1e-6)
    assert np.abs(y[:, :, 0] - correlate(red, kernel, mode="reflect")).max() > 1e-3


def test_a_blurred_picture_can_be_rounded_to_8_bits(photo, rng):
    exact, rounded = (Blur(np.ones((3, 3)), clip=clip)(photo, rng).y for clip in (False, True))
    assert np.array_equal(rounded, np.rint(rounded * 255).astype(np.float32) / np.float32(255))
    assert 0 < np.abs(rounded - exact).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("kernel", [np.ones((2, 3)), np.zeros((3, 3)), -np.ones((3, 3)), np.full((3, 3), np.nan)])
def test_a_kernel_that_is_none_is_refused(kernel):
    with pytest.raises(OptionError, match="kernel"):
        Blur(kernel)


@pytest.mark.parametrize("shape", ["random", "text", "scratches"])
def test_missing_pixels_are_filled_where_the_mask_says_and_untouched_elsewhere(photo, rng, shape):
    y, facts, mask, _ = MissingPixels(shape, 0.2)(photo, rng)
    assert np.array_equal(y, fill_missing(np.where(mask[:, :, None], np.float32(9), photo), mask))
    assert np.array_equal(y[~mask], photo[~mask])
    assert 0.1 < mask.mean() < 0.6 and facts == {}


def test_random_pixels_are_lost_at_their_share(rng):
    mask = MissingPixels("random", 0.8)(FLAT, rng).mask
    error = 5 * np.sqrt(0.8 * 0.2 / mask.size)
    assert abs(mask.mean() - 0.8) < error and abs(mask.mean() - 0.81) > error


def test_one_of_several_subsamplings_is_drawn(photo, rng):
    fixed = {name: JPEG(50, name)(photo, rng).y for name in ("4:2:0", "4:4:4")}
    drawn = [JPEG(50, ("4:2:0", "4:4:4"))(photo, rng).y for _ in range(20)]
    counts = [sum(np.array_equal(y, z) for y in drawn) for z in fixed.values()]
    assert sum(counts) == 20 and min(counts) > 0


def test_a_small_picture_can_be_damaged_before_it_is_enlarged(photo, rng):
    y, facts, *_ = Scaling(2, small=JPEG(20))(photo, rng)
    small = JPEG(20)(imresize(photo, 1 / 2), rng).y
    np.testing.assert_array_equal(y, imresize(small, 2)[:96, :80])
    assert facts == {"quality": 20.0, "scale": 2.0}


def test_a_deconvolved_picture_is_nearer_than_the_blurred_one_but_not_clean(photo):
    kind = Deconvolved(sigma=2.0, size=(9, 11))
    gains = []
    for seed in range(12):
        y, facts, mask, _ = kind(photo, np.random.default_rng(seed))
        assert facts == {"deconvolved": 2.0} and mask is None and y.shape == photo.shape
        drawing = np.random.default_rng(seed)
        size, sigma = drawing.uniform(9, 11), 2.0
        blurred = Blur(random_kernel(size, drawing), sigma, "wrap")(photo, drawing).y
        gains.append(psnr(photo, y) - psnr(photo, blurred))
        assert psnr(photo, y) < 40
    assert np.mean(gains) > 2


def test_a_chain_knows_all_that_it_did(photo, rng):
    y, facts, mask, _ = Chain((Scaling(2), GaussianNoise(10), MissingPixels("random", 0.1)))(photo, rng)
    assert facts == {"scale": 2.0, "sigma": 10.0} and mask is not None and y.shape == photo.shape


def test_a_mixture_draws_by_weight_and_tells_as_often_as_it_should():
    mixture = Mixture((Share("a", GaussianNoise(5), 3, gray=0.5), Share("b", Identity(), 1)), told=0.5, task_told=0.3)
    x = np.full((4, 4, 3), 0.5, np.float32)
    rng = np.random.default_rng(0)
    draws = [mixture(x, rng) for _ in range(2000)]
    noisy = [(clean, degraded.facts) for task, clean, degraded in draws if task == 0]

    def near(count, total, share):
        return abs(count / total - share) < 4 * np.sqrt(share * (1 - share) / total)

    n = len(noisy)
    assert near(n, 2000, 0.75) and not near(n, 2000, 0.65)
    assert near(sum(clean.shape[2] == 1 for clean, _ in noisy), n, 0.5)
    assert near(sum(facts == {"sigma": 5.0} for _, facts in noisy), n, 0.5)
    assert near(sum(facts == {"sigma": None} for _, facts in noisy), n, 0.3)
    assert near(sum(facts == {} for _, facts in noisy), n, 0.2)


def test_without_pillow_jpeg_says_what_to_install(photo, rng, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(OptionError, match=r"pip install 'rednet\[demo\]'"):
        JPEG(10)(photo, rng)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GaussianNoise(-1),
        lambda: GaussianNoise((30, 10)),
        lambda: JPEG(0),
        lambda: Scaling(1),
        lambda: MissingPixels("random", 1.5),
        lambda: MissingPixels("holes"),
        lambda: JPEG(50, "4:1:0"),
        lambda: Deconvolved(sigma=-1),
        lambda: Deconvolved(size=1),
        lambda: Mixture(()),
        lambda: Mixture((Share("a", Identity()),), told=0.8, task_told=0.4),
        lambda: degradation_from({"kind": "rain"}),
        lambda: degradation_from({"kind": "jpeg", "sigma": 3}),
    ],
)
def test_options_outside_their_range_are_refused(make):
    with pytest.raises(OptionError):
        make()


def test_a_recipe_table_becomes_a_degradation_and_a_list_a_chain():
    assert degradation_from({"kind": "gaussian_noise", "sigma": [0, 55]}) == GaussianNoise((0, 55))
    chain = degradation_from([{"kind": "scaling", "scale": 2}, {"kind": "jpeg", "quality": 50}])
    assert chain == Chain((Scaling(2), JPEG(50)))
    small = {"kind": "jpeg", "quality": 50, "subsampling": ["4:2:0", "4:4:4"]}
    scaled = degradation_from({"kind": "scaling", "scale": [2, 3], "small": small})
    assert scaled == Scaling((2, 3), JPEG(50, ("4:2:0", "4:4:4")))


def test_a_recipe_names_a_kernel_in_words():
    blur = degradation_from({"kind": "blur", "kernel": "disk:7", "sigma": 2})
    np.testing.assert_array_equal(blur.kernel, disk(7))
    assert blur.sigma == 2
    with pytest.raises(OptionError, match="disk:RADIUS"):
        degradation_from({"kind": "blur", "kernel": 7})
