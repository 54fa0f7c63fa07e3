"""What the pages tell people to type works as it stands, line after line, in one folder.

A block without a language has commands, one of `python` has Python; both are run. A `bash` block is a script for
another machine: its syntax is checked. `yaml` and `text` are not for typing.
"""

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
from rednet.zoo.shipped import find_model

ROOT = Path(__file__).parents[2]
SOURCE, PHOTOS = ROOT / "src" / "rednet", ROOT / "examples" / "photos"
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(SOURCE / "zoo").rglob("*.md"))
)
USE = "docs/using.md"

NOT_RUN = {  # lines with this are not run, because:
    r"^pip install ": "they install packages; below, the names of the extras are checked, and test_wheel.py installs",
    r"^make ": "they install packages; below, the targets are checked",
    r"^rednet serve": "it never ends; the lines with curl below are run against it",
    r"--data DIR": "they need the published sets or the training sets, and some hours of training",
    r"^python -m benchmarks.paper": "it needs these sets, too, or writes a page of the project",
    r"^rednet finetune ": "it trains for 30 minutes; tests/training/test_finetuning.py does so for a few steps",
    r"^torchrun ": "it needs the training sets; tests/training/test_processes.py runs two processes",
    r"s3://": "it needs an object store; tests/cluster/test_s3.py has one",
    r"^npm |examples/browser/build.py|http.server": "tests/examples/test_browser.py builds this demo and serves it",
    r"spandrel": "spandrel needs torchvision; tests/zoo/test_spandrel.py makes its calls",
    r"^ray |--cluster": "tests/cluster/test_ray.py starts a cluster of two machines",
    r"^ffmpeg ": "ffmpeg is not among what the tests need; tests/files/test_frames.py runs the part of rednet",
    r"\| parallel ": "GNU parallel is not among what the tests need; tests/files/test_shards.py has shards",
    r"^npm |examples/browser|http\.server": "npm downloads 148 MB; tests/examples/test_browser.py opens the page",
    r"push_to_hub": "it needs the hub; tests/zoo/test_hub.py has a server that speaks its protocol",
}


def text_of(page):
    return (ROOT / page).read_text("utf-8")


