"""Arrays as other libraries lay them out: channels on another axis, several pictures at once, torch tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError

__all__ = ["take_apart"]

Array = NDArray[Any]
Joined = Callable[[Sequence[Any]], Any]

PICTURE, STACK = 3, 4  # dimensions of one picture with channels, and of several


def take_apart(image: Any, channel_axis: int | None = None, out: Any = None) -> tuple[list[Any], Joined]:
    """Take what holds one picture or several apart into pictures with the channels last.

    Args:
        image: an array of one picture or of several, (N, H, W, C); a torch tensor, (H, W), (C, H, W) or (N, C, H, W);
            or anything else, which is one picture.
        channel_axis: the axis of the channels, as in scikit-image; None for the last, or for that of torch.
        out: an array (a tensor, for a tensor) that takes the result; None makes a new one.

    Returns:
        The pictures, and a function that joins the restored ones to what `image` was: of the same kind, type and axes.

    Raises:
        OptionError: there is no such axis, or `out` is of another kind.
    """
    tensor = type(image).__module__ == "torch" and hasattr(image, "detach")
    if not tensor and not isinstance(image, np.ndarray):
        if channel_axis is not None or out is not None:
            raise OptionError(f"a {type(image).__name__} has no axes; leave channel_axis and out to arrays")
        return [image], lambda restored: restored[0]
    if out is not None and type(out) is not type(image):
        raise OptionError(f"out is a {type(out).__name__}, the picture a {type(image).__name__}; both must be one kind")
    array = _as_array(image) if tensor else image
    if tensor and channel_axis is None and array.ndim >= PICTURE:
        channel_axis = -PICTURE
    if channel_axis is not None:
        array = np.moveaxis(array, _checked(channel_axis, array), -1)
    several = array.ndim == STACK

    def joined(restored: Sequence[Any]) -> Any:
        result = np.stack(restored) if several else restored[0]
        if channel_axis is not None:
            result = np.ascontiguousarray(np.moveaxis(result, -1, channel_axis))
        if tensor:
            return _as_tensor(result, image, out)
        return result if out is None else _written(result, out)

    return list(array) if several else [array], joined


def _checked(axis: Any, array: Array) -> int:
    """Return the axis of the channels; raise OptionError if the array has no such axis."""
    if type(axis) is not int or not -array.ndim <= axis < array.ndim:
        raise OptionError(f"channel_axis is {axis!r}; an array of shape {array.shape} has no such axis")
    if array.ndim not in (PICTURE, STACK):
        raise OptionError(f"an array of shape {array.shape} has no channels; leave channel_axis out")
    return axis


def _as_array(tensor: Any) -> Array:
    """Return a torch tensor as an array; numpy has no bfloat16."""
    held = tensor.detach().cpu()
    array: Array = (held.float() if str(held.dtype) == "torch.bfloat16" else held).numpy()
    return array


def _as_tensor(result: Array, image: Any, out: Any) -> Any:
    """Return a result as a torch tensor of the image's type, on its device; or written into `out`."""
    import torch

    tensor = torch.from_numpy(np.ascontiguousarray(result))
    if out is None:
        return tensor.to(device=image.device, dtype=image.dtype)
    if out.shape != tensor.shape or out.dtype != image.dtype:
        raise OptionError(f"out is {tuple(out.shape)} {out.dtype}; it must be {result.shape} {image.dtype}")
    with torch.no_grad():
        return out.copy_(tensor)


def _written(result: Array, out: Array) -> Array:
    """Write a result into an array of its shape and type, and return it."""
    if out.shape != result.shape or out.dtype != result.dtype:
        raise OptionError(f"out is {out.shape} {out.dtype}; it must be {result.shape} {result.dtype}")
    np.copyto(out, result)
    return out
