"""What browsers have sent to the page: files in a folder of ours, named by what is in them, gone with their page."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rednet.errors import OptionError
from rednet.images.formats import read_endings

__all__ = ["MOST_PAGES", "SHOWN", "Incoming", "own_file"]

IDLE_S = 1800.0  # a file that no page has used for so long is removed
UNUSED_S = 120.0  # and one that no page has ever used
COMING = ""  # the page that has sent a file and has not used it yet
MOST_FILES = 12  # of one page; the oldest makes room
MOST_PAGES = 64  # whose strokes are remembered
PIECE = 1 << 20  # bytes
STRANGE = re.compile(r"[^\w .,()-]")  # in a file's name
SHOWN = "desk-"  # how the names of folders begin that go with a desk


def own_file(path: str, folder: Path) -> Path:
    """Return a path if a regular file of ours lies there, reached without any link.

    Args:
        path: that a client names.
        folder: where our files lie, itself without a link.

    Raises:
        OptionError: there is something else, or nothing.
    """
    file = Path(path)
    try:
        ours = file.is_relative_to(folder) and stat.S_ISREG(file.lstat().st_mode) and file.resolve() == file
    except (OSError, ValueError, RuntimeError):  # no such file; a zero byte; a circle of links
        ours = False
    if not ours:
        raise OptionError("this file was not sent to this server, or is gone by now; choose it again")
    return file


@dataclass
class Sent:
    """A file that was sent: its size, bytes; by which pages it is used; when it last was."""

    size: int
    pages: set[str]
    used: float = field(default_factory=time.monotonic)


class Incoming:
    """The files that browsers have sent.

    Args:
        folder: where they lie; made if need be.
        most_bytes: of all together; the oldest makes room.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self.most_bytes = folder.resolve(), most_bytes
        self.files: OrderedDict[Path, Sent] = OrderedDict()
        self.painted: OrderedDict[str, tuple[Path, ...]] = OrderedDict()
        self.secret = secrets.token_bytes(32)  # so that nobody can tell where a file lies by knowing what is in it
        self.lock = threading.Lock()

    def add(self, source: BinaryIO, name: str) -> Path:
        """Keep a file, whole or not at all.

        Args:
            source: what is in it.
            name: that it had; only harmless letters of it are kept.
        """
        part, known, size = self.folder / f".{secrets.token_hex(8)}", hashlib.sha256(self.secret), 0
        try:
            with part.open("xb") as file:
                while piece := source.read(PIECE):
                    known.update(piece)
                    size += len(piece)
                    file.write(piece)
            with self.lock:
                place = self.folder / known.hexdigest() / harmless(name)
                place.parent.mkdir(exist_ok=True)
                part.replace(place)
                before = self.files.pop(place, None)
                self.files[place] = Sent(size, {COMING, *(before.pages if before else ())})
                self.make_room()
        finally:
            part.unlink(missing_ok=True)
        return place

    def make_room(self) -> None:
        """Remove the oldest files until the others fit, all but the newest; the lock is held."""
        while sum(sent.size for sent in self.files.values()) > self.most_bytes and len(self.files) > 1:
            self.remove(next(iter(self.files)))

    def remove(self, place: Path) -> None:
        """Remove a file; the lock is held."""
        self.files.pop(place, None)
        place.unlink(missing_ok=True)
        with suppress(OSError):  # another name of what is in it
            place.parent.rmdir()

    def claim(self, path: str, page: str) -> Path:
        """Note that a page uses a file; raises OptionError if it is none of ours."""
        with self.lock:
            place = Path(path)
            if place not in self.files:
                raise OptionError("this file was not sent to this server, or is gone by now; choose it again")
            own_file(path, self.folder)
            self.files[place].pages -= {COMING}
            self.files[place].pages.add(page)
            self.files[place].used = time.monotonic()
            self.files.move_to_end(place)
            used = [file for file, sent in self.files.items() if page in sent.pages]
            for old in used[:-MOST_FILES]:
                self.let_go(old, page)
        return place

    def let_go(self, place: Path, page: str) -> None:
        """Note that a page does not need a file any more; remove it if nobody else does; the lock is held."""
        sent = self.files[place]
        sent.pages.discard(page)
        if not sent.pages:
            self.remove(place)

    def release(self, path: str, page: str) -> None:
        """Note that a page does not need a file any more."""
        with self.lock:
            if Path(path) in self.files:
                self.let_go(Path(path), page)

    def paint(self, page: str, layers: Iterable[Path]) -> None:
        """Remember what is painted on a page's picture."""
        with self.lock:
            self.painted.pop(page, None)
            self.painted[page] = tuple(layers)
            while len(self.painted) > MOST_PAGES:
                self.painted.popitem(last=False)

    def layers(self, page: str) -> tuple[Path, ...]:
        """Return what is painted on a page's picture."""
        with self.lock:
            return self.painted.get(page, ())

    def forget(self, page: str) -> None:
        """Remove all that only a page that is closed has used."""
        with self.lock:
            self.painted.pop(page, None)
            for place in [place for place, sent in self.files.items() if page in sent.pages]:
                self.let_go(place, page)

    def tidy(self) -> None:
        """Remove what nobody has used for long, and what Gradio has left."""
        with self.lock:
            now = time.monotonic()
            for place, sent in list(self.files.items()):
                if now - sent.used > (UNUSED_S if sent.pages == {COMING} else IDLE_S):
                    self.remove(place)
            for left in self.folder.iterdir():
                useless = left.name.startswith("tmp") and left.lstat().st_size == 0  # Gradio makes one for each file
                old = useless or time.time() - left.lstat().st_mtime > IDLE_S
                if old and not left.name.startswith(SHOWN) and not any(left in place.parents for place in self.files):
                    shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def harmless(name: str) -> str:
    """Return the harmless letters of a file's name, and its ending if a picture's or a kernel's can be so.

    Example:
        >>> harmless("../../my <b>holiday.PNG"), harmless("a.svg"), harmless("")
        ('my bholiday.png', 'a.bin', 'picture.bin')
    """
    path = Path(name.replace("\\", "/").replace("\0", ""))
    path = Path(path.name)
    ending = path.suffix.lower() if path.suffix.lower() in (*read_endings(), ".npy") else ".bin"
    stem = STRANGE.sub("", path.stem).strip(" .")[:60]
    return f"{stem or 'picture'}{ending}"
