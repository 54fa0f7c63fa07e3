"""Arrays as other libraries lay them out: channels on another axis, several pictures at once, torch tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError
from rednet.warning import warn

__all__ = ["Taken", "as_array", "take_apart"]

Array = NDArray[Any]

PICTURE, STACK = 3, 4  # dimensions of one picture with channels, and of several
MANY = 5  # channels that are no colours; gray pictures in a stack are usually at least as wide as high


class Taken(NamedTuple):
    """Pictures that were taken out of what holds them.

    Args:
        pictures: with the channels last.
        several: whether they were several at once, even if that is a stack of one.
        joined: a function that joins the restored pictures to the kind, type and axes of what held them.
    """

    pictures: list[Any]
    several: bool
    joined: Callable[[Sequence[Any]], Any]


def take_apart(image: Any, channel_axis: int | None = None, out: Any = None, *, enlargement: int = 1) -> Taken:
    """Take what holds one picture or several apart into pictures with the channels last.

    Args:
        image: an array of one picture or of several, (N, H, W, C); a torch tensor, (H, W), (C, H, W) or (N, C, H, W);
            or anything else, which is one picture.
        channel_axis: the axis of the channels, as in scikit-image; None for the last, or for that of torch.
        out: an array (a tensor, for a tensor) that takes the result; None makes a new one.
        enlargement: how many times wider and higher the result is.

    Raises:
        OptionError: there is no such axis, or `out` cannot take the result.
        ImageError: there is no picture, or numpy cannot hold such a tensor.
    """
    tensor = _is_tensor(image)
    if not tensor and not isinstance(image, np.ndarray):
        if channel_axis is not None or out is not None:
            raise OptionError(f"a {type(image).__name__} has no axes; leave channel_axis and out to arrays")
        return Taken([image], False, lambda restored: restored[0])
    array = as_array(image)
    if tensor and channel_axis is None and array.ndim == PICTURE and array.shape[0] >= MANY > array.shape[2]:
        raise ImageError(f"a tensor of shape {array.shape} has its channels last; give channel_axis=-1")
    if tensor and channel_axis is None and array.ndim >= PICTURE:
        channel_axis = -PICTURE
    if channel_axis is not None:
        channel_axis = _checked(channel_axis, array)
        array = np.moveaxis(array, channel_axis, -1)
    elif array.ndim == PICTURE and array.shape[-1] >= max(array.shape[1], MANY):
        warn(
            f"the array of shape {array.shape} is taken as one picture of {array.shape[-1]} bands; if it is "
            f"{len(array)} gray pictures, give array[..., None], or else channel_axis=-1"
        )
    several = array.ndim == STACK
    if several and not len(array):
        raise ImageError(f"the array of shape {tuple(image.shape)} has no picture; give at least one")
    if out is not None:
        _check_out(out, image, _shape_of_result(array, channel_axis, enlargement))

    def joined(restored: Sequence[Any]) -> Any:
        result = np.stack(restored) if several else restored[0]
        if channel_axis is not None:
            result = np.ascontiguousarray(np.moveaxis(result, -1, channel_axis))
        if tensor:
            return _as_tensor(result, image, out)
        if out is None:
            return result
        np.copyto(out, result)
        return out

    return Taken(list(array) if several else [array], several, joined)


def as_array(values: Any) -> Any:
    """Return a torch tensor as an array of numpy, which has no bfloat16; return anything else as it is.

    Raises:
        ImageError: numpy cannot hold such a tensor: it is sparse, quantised, or has no values.
    """
    if not _is_tensor(values):
        return values
    try:
        held = values.detach().cpu()
        return (held.float() if str(held.dtype) == "torch.bfloat16" else held).numpy()
    except (TypeError, RuntimeError) as error:  # NotImplementedError is a RuntimeError
        raise ImageError(f"a tensor of {values.dtype} on {values.device} that numpy cannot hold: {error}") from error


def _is_tensor(values: Any) -> bool:
    """Return whether a value is a torch tensor or of a class made from it, without importing torch."""
    return any((base.__module__, base.__name__) == ("torch", "Tensor") for base in type(values).__mro__)


def _checked(axis: Any, array: Array) -> int:
    """Return the axis of the channels, counted from 0; raise OptionError if the array has no such axis."""
    try:
        number = index(axis)
    except TypeError:
        number = array.ndim
    if isinstance(axis, bool) or not -array.ndim <= number < array.ndim:
        raise OptionError(f"channel_axis is {axis!r}; an array of shape {array.shape} has no such axis")
    if array.ndim not in (PICTURE, STACK):
        raise OptionError(f"an array of shape {array.shape} has no channels; leave channel_axis out")
    return number % array.ndim


def _shape_of_result(array: Array, channel_axis: int | None, enlargement: int) -> tuple[int, ...]:
    """Return the shape of the result for pictures with the channels last, (H, W), (H, W, C) or (N, H, W, C)."""
    shape, rows = list(array.shape), array.ndim - PICTURE if array.ndim >= PICTURE else 0
    shape[rows : rows + 2] = [side * enlargement for side in shape[rows : rows + 2]]
    if channel_axis is not None:
        shape.insert(channel_axis, shape.pop())
    return tuple(shape)


def _check_out(out: Any, image: Any, shape: tuple[int, ...]) -> None:
    """Raise OptionError, before any work is done, unless `out` can take a result of the image's type and a shape."""
    kinds = type(out).__name__, type(image).__name__
    if _is_tensor(out) != _is_tensor(image) or not (_is_tensor(out) or isinstance(out, np.ndarray)):
        raise OptionError(f"out is a {kinds[0]}, the picture a {kinds[1]}; both must be one kind")
    if tuple(out.shape) != shape or _type_name(out) != _type_name(image):
        raise OptionError(f"out is {tuple(out.shape)} {_type_name(out)}; it must be {shape} {_type_name(image)}")
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise OptionError("out is read-only; give an array that can be written to")


def _type_name(values: Any) -> str:
    """Return the name of the type of an array's or a tensor's values, whatever their byte order."""
    return str(getattr(values.dtype, "name", values.dtype))


def _as_tensor(result: Array, image: Any, out: Any) -> Any:
    """Return a result as a torch tensor of the image's type, on its device; or written into `out`."""
    import torch

    tensor = torch.from_numpy(np.ascontiguousarray(result))
    if out is None:
        return tensor.to(device=image.device, dtype=image.dtype)
    with torch.no_grad():
        return out.copy_(tensor)
