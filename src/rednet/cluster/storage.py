"""A folder with a URL, such as s3://bucket/scans, through fsspec: listed, read, and written whole or not at all.

Calls that fail for a passing reason (time-outs, an object store that asks to slow down) are repeated, up to a limit.
"""

from __future__ import annotations

import logging
import os
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import Any, TypeVar

from rednet.errors import ImageError
from rednet.packages import need
from rednet.whole_files import PART, sweep, whole_file

__all__ = ["Found", "Storage", "is_url", "repeated"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPTS = 6
FIRST_PAUSE_S = 0.5  # doubled after each attempt; in all about 15 s
LASTING = (
    FileExistsError,
    FileNotFoundError,
    ImportError,
    IsADirectoryError,
    NotADirectoryError,
    NotImplementedError,
    PermissionError,
    TypeError,
    ValueError,
)
OBJECT_STORES = {"abfs", "abfss", "az", "gcs", "gs", "s3", "s3a"}  # an object appears when its upload is complete
IN_PARTS_FROM = 50 << 20  # bytes; s3fs sends smaller files as one
READ_TIMEOUT_S = 60
SLOWEST = 64 << 10  # bytes a second; an upload that is slower is given up
CHANGING = ("ETag", "etag", "md5", "mtime", "LastModified", "created")  # facts of a file, the surest ones first


def is_url(place: str) -> bool:
    """Return whether a place is a URL and no path.

    Example:
        >>> [is_url(place) for place in ("s3://bucket/in", "memory://in", "scans/in", "C:/in")]
        [True, True, False, False]
    """
    return "://" in place


def repeated(work: Callable[[], T], what: str) -> T:
    """Do some work again if it fails for a reason that may pass.

    Args:
        work: what to do; it may have been done already when it fails.
        what: a name for messages.

    Raises:
        ImageError: it failed too often, or for a reason that does not pass.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            if isinstance(error, LASTING):
                raise ImageError(f"{what} failed: {words}") from error
            if attempt == ATTEMPTS:
                raise ImageError(f"{what} failed {ATTEMPTS} times, the last time with {words}") from error
            logger.debug("%s failed, attempt %d: %s", what, attempt, words)
            time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.0))
    raise AssertionError


@dataclass(frozen=True)
class Found:
    """A file in a storage.

    Args:
        name: relative to the storage's root, with slashes.
        mark: changes when the file changes: its size with its ETag or its time.
    """

    name: str
    mark: str

    @property
    def size(self) -> int:
        """The size of the file, bytes."""
        return int(self.mark.partition(" ")[0] or 0)


class Storage:
    """A folder with a URL or a path.

    Args:
        url: what fsspec understands, or a path.

    Raises:
        ImageError: no package for this kind of URL is installed.
    """

    def __init__(self, url: str) -> None:
        fsspec = need("fsspec", "remote", "reading and writing URLs", ImageError)
        options: dict[str, Any] = {}
        if url.startswith(("s3:", "s3a:")):  # what fails is repeated here, so the client must not wait for long
            options["config_kwargs"] = {
                "read_timeout": READ_TIMEOUT_S,
                "connect_timeout": 10,
                "retries": {"total_max_attempts": 1},
            }
        self.url = url.rstrip("/")
        try:
            self.disk, root = fsspec.core.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            raise ImageError(f"cannot open {url}: {error}") from error
        self.root = root.rstrip("/")
        protocol = self.disk.protocol
        protocols = {protocol} if isinstance(protocol, str) else set(protocol)
        self.atomic, self.local = bool(OBJECT_STORES & protocols), "file" in protocols

    def path(self, name: str) -> str:
        """Return the path of a file as fsspec takes it."""
        return f"{self.root}/{name}" if name else str(self.root)

    def real(self, name: str) -> str:
        """Return the path of a file, on this machine's disks with all links followed."""
        return os.path.realpath(self.path(name)) if self.local else self.path(name)

    def place(self, name: str) -> str:
        """Return the URL of a file, for messages."""
        return f"{self.url}/{name}" if name else self.url

    def is_file(self) -> bool:
        """Return whether the URL leads to a file and not to a folder."""
        self.disk.invalidate_cache()
        return bool(repeated(lambda: self.disk.isfile(self.root), f"looking at {self.url}"))

    def files(self, *, recursive: bool) -> Iterator[Found]:
        """Yield the files below the folder, sorted by name; none if it does not exist."""
        self.disk.invalidate_cache()
        depth = None if recursive else 1

        def find() -> dict[str, dict[str, Any]]:
            return self.disk.find(self.root, maxdepth=depth, detail=True)  # type: ignore[no-any-return]

        for path, facts in sorted(repeated(find, f"listing {self.url}").items()):
            name = str(PurePosixPath(path).relative_to(self.root)) if path != self.root else ""
            if name:
                yield Found(name, mark_of(facts))

    def mark(self, name: str) -> str | None:
        """Return the mark of a file; None if it does not exist."""

        def look() -> dict[str, Any] | None:
            self.disk.invalidate_cache()
            try:
                return self.disk.info(self.path(name))  # type: ignore[no-any-return]
            except FileNotFoundError:
                return None

        facts = repeated(look, f"looking at {self.place(name)}")
        return None if facts is None or facts.get("type") == "directory" else mark_of(facts)

    def fetch(self, name: str, file: Path) -> None:
        """Copy a file to this machine."""
        repeated(lambda: self.disk.get_file(self.path(name), str(file)), f"reading {self.place(name)}")

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return bytes(repeated(lambda: self.disk.cat_file(self.path(name)), f"reading {self.place(name)}"))

    def put(self, file: Path, name: str) -> str:
        """Copy a file from this machine, whole or not at all, over what may be there; return its mark."""
        repeated(lambda: self._send(file, self.path(name)), f"writing {self.place(name)}")
        mark = self.mark(name)
        if mark is None or not mark.startswith(f"{file.stat().st_size} "):
            raise ImageError(
                f"{self.place(name)} is not there, or not whole, after it was written; is it changed by others?"
            )
        return mark

    def _send(self, file: Path, path: str) -> None:
        """Copy a file to a place under a temporary name, and rename it, where it would be seen half written."""
        if self.atomic:
            self._upload(file, path)
            return
        folder, _, own = path.rpartition("/")
        self.disk.makedirs(folder, exist_ok=True)
        if self.local:
            with file.open("rb") as source, whole_file(Path(path)) as target:
                copyfileobj(source, target)
            return
        part = f"{folder}/{PART}{uuid.uuid4().hex}.part{PurePosixPath(own).suffix}"
        try:
            self.disk.put_file(str(file), part)
            self.disk.mv(part, path)
        except BaseException:
            if self.disk.exists(part):
                self.disk.rm_file(part)
            raise

    def _upload(self, file: Path, path: str) -> None:
        """Copy a file to an object store; of uploads in parts that broke off, now or earlier, no part stays in S3."""
        in_parts = file.stat().st_size >= IN_PARTS_FROM and hasattr(self.disk, "call_s3")
        if in_parts:
            self._remove_parts(path)
        # A client that waits to be told to send its body has no time-out of its own.
        limit = {"timeout": READ_TIMEOUT_S + file.stat().st_size / SLOWEST} if self.disk.async_impl else {}
        try:
            self.disk.put_file(str(file), path, **limit)
        except BaseException:
            if in_parts:
                self._remove_parts(path)
            raise

    def _remove_parts(self, path: str) -> None:
        """Remove from S3 the parts of unfinished uploads of one object."""
        bucket, key, _ = self.disk.split_path(path)
        for upload in self.disk.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key).get("Uploads", []):
            if upload["Key"] == key:
                self.disk.call_s3("abort_multipart_upload", Bucket=bucket, Key=key, UploadId=upload["UploadId"])

    def sweep(self, names: Iterable[str]) -> None:
        """Remove temporary files that killed processes left beside files, if this machine sees the disk."""
        if self.local:
            for folder in {Path(self.path(name)).parent for name in names}:
                sweep(folder)

    def rename(self, name: str, new: str) -> None:
        """Rename a file to a name that is free."""
        repeated(lambda: self.disk.mv(self.path(name), self.path(new)), f"renaming {self.place(name)}")

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

        def remove() -> None:
            try:
                self.disk.rm_file(self.path(name))
            except FileNotFoundError:
                return

        repeated(remove, f"removing {self.place(name)}")


def mark_of(facts: dict[str, Any]) -> str:
    """Return the mark of a file from what its storage says of it."""
    seen = next((facts[key] for key in CHANGING if facts.get(key)), "")
    return f"{facts['size']} {seen.timestamp() if isinstance(seen, datetime) else seen}"
