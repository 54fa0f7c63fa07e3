"""Turns of deblurring, with the shipped network."""

import numpy as np
import pytest

import rednet
from rednet.classical.kernels import camera_shake, disk, gaussian, motion
from rednet.classical.metrics import psnr
from rednet.degradations import Blur
from rednet.images import read_picture
from rednet.restoring import deblur as module

from ..conftest import PHOTOS

KERNELS = {
    "gaussian": gaussian(1),
    "disk": disk(3),
    "motion": motion(15, 30),
    "shake": camera_shake(15, np.random.default_rng(1)),
}


@pytest.fixture(scope="module")
def pictures():
    x = read_picture(PHOTOS / "coffee.png").pixels[60:220, 200:360]
    return {"colour": x, "gray": x.mean(axis=2, keepdims=True)}


def gain_of_turns(x, kernel, sigma):
    """Return what two turns gain after the first answer, dB."""
    y = Blur(kernel, sigma)(x, np.random.default_rng(0)).y
    once, turned = (rednet.deblur(y, kernel, sigma=sigma, steps=steps) for steps in (0, 2))
    return psnr(x, turned.clip(0, 1)) - psnr(x, once.clip(0, 1))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("sigma", [2.55, 7.65])
@pytest.mark.parametrize("colours", ["colour", "gray"])
def test_turns_never_cost_much(pictures, colours, sigma, name):
    assert gain_of_turns(pictures[colours], KERNELS[name], sigma) > -0.6


def test_turns_pay_where_little_is_wiped_out(pictures):
    assert gain_of_turns(pictures["colour"], KERNELS["shake"], 2.55) > 0.5


@pytest.mark.parametrize(("colours", "sigma"), [("colour", 7.65), ("gray", 2.55)])
def test_drawing_a_gaussian_blur_back_far_would_cost_much(pictures, colours, sigma, monkeypatch):
    for name in ("MUCH", "MUCH_OF_GRAY"):
        monkeypatch.setattr(module, name, 1.0)
    assert gain_of_turns(pictures[colours], KERNELS["gaussian"], sigma) < -1


def test_gray_is_told_from_colour(pictures):
    assert module.is_gray(pictures["gray"]) and module.is_gray(pictures["gray"].repeat(3, 2))
    assert not module.is_gray(pictures["colour"])


def test_turns_go_from_far_to_near():
    assert [round(d) for d in module.distances(2, *module.FAR)] == [89, 12]
    assert [round(d) for d in module.distances(2, *module.CLOSE)] == [5, 4]
    assert module.distances(0, *module.FAR) == []