def blocks(text, language=""):
    """Return the blocks of code in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


def commands(page):
    """Return the lines of the blocks of commands; a line that ends in a backslash goes on in the next."""
    joined = "".join(blocks(text_of(page))).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line]


def is_run(line):
    return not any(re.search(part, line) for part in NOT_RUN)


def verbs_of(line):
    """Return the words of every call of rednet in a line."""
    for call in re.findall(r"(?:^|\| *|-j 4 --retries 3 )rednet ([^|<>#]*)", line):
        yield shlex.split(call)


@pytest.fixture
def folder(tmp_path, photo):
    """The files that the lines speak of, and `rednet` as a command."""
    levels = (photo * 255).astype(np.uint8)
    picture, work = Image.fromarray(levels), tmp_path / "work"
    for name in ("scans/deep", "clean", "degraded", "my_photos", "DIR"):
        (work / name).mkdir(parents=True)
    for name in ("photo.jpg", "photo.png", "scans/a.jpg", "scans/deep/b.png", "clean/a.png", "my_photos/a.png"):
        picture.save(work / name)
    noisy = levels + np.random.default_rng(0).normal(0, 15, levels.shape)
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(work / "degraded" / "a.png")
    mask = np.zeros(levels.shape[:2], np.uint8)
    mask[20:23] = 255
    Image.fromarray(mask).save(work / "mask.png")
    Image.fromarray(np.where(mask[:, :, None] > 0, np.uint8([255, 0, 0]), levels)).save(work / "painted.png")
    scratched = np.full((60, 90, 3), 120, np.uint8)
    scratched[30:32, 10:80] = 255
    Image.fromarray(scratched).save(work / "scan.png")
    shutil.copytree(find_model("fast"), work / "runs" / "mine")
    (work / "recipes").symlink_to(ROOT / "recipes")
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


def run_all(lines, folder):
    """Run lines one after the other; each succeeds, and writes the file that its comment names."""
    for line in lines:
        there = set(folder.rglob("*"))
        done = run(line, folder)
        assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
        named = re.search(r"writes (\S+)|as (photo\S+)$|see (\S+),", line)
        if named:
            assert next(filter(None, named.groups())) in {path.name for path in set(folder.rglob("*")) - there}, line


@pytest.mark.slow
def test_every_line_of_the_use_blocks_succeeds_after_the_ones_before(folder):
    lines = commands(USE)
    assert lines[0] == "pip install ." and len(lines) > 12
    run_all(lines[1:], folder)
    assert (folder / "scan-inpainted.png").is_file() and (folder / "better" / "deep" / "b.png").is_file()
    assert run("rednet denoise photo.png", folder).returncode == 1  # what is there already is in the way


OTHERS = [page for page in PAGES if page != USE and any(map(is_run, commands(page)))]


@pytest.mark.slow
@pytest.mark.parametrize("page", OTHERS)
def test_every_other_line_of_commands_succeeds_after_the_ones_before(page, folder):
    lines = [line for line in commands(page) if is_run(line)]
    if not any("127.0.0.1:8000" in line for line in lines):
        run_all(lines, folder)
        return
    server = subprocess.Popen(
        [sys.executable, "-m", "rednet", "serve", "--port", "0", "--no-page"], stdout=subprocess.PIPE, text=True
    )
    try:
        address = re.search(r"127\.0\.0\.1:\d+", server.stdout.readline())[0]
        run_all([line.replace("curl ", "curl -sf ").replace("127.0.0.1:8000", address) for line in lines], folder)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(text_of(page), "python")])
def test_the_lines_of_python_run(page, folder):
    code = "\n".join(blocks(text_of(page), "python"))
    code = "\n".join(line for line in code.splitlines() if is_run(line))
    begin = (
        "import numpy as np\nfrom PIL import Image\n"
        "array, mask = np.asarray(Image.open('photo.png')), np.asarray(Image.open('mask.png')) > 0\n"
    )
    end = "assert bigger.shape[0] == 3 * array.shape[0] and restorer.restore(array) is not None"
    code = begin + code + ("\n" + end if page == "docs/python.md" else "")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("reason", NOT_RUN)
def test_what_is_not_run_is_there_and_its_verbs_and_options_exist(reason, folder, monkeypatch):
    from typer.main import get_command

    from rednet.cli.app import app

    monkeypatch.chdir(folder)
    lines = [
        line for page in PAGES for line in (*commands(page), *"".join(blocks(text_of(page), "python")).splitlines())
    ]
    lines = [line for line in lines if re.search(reason, line)]
    assert lines
    for line in lines:
        for verb, *words in verbs_of(line):
            get_command(app).commands[verb].make_context(verb, words)  # raises an error for an unknown option


def test_blocks_are_commands_python_or_marked_as_neither():
    languages = {name for page in PAGES for name in re.findall(r"^```(\w*)\n.*?^```$", text_of(page), re.M | re.S)}
    assert languages <= {"", "python", "bash", "yaml", "text"}


def test_scripts_for_other_machines_have_no_fault_of_syntax():
    scripts = [block for page in PAGES for block in blocks(text_of(page), "bash")]
    assert len(scripts) >= 2
    for script in scripts:
        assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0


def test_what_is_to_be_installed_is_an_extra_of_the_project_and_what_is_to_be_made_a_target():
    lines = [line.partition("#")[0].strip() for page in PAGES for line in commands(page)]
    installed = {line.removeprefix("pip install ") for line in lines if line.startswith("pip install ")}
    assert {".", "rednet"} < installed <= {".", "rednet"} | {f"'.[{extra}]'" for extra in EXTRAS}
    made = {line.removeprefix("make ") for line in lines if line.startswith("make ")}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"demo", "docs", "test"} < made <= targets


def test_the_readme_has_its_picture_commands_and_table_on_the_first_screen():
    screen = text_of("README.md").partition("\n## ")[0].splitlines()
    assert len(screen) <= 45
    assert sum(line.startswith("![") for line in screen) == 1
    assert len(commands("README.md")) == 2 + 1  # and `make demo` below
    assert sum(line.startswith("|---") for line in screen) == 1


def test_a_picture_goes_through_the_files_that_the_page_names(tmp_path, monkeypatch):
    from rednet.cli.app import main

    (block,) = [block for block in blocks(text_of("docs/house.md"), "text") if block.startswith("cli/app.py")]
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
