"""The private folder is ours alone, and goes with its process, however that ended."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rednet.errors import OptionError
from rednet.private_folder import parent_folder, private_folder

HOLD = """
import sys
from rednet.private_folder import private_folder
with private_folder() as folder:
    (folder / "secret").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(alone):
    """Another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(alone)},
    )  # fmt: skip
    yield process, parent_folder() / Path(process.stdout.readline().strip()).name
    process.kill()
    process.wait()


def test_the_folder_is_ours_alone_holds_all_temporary_files_and_is_gone_after(alone):
    with private_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700 and folder.parent.stat().st_mode & 0o777 == 0o700
        assert tempfile.gettempdir() == str(folder) == os.environ["TMPDIR"]
        (folder / "left").write_text("x")
    assert not folder.exists() and tempfile.gettempdir() == str(alone)
    assert list(folder.parent.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(other):
    process, left = other
    assert (left / "secret").exists()
    process.kill()
    process.wait()
    assert (left / "secret").exists()
    with private_folder() as folder:
        assert not left.exists()
        assert {path.name for path in folder.parent.iterdir()} == {folder.name, f"{folder.name}.lock"}


def test_the_folder_of_a_living_process_stays(other):
    _, living = other
    with private_folder():
        assert (living / "secret").exists()
    assert (living / "secret").exists()


def test_a_folder_that_others_can_read_is_refused(alone):
    parent_folder().chmod(0o755)
    with pytest.raises(OptionError, match="not a folder of ours alone"):
        parent_folder()


def test_a_link_in_its_place_is_refused(alone):
    parent = parent_folder()
    parent.rmdir()
    parent.symlink_to(alone)
    with pytest.raises(OptionError, match="not a folder of ours alone"):
        parent_folder()
