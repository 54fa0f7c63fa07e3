"""Writes a request's picture and other files under names of our own: a client's name is never used as a path."""

from __future__ import annotations

import re
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
from rednet.web.api.options import FILES, RestoreRequest, read_options

__all__ = ["Upload", "receive"]

NPY = (b"\x93NUMPY",)  # the first bytes of a .npy file
MAX_FIELD = 1 << 16  # bytes
LONGEST_NAME = 120


@dataclass(frozen=True)
class Upload:
    """A request's options, its files by the names of `FILES`, and the name of the client's picture."""

    options: RestoreRequest
    files: Mapping[str, Path]
    name: str = "picture"


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
        path, size = folder / "picture", 0
        with path.open("wb") as file:
            async for chunk in request.stream():
                size += await run_in_threadpool(file.write, chunk)
        options = read_options(fields)
        if options.picture_of is None:
            return Upload(options, {"picture": path})
        if size:
            raise OptionError("there are two pictures: the body, and that of the job picture_of; send one")
        path.unlink()
        return Upload(options, {})
    files, name = {}, "picture"
    try:
        async with request.form(max_files=len(FILES), max_fields=40, max_part_size=MAX_FIELD) as form:
            for field, part in form.multi_items():
                if field in FILES:
                    if isinstance(part, str):
                        raise OptionError(f"{field} is a text; send it as a file")
                    files[field] = await run_in_threadpool(copy, part, folder / field)
                    name = tidy_name(part.filename or "") if field == "picture" else name
                elif isinstance(part, str):
                    fields[field] = part
                else:
                    raise OptionError(f"there is no file {field!r}; the files are {', '.join(FILES)}")
    except HTTPException as error:
        raise OptionError(f"the form cannot be read: {error.detail}") from None
    options = read_options(fields)
    for given, job in (("picture", options.picture_of), ("mask", options.mask_of)):
        if given in files and job is not None:
            raise OptionError(f"there are two of {given}: a file, and that of the job {given}_of; send one")
    if "picture" not in files and options.picture_of is None:
        raise OptionError(
            "there is no picture; send it as the form's file 'picture', as the body itself, or as picture_of"
        )
    return Upload(options, files, name)


def tidy_name(name: str) -> str:
    """Return the name of a client's file without its folder and without what is unsafe to show or to propose."""
    last = re.split(r"[/\\]", name)[-1]
    tidy = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(" .")
    return tidy[-LONGEST_NAME:] or "picture"


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
