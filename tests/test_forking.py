"""A process that was forked after the network had been used says so at once, and never hangs."""

import os
import subprocess
import sys

import pytest

from rednet.engines.loading import ENGINES

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
SLOWLY = [pytest.param(name, marks=pytest.mark.slow if name != "ncnn" else ()) for name in ENGINES]  # torch loads long

PARENT = """
import multiprocessing, sys, warnings
import numpy as np
import rednet
warnings.simplefilter("ignore")  # Python itself warns of forking with threads

y = np.zeros((40, 40, 3), np.uint8)

def load():
    return rednet.Restorer.from_pretrained("fast", engine={engine!r}, threads=2)

def again(_):
    return restorer.restore(y, facts={{}}).shape

def anew(_):
    return load().restore(y, facts={{}}).shape

def told(work, how):
    with multiprocessing.get_context(how).Pool(1) as pool:
        try:
            return pool.map(work, [0])[0]
        except rednet.EngineError as error:
            return str(error)

if __name__ == "__main__":
    {body}
"""


def run(engine, body, folder):
    """Run a program in a process of its own, so that one that hangs can be ended."""
    script = folder / "program.py"
    script.write_text(PARENT.format(engine=engine, body="\n    ".join(body)))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("engine", SLOWLY)
def test_after_one_use_a_forked_process_is_told_the_way_out(engine, tmp_path):
    lines = run(
        engine,
        ["restorer = load()", "print(again(0))", "print(told(again, 'fork'))", "print(told(anew, 'fork'))",
         "print(told(anew, 'spawn'))", "print(again(0))"],
        tmp_path,
    )  # fmt: skip
    first, second, third, spawned, last = lines
    assert first == spawned == last == "(40, 40, 3)"
    assert second == third and "forked" in second and "spawn" in second


@pytest.mark.parametrize("engine", SLOWLY)
def test_before_any_use_a_forked_process_works(engine, tmp_path):
    assert run(engine, ["print(told(anew, 'fork'))", "print(anew(0))"], tmp_path) == ["(40, 40, 3)"] * 2


def test_after_one_use_a_forked_process_neither_reads_nor_writes_pictures(tmp_path):
    body = [
        "from pathlib import Path",
        "from rednet.images import from_array, read_picture, write_picture",
        f"folder = Path({str(tmp_path)!r})",
        "write_picture(folder / 'a.webp', from_array(y))",
        "import os",
        "pid = os.fork()",
        "if pid == 0:",
        "    read = lambda: read_picture(folder / 'a.webp')",
        "    write = lambda: write_picture(folder / 'b.png', from_array(y))",
        "    for work in (read, write):",
        "        try:",
        "            work()",
        "        except rednet.ImageError as error:",
        "            print(error, flush=True)",
        "    os._exit(0)",
        "os.waitpid(pid, 0)",
        "print(read_picture(folder / 'a.webp').size)",
    ]
    *lines, last = run("ncnn", body, tmp_path)
    assert len(lines) == 2 and last == "40x40"
    assert all("forked" in line and "spawn" in line for line in lines)
    assert not (tmp_path / "b.png").exists()


def test_before_any_use_a_forked_process_reads_and_writes(tmp_path):
    body = [
        "from pathlib import Path",
        "from rednet.images import from_array, read_picture, write_picture",
        f"path = Path({str(tmp_path)!r}) / 'a.png'",
        "import os",
        "pid = os.fork()",
        "if pid == 0:",
        "    write_picture(path, from_array(y))",
        "    print(read_picture(path).size, flush=True)",
        "    os._exit(0)",
        "os.waitpid(pid, 0)",
    ]
    assert run("ncnn", body, tmp_path) == ["40x40"]
