import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from rednet.classical.metrics import luma, psnr, psnr_b, ssim
from rednet.errors import OptionError


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


@pytest.mark.parametrize("measure", [psnr, ssim, psnr_b])
def test_whole_numbers_need_their_range(measure, rng):
    x, x_hat = rng.integers(0, 256, (2, 24, 24), np.uint8)
    expected = measure(x / 255, x_hat / 255)
    assert measure(x, x_hat, data_range=255) == pytest.approx(expected, abs=1e-9)
    for one, other in ((x, x_hat), (x / 255, x_hat), (x, x_hat / 255)):
        with pytest.raises(OptionError, match="data_range: 255"):
            measure(one, other)
    for wrong in (0, -1.0, float("nan")):
        with pytest.raises(OptionError, match="above 0"):
            measure(x, x_hat, data_range=wrong)
    assert measure(x > 99, x_hat > 99) == measure((x > 99) * 1.0, (x_hat > 99) * 1.0)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (2, 3, 4, 3)])
def test_psnr_compares_arrays_of_any_shape(shape):
    assert psnr(np.zeros(shape), np.full(shape, 0.1)) == pytest.approx(20)


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0, 3)])
def test_no_pixels_cannot_be_compared(shape):
    with pytest.raises(OptionError, match="no pixels"):
        psnr(np.zeros(shape), np.zeros(shape))


def test_a_border_that_leaves_nothing_is_refused():
    with pytest.raises(OptionError, match="leaves nothing"):
        psnr(np.zeros((4, 4, 1)), np.zeros((4, 4, 1)), crop_border=2)
    with pytest.raises(OptionError, match="-1 px"):
        psnr(np.zeros((4, 4, 1)), np.zeros((4, 4, 1)), crop_border=-1)


def test_luma_is_matlabs_rgb2ycbcr():
    red = np.array([[[1.0, 0, 0]]])
    assert luma(red).item() * 255 == pytest.approx(65.481 + 16)
    assert luma(np.zeros((1, 1, 3))).item() * 255 == pytest.approx(16)
    for shape in ((4, 4), (4, 4, 1), (4, 4, 4)):
        with pytest.raises(OptionError, match="RGB"):
            luma(np.zeros(shape))


@given(
    st.integers(11, 30), st.integers(11, 30), st.sampled_from([1, 3]), st.sampled_from([1.0, 255.0]), st.integers(0, 9)
)
def test_ssim_is_scikit_images(height, width, channels, data_range, seed):
    rng = np.random.default_rng(seed)
    x = rng.random((height, width, channels)) * data_range
    x_hat = x + rng.normal(0, 0.2, x.shape) * data_range
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": 2}
    expected = structural_similarity(x, x_hat, data_range=data_range, **options)
    assert ssim(x, x_hat, data_range=data_range) == pytest.approx(expected, abs=1e-6)


def test_ssim_of_two_flat_pictures_is_the_ratio_of_their_means():
    a, b = np.full((16, 16, 1), 0.4), np.full((16, 16, 1), 0.6)
    assert ssim(a, b) == pytest.approx((2 * 0.4 * 0.6 + 1e-4) / (0.4**2 + 0.6**2 + 1e-4))
    assert ssim(a, a) == pytest.approx(1)


def test_ssim_of_a_picture_smaller_than_its_window_is_refused():
    with pytest.raises(OptionError, match="11x11"):
        ssim(np.zeros((10, 20, 1)), np.zeros((10, 20, 1)))
    with pytest.raises(OptionError, match="11x11"):
        ssim(np.zeros((14, 20, 1)), np.zeros((14, 20, 1)), crop_border=2)


def test_psnr_b_counts_the_steps_between_blocks():
    """By hand: 16x16, two blocks side by side of 0 and 0.1; the truth is 0.

    The border of the columns has 16 steps of 0.1^2, that of the rows 16 of 0: mean 0.005; elsewhere 0. The weight is
    log2(8) / log2(16) = 3/4, the error 0.1^2 / 2.
    """
    x, x_hat = np.zeros((16, 16, 1)), np.zeros((16, 16, 1))
    x_hat[:, 8:] = 0.1
    assert psnr_b(x, x_hat) == pytest.approx(-10 * np.log10(0.005 + 0.75 * 0.005))
    assert psnr_b(x * 255, x_hat * 255, data_range=255) == pytest.approx(psnr_b(x, x_hat))
    shifted = np.roll(x_hat, 4, axis=1)  # the steps lie within blocks: no blocking effect
    assert psnr_b(x, shifted) == pytest.approx(psnr(x, shifted))
    assert psnr_b(x[:, :, 0], x_hat[:, :, 0]) == psnr_b(x, x_hat)
    assert psnr_b(x, x) == float("inf")


def test_psnr_b_takes_gray_pictures_of_two_blocks():
    with pytest.raises(OptionError, match="gray"):
        psnr_b(np.zeros((32, 32, 3)), np.zeros((32, 32, 3)))
    with pytest.raises(OptionError, match="16x16"):
        psnr_b(np.zeros((15, 32, 1)), np.zeros((15, 32, 1)))
