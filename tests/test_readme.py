"""What the README tells people to type works as it stands, line after line, in one folder."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rednet.packages import EXTRAS

ROOT = Path(__file__).parent.parent
SOURCE, PHOTOS = ROOT / "src" / "rednet", ROOT / "examples" / "photos"
README = (ROOT / "README.md").read_text("utf-8")
USE = README.partition("## Use it")[2].partition("\n## ")[0]


def blocks(text, language=""):
    """Return the blocks of code in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


@pytest.fixture
def folder(tmp_path, photo):
    """The files that the lines speak of, and `rednet` as a command."""
    levels = (photo * 255).astype(np.uint8)
    picture, work = Image.fromarray(levels), tmp_path / "work"
    (work / "scans" / "deep").mkdir(parents=True)
    for name in ("photo.jpg", "photo.png", "scans/a.jpg", "scans/deep/b.png"):
        picture.save(work / name)
    mask = np.zeros(levels.shape[:2], np.uint8)
    mask[20:23] = 255
    Image.fromarray(mask).save(work / "mask.png")
    Image.fromarray(np.where(mask[:, :, None] > 0, np.uint8([255, 0, 0]), levels)).save(work / "painted.png")
    scratched = np.full((60, 90, 3), 120, np.uint8)
    scratched[30:32, 10:80] = 255
    Image.fromarray(scratched).save(work / "scan.png")
    command = tmp_path / "rednet"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rednet "$@"\n')
    command.chmod(0o755)
    return work


def run(line, folder):
    """Run a line in a shell whose stdin is a terminal, at which somebody says yes to whatever is asked."""
    ours, its = os.openpty()
    os.write(ours, b"y\n")
    path = f"{folder.parent}{os.pathsep}{os.environ['PATH']}"
    try:
        return subprocess.run(
            ["bash", "-c", line], cwd=folder, stdin=its, capture_output=True, env={**os.environ, "PATH": path}
        )
    finally:
        os.close(ours)
        os.close(its)


def test_every_line_of_the_use_blocks_succeeds_after_the_ones_before(folder):
    lines = [line for block in blocks(USE) for line in block.splitlines() if line]
    assert lines[0] == "pip install ." and len(lines) > 12
    for line in lines[1:]:
        there = set(folder.rglob("*"))
        done = run(line, folder)
        assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
        named = re.search(r"writes (\S+)|as (photo\S+)$|see (\S+),", line)
        if named:
            assert next(filter(None, named.groups())) in {path.name for path in set(folder.rglob("*")) - there}, line
    assert (folder / "scan-inpainted.png").is_file() and (folder / "better" / "deep" / "b.png").is_file()
    assert run("rednet denoise photo.png", folder).returncode == 1  # what is there already is in the way


def test_the_lines_of_python_run(folder):
    (code,) = blocks(USE, "python")
    begin = (
        "import numpy as np\nfrom PIL import Image\n"
        "array, mask = np.asarray(Image.open('photo.png')), np.asarray(Image.open('mask.png')) > 0\n"
    )
    code = begin + code + "\nassert bigger.shape[0] == 3 * array.shape[0] and restorer.restore(array) is not None"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_is_to_be_installed_is_an_extra_of_the_project():
    installed = re.findall(r"^pip install (.*)$", "".join(blocks(README)), re.MULTILINE)
    assert {"."} < set(installed) <= {"."} | {f"'.[{extra}]'" for extra in EXTRAS}


def test_a_picture_goes_through_the_files_that_the_readme_names(tmp_path, monkeypatch):
    from rednet.cli.app import main

    (block,) = [block for block in blocks(README) if block.startswith("cli/app.py")]
    named = [line.split()[0] for line in block.splitlines()]
    assert len(named) <= 12
    shutil.copy(PHOTOS / "rocket.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rednet", "denoise", "photo.jpg", "--model", "fast"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM,)}
    seen = []
    sys.setprofile(lambda frame, event, argument: event == "call" and seen.append(frame.f_code.co_filename))
    try:
        main()
    except SystemExit as end:
        assert not end.code
    finally:
        sys.setprofile(None)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    used = {Path(name).relative_to(SOURCE).as_posix() for name in seen if Path(name).is_relative_to(SOURCE)}
    assert set(named) <= used
    assert (tmp_path / "photo-denoised.jpg").is_file()
