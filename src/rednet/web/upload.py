"""Writes a request's picture and other files under names of our own: a client's name is never used as a path."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from rednet.errors import OptionError
from rednet.images.formats import kernel_files, kernel_formats
from rednet.web.options import FILES, RestoreRequest, read_options

__all__ = ["Upload", "receive"]

NPY = (b"\x93NUMPY",)  # the first bytes of a .npy file
MAX_FIELD = 1 << 16  # bytes


@dataclass(frozen=True)
class Upload:
    """A request's options, and its files by the names of `FILES`."""

    options: RestoreRequest
    files: Mapping[str, Path]


async def receive(request: Request, folder: Path) -> Upload:
    """Read a request, and write its files into a folder.

    Args:
        request: a form with a part `picture`; or a body that is the picture, with the options in the query.
        folder: an empty one, which is deleted with the order.

    Raises:
        OptionError: an option is wrong, or there is no picture.
    """
    fields = dict(request.query_params)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        path = folder / "picture"
        with path.open("wb") as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
        return Upload(read_options(fields), {"picture": path})
    files = {}
    try:
        async with request.form(max_files=len(FILES), max_fields=40, max_part_size=MAX_FIELD) as form:
            for name, part in form.multi_items():
                if name in FILES:
                    if isinstance(part, str):
                        raise OptionError(f"{name} is a text; send it as a file")
                    files[name] = await run_in_threadpool(copy, part, folder / name)
                elif isinstance(part, str):
                    fields[name] = part
                else:
                    raise OptionError(f"there is no file {name!r}; the files are {', '.join(FILES)}")
    except HTTPException as error:
        raise OptionError(f"the form cannot be read: {error.detail}") from None
    if "picture" not in files:
        raise OptionError("there is no picture; send it as the form's file 'picture', or as the body itself")
    return Upload(read_options(fields), files)


def copy(part: UploadFile, path: Path) -> Path:
    """Write a file of a form; a kernel gets the ending of its format."""
    with path.open("wb") as file:
        shutil.copyfileobj(part.file, file)
    if path.name == "kernel_file":
        with path.open("rb") as file:
            start = file.read(8)
        kinds = [(".npy", NPY), *((row.endings[0], row.first_bytes) for row in kernel_formats())]
        ending = next((ending for ending, first in kinds if start.startswith(first)), None)
        if ending is None:
            raise OptionError(f"the kernel is none of our kinds of file; send {kernel_files()}")
        path = path.rename(path.with_name(f"kernel{ending}"))
    return path
