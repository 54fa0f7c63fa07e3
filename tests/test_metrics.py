import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from rednet.errors import OptionError
from rednet.metrics import luma, psnr


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]), st.sampled_from([1.0, 255.0]), st.integers(0, 9))
def test_psnr_is_scikit_images(height, width, channels, data_range, seed):
    rng = np.random.default_rng(seed)
    x, x_hat = rng.random((2, height, width, channels)) * data_range
    expected = peak_signal_noise_ratio(x, x_hat, data_range=data_range)
    assert psnr(x, x_hat, data_range=data_range) == pytest.approx(expected, abs=1e-6)


def test_the_border_does_not_count():
    x = np.zeros((6, 6, 1))
    x_hat = x.copy()
    x_hat[0, 0] = 1
    assert psnr(x, x_hat, crop_border=1) == float("inf")
    assert psnr(x, x_hat) == pytest.approx(10 * np.log10(36))


def test_pictures_of_two_shapes_are_refused():
    with pytest.raises(OptionError, match="one shape"):
        psnr(np.zeros((2, 2, 1)), np.zeros((2, 3, 1)))


def test_a_border_that_leaves_nothing_is_refused():
    with pytest.raises(OptionError, match="leaves nothing"):
        psnr(np.zeros((4, 4, 1)), np.zeros((4, 4, 1)), crop_border=2)


def test_luma_is_matlabs_rgb2ycbcr():
    red = np.array([[[1.0, 0, 0]]])
    assert luma(red).item() * 255 == pytest.approx(65.481 + 16)
    assert luma(np.zeros((1, 1, 3))).item() * 255 == pytest.approx(16)
