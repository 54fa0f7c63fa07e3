"""Runs `rednet` in a process of its own, as a user does, without waiting for its imports every time.

The process is forked from one that has imported the modules and has not used them. A new Python would spend most of a
test's time on imports. Tests of the start itself, of signals, or of several processes at once start
`python -m rednet`.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

IMPORTED = (
    "rednet.cli.app", "rednet.cli.one_file", "rednet.cli.many_files", "rednet.engines.ncnn_engine",
    "rednet.restoring.restorer", "rednet.training.finetuning", "rich.progress",
)  # fmt: skip
FORKED = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
if hasattr(FORKED, "set_forkserver_preload"):
    FORKED.set_forkserver_preload([*IMPORTED, __name__])
LONGEST_S = 120


def rednet(*arguments, input=None, stdin=subprocess.DEVNULL, text=True, cwd=None, env=None):
    """Run the command line; return what `subprocess.run` would.

    Args:
        arguments: after `rednet`.
        input: text or bytes for stdin.
        stdin: a terminal to read from instead, as a file descriptor.
        text: return text rather than bytes.
        cwd: the process's folder.
        env: its environment; None for that of the test.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given, out, error = (Path(scratch) / name for name in ("in", "out", "error"))
        if input is not None:
            given.write_bytes(input.encode() if isinstance(input, str) else input)
        source = given if input is not None else os.devnull if stdin == subprocess.DEVNULL else os.ttyname(stdin)
        words = [os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in arguments]
        place, names = os.fspath(cwd or Path.cwd()), dict(os.environ if env is None else env)
        process = FORKED.Process(target=_run, args=(words, str(source), str(out), str(error), place, names))
        process.start()
        process.join(LONGEST_S)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, LONGEST_S, out.read_bytes(), error.read_bytes())
        said = (out.read_text("utf-8"), error.read_text("utf-8")) if text else (out.read_bytes(), error.read_bytes())
        return subprocess.CompletedProcess(words, process.exitcode, *said)


def _run(words, source, out, error, place, names):
    """Become `rednet`, in the forked process."""
    made = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, (path, way) in enumerate(((source, os.O_RDONLY | os.O_NOCTTY), (out, made), (error, made))):
        opened = os.open(path, way)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0)  # multiprocessing has closed it
    os.chdir(place)
    os.environ.clear()
    os.environ.update(names)
    sys.argv = ["rednet", *words]
    from rednet.cli.app import main

    main()
