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


def test_a_stack_of_gray_pictures_without_an_axis_for_channels_is_told_from_bands(noisy, caplog):
    stack = np.stack([noisy[:32, :40, 0]] * 6)
    rednet.denoise(stack[:, :, :33], sigma=20)
    assert "one picture of 33 bands; if it is 6 gray pictures, give array[..., None]" in caplog.text
    caplog.clear()
    one_by_one = rednet.denoise(stack[..., None], sigma=20)
    np.testing.assert_array_equal(one_by_one[3, :, :, 0], rednet.denoise(stack[3], sigma=20))
    bands = stack.transpose(1, 2, 0)
    np.testing.assert_array_equal(rednet.denoise(bands, sigma=20), one_by_one[..., 0].transpose(1, 2, 0))
    rednet.denoise(np.ascontiguousarray(noisy[:9, :9]).repeat(3, axis=2), sigma=20, channel_axis=-1)
    assert "bands" not in caplog.text


@pytest.mark.parametrize("count", [1, 2])
def test_findings_of_several_pictures_are_a_list_even_if_they_are_one(count, noisy):
    _, found = rednet.restore(np.stack([noisy] * count), explain=True)
    assert [one.words for one in found] == [rednet.inspect(noisy).words] * count


@pytest.mark.parametrize("shape", [(0, 48, 40, 3), (2, 0, 40, 3), (2, 48, 40, 0)])
@pytest.mark.parametrize("kind", [np.zeros, torch.zeros])
def test_no_picture_at_all_is_refused(kind, shape):
    with pytest.raises(ImageError, match="no picture"):
        rednet.denoise(kind(shape))


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


class Annotated(torch.Tensor):
    """A tensor of a class of its own, as those of torchvision, MONAI and fastai."""


@pytest.mark.parametrize("kind", [torch.nn.Parameter, lambda tensor: tensor.as_subclass(Annotated)])
def test_a_tensor_of_another_class_is_a_tensor_too(kind, noisy, quiet):
    first = torch.from_numpy(noisy).permute(2, 0, 1) / 255
    expected = rednet.denoise(first, sigma=20)
    np.testing.assert_array_equal(rednet.denoise(kind(first), sigma=20), expected)
    np.testing.assert_array_equal(rednet.denoise(kind(first)[None].detach(), sigma=20)[0], expected)
    out = torch.empty_like(first)
    assert rednet.denoise(kind(first), sigma=20, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(3, 8, 8).to_sparse(), torch.zeros(3, 8, 8, device="meta"), torch.zeros(3, 8, 8, dtype=torch.bool),
     torch.zeros(3, 8, 8, dtype=torch.float8_e5m2)],
)  # fmt: skip
def test_a_tensor_that_numpy_cannot_hold_is_no_picture(tensor):
    with pytest.raises(ImageError):
        rednet.denoise(tensor)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_tensor_with_its_channels_last_is_told_what_to_do(channels):
    tensor = torch.rand(12, 10, channels)
    with pytest.raises(ImageError, match="channels last; give channel_axis=-1"):
        rednet.denoise(tensor)
    assert rednet.denoise(tensor, channel_axis=-1).shape == tensor.shape


def test_masks_and_kernels_may_be_tensors(noisy):
    mask = torch.zeros(48, 40, dtype=torch.bool)
    mask[10:14, 8:30] = True
    filled = rednet.inpaint(noisy, mask.numpy())
    for each in (mask, mask.to(torch.uint8), mask.float().requires_grad_(), mask.bfloat16()):
        np.testing.assert_array_equal(rednet.inpaint(noisy, each), filled)
    kernel = torch.full((3, 3), 1 / 9).requires_grad_()
    sharp = rednet.deblur(noisy, kernel.detach().numpy(), sigma=20, steps=0)
    np.testing.assert_array_equal(rednet.deblur(noisy, kernel, sigma=20, steps=0), sharp)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
def test_how_an_array_lies_in_memory_does_not_matter(dtype, noisy):
    levels = (noisy / 255).astype(dtype) if dtype.startswith("float") else noisy.astype(dtype)
    expected = rednet.denoise(levels, sigma=20)
    held = levels.copy()
    held.flags.writeable = False
    doubled = np.repeat(np.repeat(levels, 2, axis=0), 2, axis=1)
    swapped = levels.astype(levels.dtype.newbyteorder(">"))
    for same in (np.asfortranarray(levels), levels[::-1].copy()[::-1], doubled[::2, ::2], held, swapped):
        result = rednet.denoise(same, sigma=20)
        assert result.dtype == same.dtype
        np.testing.assert_array_equal(result, expected)
        assert not np.shares_memory(result, same)


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


def test_out_may_be_a_map_of_a_file_and_lie_in_memory_as_it_likes(noisy, quiet, tmp_path):
    for out in (
        np.memmap(tmp_path / "out", np.uint8, "w+", shape=noisy.shape),
        np.zeros(noisy.shape[::-1], np.uint8).T,
        np.zeros((*noisy.shape, 2), np.uint8)[::-1, :, :, 1],
    ):
        assert rednet.denoise(noisy, sigma=20, out=out) is out
        np.testing.assert_array_equal(out, quiet)


def test_an_out_that_cannot_take_the_result_is_refused_before_the_work(noisy):
    shares = []
    held = np.zeros_like(noisy)
    held.flags.writeable = False
    batch = np.stack([noisy, noisy]).transpose(0, 3, 1, 2)
    for verb, image, out, more in (
        (rednet.denoise, noisy, held, {}),
        (rednet.denoise, noisy, noisy[:-1].copy(), {}),
        (rednet.denoise, noisy, noisy.astype(np.uint16), {}),
        (rednet.upscale, noisy, np.zeros_like(noisy), {}),
        (rednet.upscale, batch, np.zeros((2, 96, 80, 3), np.uint8), {"channel_axis": 1}),
    ):
        with pytest.raises(OptionError, match="out is"):
            verb(image, out=out, progress=shares.append, **more)
    assert shares == []
    out = np.zeros((2, 3, 96, 80), np.uint8)
    rednet.upscale(batch, out=out, channel_axis=1, progress=shares.append)
    np.testing.assert_array_equal(out, rednet.upscale(batch, channel_axis=1))
    gray = np.zeros((96, 80), np.uint8)
    rednet.upscale(noisy[:, :, 0], out=gray)
    assert gray.any() and shares


def test_the_axis_of_the_channels_may_be_a_number_of_numpy(noisy, quiet):
    moved = np.moveaxis(noisy, -1, 0)
    result = rednet.denoise(moved, sigma=20, channel_axis=np.argmin(moved.shape))
    assert np.array_equal(np.moveaxis(result, 0, -1), quiet)


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


def test_inspect_takes_the_range_of_the_values(noisy):
    deep = noisy.astype(np.int16) * 16 - 1000
    with pytest.raises(ImageError, match="say which range"):
        rednet.inspect(deep)
    seen, expected = rednet.inspect(deep, range=(-1000, 3080)), rednet.inspect(noisy)
    assert (seen.kind, seen.damage, seen.left) == (expected.kind, expected.damage, expected.left)
    assert seen.sigma == pytest.approx(expected.sigma, rel=1e-3)
    with pytest.raises(OptionError, match="range"):
        rednet.inspect(deep, range=(5, 5))
