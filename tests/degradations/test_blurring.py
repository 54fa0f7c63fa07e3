import numpy as np
import pytest

from rednet.classical.kernels import disk
from rednet.classical.metrics import psnr
from rednet.degradations import Blur, Deconvolved, SlightBlur, random_kernel
from rednet.errors import OptionError


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


def test_a_deconvolved_picture_is_nearer_than_the_blurred_one_but_not_clean(photo):
    kind = Deconvolved(sigma=2.0, size=(9, 11))
    gains = []
    for seed in range(12):
        y, facts, mask = kind(photo, np.random.default_rng(seed))[:3]
        assert facts == {"deconvolved": 2.0} and mask is None and y.shape == photo.shape
        drawing = np.random.default_rng(seed)
        size, sigma = drawing.uniform(9, 11), 2.0
        blurred = Blur(random_kernel(size, drawing), sigma, "wrap")(photo, drawing).y
        gains.append(psnr(photo, y) - psnr(photo, blurred))
        assert psnr(photo, y) < 40
    assert np.mean(gains) > 2


def test_a_slight_blur_is_scipys_gaussian(photo, rng):
    from scipy.ndimage import gaussian_filter

    for spread in (0.4, 0.7, 2.0):
        y = SlightBlur(spread, shape="gaussian")(photo, rng).y
        expected = gaussian_filter(photo.astype(np.float64), (spread, spread, 0), mode="reflect", truncate=9)
        # The tail beyond 4 standard deviations is 0.006 % of the weight, in rows and in columns.
        np.testing.assert_allclose(y, expected, atol=2e-4)
        assert np.abs(y - gaussian_filter(photo, (spread + 0.1, spread + 0.1, 0), mode="reflect")).max() > 0.006


def test_a_slight_blur_of_a_lens_is_a_disk_of_twice_the_spread(photo, rng):
    y = SlightBlur(0.9, shape="disk")(photo, rng).y
    np.testing.assert_allclose(y, Blur(disk(1.8))(photo, rng).y, atol=1e-5)


@pytest.mark.parametrize("shape", ["gaussian", "disk"])
def test_the_told_spread_is_that_of_a_blurred_point(shape, rng):
    point = np.zeros((31, 31, 1), np.float32)
    point[15, 15] = 1
    y, facts = SlightBlur(1.5, shape=shape)(point, rng)[:2]
    variance = (y[:, :, 0].sum(axis=1) * (np.arange(31) - 15) ** 2).sum()
    # The pixel adds a twelfth of a square px to a disk, and cutting the tails takes a thousandth from a Gaussian;
    # the disk's edge is averaged over 15 parts of a px.
    assert np.sqrt(variance) == pytest.approx(np.sqrt(1.5**2 + (shape == "disk") / 12), rel=0.01)
    assert facts == {"blur": 1.5, "sigma": 0.0} and y.sum() == pytest.approx(1, abs=1e-5)


def test_no_spread_leaves_the_picture_sharp(photo, rng):
    assert np.array_equal(SlightBlur(0)(photo, rng).y, photo)
    noisy = SlightBlur(0.5, sigma=(2, 4), clip=True)(photo, rng)
    assert 2 <= noisy.facts["sigma"] <= 4 and noisy.kernel is None
