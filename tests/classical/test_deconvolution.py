import numpy as np
import pytest

from rednet.classical.deconvolution import Deconvolution, continued, quick_length
from rednet.classical.kernels import camera_shake, disk, gaussian, motion
from rednet.classical.metrics import psnr
from rednet.degradations import Blur
from rednet.errors import OptionError


@pytest.mark.parametrize("make", [lambda: gaussian(1.2), lambda: motion(9, 20), lambda: disk(3)])
def test_without_noise_a_picture_on_a_torus_comes_back(photo, rng, make):
    kernel = make()
    y = Blur(kernel, 0, "wrap")(photo, rng).y
    x_hat = Deconvolution(y, kernel, 0, repeats=True).smooth()
    assert psnr(photo, x_hat) > psnr(photo, y) + 5


def test_the_inverse_is_the_minimum_of_what_it_says(photo, rng):
    """No small change of the result lowers |k * x - y|^2 + weight (|dx x|^2 + |dy x|^2)."""
    kernel, sigma = motion(7, 50), 5
    y = Blur(kernel, sigma, "wrap")(photo, rng).y[:, :, :1]
    problem = Deconvolution(y, kernel, sigma, repeats=True)
    x_hat = problem.smooth().astype(np.float64)
    weight = problem.noise / 0.015

    def cost(x):
        blurred = np.fft.irfft2(np.fft.rfft2(x[:, :, 0]) * problem.blur, x.shape[:2])
        slopes = sum(((np.roll(x, 1, axis) - x) ** 2).sum() for axis in (0, 1))
        return ((blurred - y[:, :, 0]) ** 2).sum() + weight * slopes

    least = cost(x_hat)
    for _ in range(8):
        change = 0.01 * rng.standard_normal(x_hat.shape)
        assert cost(x_hat + change) > least and cost(x_hat - change) > least
    assert cost(x_hat * 1.001) > least


def test_a_guess_counts_more_the_surer_it_is(photo, rng):
    kernel = disk(2)
    problem = Deconvolution(Blur(kernel, 2, "wrap")(photo, rng).y, kernel, 2, repeats=True)
    guess = np.full_like(photo, 0.5)
    np.testing.assert_allclose(problem.near(guess, 1e-4), guess, atol=1e-4)
    assert psnr(photo, problem.near(photo, 5)) > psnr(photo, problem.near(photo, 200)) + 3


@pytest.mark.parametrize("boundary", ["symmetric", "reflect", "edge"])
def test_borders_cost_little_beside_a_torus(photo, rng, boundary, monkeypatch):
    """And would not be without the steps that complete them."""
    kernel = camera_shake(9, rng)  # a symmetric kernel and a mirrored border would fit without them
    y = Blur(kernel, 1, boundary)(photo, rng).y
    found = psnr(photo, Deconvolution(y, kernel, 1).smooth())
    torus = psnr(photo, Deconvolution(Blur(kernel, 1, "wrap")(photo, rng).y, kernel, 1, repeats=True).smooth())
    assert found > torus - 1.5
    monkeypatch.setattr("rednet.classical.deconvolution.BORDER_STEPS", 0)
    assert psnr(photo, Deconvolution(y, kernel, 1).smooth()) < found


def test_completing_the_border_stops_where_more_steps_would_hardly_change_the_picture(photo, rng, monkeypatch):
    kernel = disk(5)
    y = Blur(kernel, boundary="edge", clip=True)(photo, rng).y
    found = psnr(photo, Deconvolution(y, kernel, 0).smooth())
    monkeypatch.setattr("rednet.classical.deconvolution.SETTLED", 0.2)
    assert psnr(photo, Deconvolution(y, kernel, 0).smooth()) < found - 0.5
    monkeypatch.setattr("rednet.classical.deconvolution.SETTLED", 1e-6)
    monkeypatch.setattr("rednet.classical.deconvolution.BORDER_STEPS", 300)
    assert abs(psnr(photo, Deconvolution(y, kernel, 0).smooth()) - found) < 0.5


def test_a_kernel_of_one_px_changes_little_and_shifts_nothing(photo):
    x_hat = Deconvolution(photo, np.ones((1, 1)), 0).smooth()
    np.testing.assert_allclose(x_hat, photo, atol=2e-3)


def test_colours_and_sizes_go_through_alike(photo, rng):
    kernel = motion(5, 10)
    for x in (photo[:33, :47], photo[:33, :47, :1]):
        x_hat = Deconvolution(x, kernel, 2).smooth()
        assert x_hat.shape == x.shape and x_hat.dtype == np.float32
    gray = np.repeat(photo[:33, :47, :1], 3, axis=2)
    np.testing.assert_allclose(Deconvolution(gray, kernel, 2).smooth()[:, :, 2:], x_hat, atol=1e-6)


@pytest.mark.parametrize("shape", [(7, 5), (1, 1), (2, 90)])
def test_a_picture_no_larger_than_its_continuation_works(rng, shape):
    x = rng.random((*shape, 1), np.float32)
    assert np.isfinite(Deconvolution(x, np.ones((1, 1)), 1).smooth()).all()
    assert continued(x, (40, 30)).shape == (shape[0] + 40, shape[1] + 30, 1)


def test_the_continuation_joins_both_borders(photo):
    tall = continued(photo, (24, 0))
    np.testing.assert_allclose(tall[96], photo[95], atol=0.01)
    np.testing.assert_allclose(tall[-1], photo[0], atol=0.01)


def test_quick_lengths_have_small_factors():
    assert [quick_length(n) for n in (1, 7, 11, 31, 97, 121)] == [1, 8, 12, 32, 100, 125]


@pytest.mark.parametrize(
    ("kernel", "sigma", "message"),
    [
        (np.ones((3, 99)), 0, "99x3 px and the picture 80x96"),
        (np.ones((3, 3)), -1, "sigma"),
        (np.ones((2, 2)), 0, "odd"),
    ],
)
def test_what_cannot_be_inverted_is_refused(photo, kernel, sigma, message):
    with pytest.raises(OptionError, match=message):
        Deconvolution(photo, kernel, sigma)
