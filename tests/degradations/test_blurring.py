import numpy as np
import pytest

from rednet.degradations import Blur, Deconvolved, random_kernel
from rednet.errors import OptionError
from rednet.metrics import psnr


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
