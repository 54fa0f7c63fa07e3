"""Arrays as numpy, scikit-image and torch lay them out."""

import numpy as np
import pytest
import torch

import rednet
from rednet.errors import ImageError, OptionError


@pytest.fixture(scope="module")
def noisy(photo):
    rng = np.random.default_rng(5)
    return np.clip(255 * photo[:48, :40] + rng.normal(0, 20, (48, 40, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def quiet(noisy):
    return rednet.denoise(noisy, sigma=20)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_channels_may_be_on_any_axis(axis, noisy, quiet):
    moved = np.moveaxis(noisy, -1, axis)
    assert np.array_equal(rednet.denoise(moved, sigma=20, channel_axis=axis), np.moveaxis(quiet, -1, axis))


def test_several_pictures_are_restored_one_by_one(noisy, quiet):
    turned = np.ascontiguousarray(noisy[::-1])
    both = rednet.denoise(np.stack([noisy, turned]), sigma=20)
    assert np.array_equal(both[0], quiet)
    assert np.array_equal(both[1], rednet.denoise(turned, sigma=20))
    assert rednet.upscale(np.stack([noisy, turned]), scale=2).shape == (2, 96, 80, 3)


def test_several_pictures_may_have_their_channels_first(noisy, quiet):
    result = rednet.denoise(np.moveaxis(noisy, -1, 0)[None], sigma=20, channel_axis=1)
    assert np.array_equal(result, np.moveaxis(quiet, -1, 0)[None])


def test_progress_runs_once_over_several_pictures(noisy):
    told = []
    rednet.denoise(np.stack([noisy, noisy]), sigma=20, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_findings_of_several_pictures_are_a_list(noisy):
    _, found = rednet.restore(np.stack([noisy, noisy]), explain=True)
    assert [one.words for one in found] == [rednet.inspect(noisy).words] * 2


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_a_tensor_comes_back_as_a_tensor_of_its_type(dtype, noisy, quiet):
    levels = torch.from_numpy(noisy).permute(2, 0, 1)
    tensor = levels if dtype == torch.uint8 else (levels / 255).to(dtype)
    result = rednet.denoise(tensor, sigma=20)
    assert result.dtype == dtype
    assert result.shape == (3, 48, 40)
    expected = torch.from_numpy(quiet).permute(2, 0, 1).double()
    white = 1 if dtype == torch.uint8 else 255
    assert (white * result.double() - expected).abs().max() <= {torch.bfloat16: 3}.get(dtype, 1)


def test_a_batch_of_tensors_and_a_gray_one(noisy):
    gray = torch.from_numpy(noisy[:, :, 0].copy())
    assert rednet.denoise(gray, sigma=20).shape == (48, 40)
    batch = (torch.from_numpy(noisy).permute(2, 0, 1)[None] / 255).requires_grad_()
    result = rednet.denoise(batch, sigma=20)
    assert result.shape == batch.shape
    assert not result.requires_grad


def test_out_takes_the_result(noisy, quiet):
    out = np.zeros_like(noisy)
    assert rednet.denoise(noisy, sigma=20, out=out) is out
    assert np.array_equal(out, quiet)
    same = noisy.copy()
    rednet.denoise(same, sigma=20, out=same)  # in its own place
    assert np.array_equal(same, quiet)
    tensor = torch.zeros(3, 48, 40, dtype=torch.uint8)
    rednet.denoise(torch.from_numpy(noisy).permute(2, 0, 1), sigma=20, out=tensor)
    assert np.array_equal(tensor.permute(1, 2, 0).numpy(), quiet)


def test_what_does_not_fit_is_refused(noisy, tmp_path):
    for wrong in (3, -4, "first", True, 1.0):
        with pytest.raises(OptionError, match="channel_axis"):
            rednet.denoise(noisy, channel_axis=wrong)
    with pytest.raises(OptionError, match="no channels"):
        rednet.denoise(noisy[:, :, 0], channel_axis=0)
    for out in (np.zeros((48, 40, 3), np.float32), np.zeros((48, 41, 3), np.uint8), torch.zeros(48, 40, 3)):
        with pytest.raises(OptionError, match="out is"):
            rednet.denoise(noisy, out=out)
    with pytest.raises(OptionError, match="no axes"):
        rednet.denoise(str(tmp_path / "a.png"), channel_axis=0)
    with pytest.raises(ImageError, match="2 pictures"):
        rednet.inspect(np.stack([noisy, noisy]))


def test_inspect_takes_the_axis_of_the_channels(noisy):
    first = np.ascontiguousarray(np.moveaxis(noisy, -1, 0))
    assert rednet.inspect(first, channel_axis=0) == rednet.inspect(noisy)
    assert rednet.inspect(torch.from_numpy(first)) == rednet.inspect(noisy)
