"""Whatever a user names is opened only if it is a regular file: a pipe or a device could keep us waiting for ever."""

import os
import socket
import subprocess
import sys

import pytest

from rednet.opening import open_regular

OPENERS = {
    "picture": "from rednet.images import PictureFile; PictureFile(path)",
    "tags of a TIFF": "from rednet.images.tiff_tags import read_tags; read_tags(path, [0])",
    "whole picture": "import rednet; rednet.denoise(path)",
    "quality": "import rednet; rednet.dejpeg(str(path))",
    "mask": "from rednet.images import from_array; from rednet.restoring.tasks import Inpaint; import numpy as np;"
    "Inpaint(mask=path).missing(from_array(np.zeros((9, 9), np.uint8)))",
    "kernel": "from rednet.classical.kernels import load_kernel; load_kernel(str(path))",
    "shape of a model": "from rednet.zoo.checking import load_config; load_config(path.parent)",
    "left by a killed run": "from rednet.whole_files import sweep; sweep(path.parent)",
}
NAMES = {"kernel": "k.npy", "shape of a model": "config.json", "left by a killed run": ".rednet-1.part"}


@pytest.mark.parametrize("what", OPENERS)
@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_what_is_no_regular_file_is_refused_at_once(what, kind, tmp_path):
    """In a process of its own, so that one that hangs can be ended."""
    path = tmp_path / NAMES.get(what, "a.jpg")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(os.path.relpath(path))
    code = f"from pathlib import Path; path = Path({str(path)!r}); {OPENERS[what]}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().rpartition("\n")[2]
    if what == "left by a killed run":
        assert done.returncode == 0 and path.exists()
    else:
        assert "Error: " in last and ("pipe or a device" in last or "No such device" in last), done.stderr


def test_a_regular_file_is_opened_through_links_too(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for name in ("a", "b"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "c")
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
