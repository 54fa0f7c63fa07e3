"""What type checkers know of a verb: it returns the kind of picture that it is given.

The verbs themselves declare their picture as `Any`, since torch and Pillow need not be installed. The decorators change
nothing when a program runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

import numpy as np
from numpy.typing import NDArray

from rednet.restoring.finding import Finding
from rednet.restoring.options import Keywords

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["explaining", "same_kind", "same_kind_method"]

P = ParamSpec("P")
N = TypeVar("N", bound=np.generic)
Found = Finding | Any  # of an array of several pictures, it is a list of findings


class Verb(Protocol[P]):
    """An array, a torch tensor or a PIL image comes back as what it was; of a path, an array comes back."""

    @overload
    def __call__(self, image: str | Path, /, *given: P.args, **more: P.kwargs) -> NDArray[Any]: ...
    @overload
    def __call__(self, image: NDArray[N], /, *given: P.args, **more: P.kwargs) -> NDArray[N]: ...
    @overload
    def __call__(self, image: Image.Image, /, *given: P.args, **more: P.kwargs) -> Image.Image: ...
    @overload
    def __call__(self, image: torch.Tensor, /, *given: P.args, **more: P.kwargs) -> torch.Tensor: ...


class Explaining(Protocol):
    """The same for `restore`: with `explain`, what was found comes back beside the picture."""

    @overload
    def __call__(
        self, image: str | Path, *, always: bool = ..., explain: Literal[False] = ..., **options: Unpack[Keywords]
    ) -> NDArray[Any]: ...
    @overload
    def __call__(
        self, image: NDArray[N], *, always: bool = ..., explain: Literal[False] = ..., **options: Unpack[Keywords]
    ) -> NDArray[N]: ...
    @overload
    def __call__(
        self, image: Image.Image, *, always: bool = ..., explain: Literal[False] = ..., **options: Unpack[Keywords]
    ) -> Image.Image: ...
    @overload
    def __call__(
        self, image: torch.Tensor, *, always: bool = ..., explain: Literal[False] = ..., **options: Unpack[Keywords]
    ) -> torch.Tensor: ...
    @overload
    def __call__(
        self, image: str | Path, *, explain: Literal[True], always: bool = ..., **options: Unpack[Keywords]
    ) -> tuple[NDArray[Any], Finding]: ...
    @overload
    def __call__(
        self, image: NDArray[N], *, explain: Literal[True], always: bool = ..., **options: Unpack[Keywords]
    ) -> tuple[NDArray[N], Found]: ...
    @overload
    def __call__(
        self, image: Image.Image, *, explain: Literal[True], always: bool = ..., **options: Unpack[Keywords]
    ) -> tuple[Image.Image, Finding]: ...
    @overload
    def __call__(
        self, image: torch.Tensor, *, explain: Literal[True], always: bool = ..., **options: Unpack[Keywords]
    ) -> tuple[torch.Tensor, Found]: ...


def same_kind(verb: Callable[Concatenate[Any, P], Any]) -> Verb[P]:
    """Declare that a function returns the kind of picture that it is given."""
    return cast(Verb[P], verb)


def same_kind_method(method: Callable[Concatenate[Any, Any, P], Any]) -> Verb[P]:
    """Declare the same of a method."""
    return cast(Verb[P], method)


def explaining(verb: Callable[..., Any]) -> Explaining:
    """Declare the same of a function that explains on demand."""
    return cast(Explaining, verb)
