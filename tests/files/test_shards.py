"""A folder divided into shards: every picture is in exactly one, and all shards together are one run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rednet.errors import ImageError, OptionError
from rednet.files.ledger import LEDGER, LEDGERS, Ledger, OutputState, hash_file
from rednet.files.listing import Entry
from rednet.files.shards import Shard
from tests.command import rednet

OUT = Path("out")
NAMES = [f"{number % 7}/picture é {number}.png" for number in range(2000)]
FILES, SHARDS = 300, 10


def entries(names):
    return [Entry(Path("in", name), OUT / name) for name in names]


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_shards_are_disjoint_complete_and_about_equal(count):
    shares = [Shard(number, count).cut(entries(NAMES), OUT) for number in range(1, count + 1)]
    assert sorted(e.target for share in shares for e in share) == sorted(OUT / name for name in NAMES)
    expected = len(NAMES) / count
    assert all(abs(len(share) - expected) <= 5 * expected**0.5 for share in shares)  # 5 sigma of a Poisson number


def test_a_picture_keeps_its_shard_when_others_are_added():
    few, all_of_them = (Shard(3, 8).cut(entries(names), OUT) for names in (NAMES[::3], NAMES))
    assert few and set(few) < set(all_of_them)


def test_a_picture_keeps_its_shard_on_every_machine_and_in_every_version():
    for name, number in (("a.png", 1), ("deep/é.jpg", 7), ("\udcff", 1)):  # printf a.png | sha256sum, first 16 digits
        assert [n for n in range(1, 9) if Shard(n, 8).holds(name)] == [number]


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/", "a/b", "-1/8", "1/0", "3/8/2", "²/8", ""])
def test_a_shard_that_does_not_exist_is_refused(text):
    with pytest.raises(OptionError, match="shard is"):
        Shard.parse(text)


def test_every_run_knows_the_outputs_of_all_shards(tmp_path):
    source, target, part = (tmp_path / name for name in ("source", "target", "part"))
    for path in (source, target, part):
        path.write_bytes(b"the same")
    with Ledger(tmp_path, "job", Shard(2, 3)) as ledger:
        ledger.record(hash_file(source), target, part)
    for shard in (None, Shard(1, 3), Shard(2, 3), Shard(4, 5)):
        assert Ledger(tmp_path, "job", shard).read().state(source, target) is OutputState.DONE
        assert Ledger(tmp_path, "other", shard).read().state(source, target) is OutputState.STALE
    with Ledger(tmp_path, "other") as ledger:
        ledger.record(hash_file(source), target, part)
    for job in ("job", "other"):  # the same content may have two origins, and the order of the files means nothing
        assert Ledger(tmp_path, job, Shard(1, 3)).read().state(source, target) is OutputState.DONE


def test_shards_write_at_the_same_time_and_the_same_shard_only_once(tmp_path):
    again = Ledger(tmp_path, "job", Shard(2, 2))
    first, second = (Ledger(tmp_path, "job", Shard(number, 2)) for number in (1, 2))
    with first, second, pytest.raises(ImageError, match="2-of-2"):
        again.__enter__()
    with again:  # the lock has ended with its run
        pass


def start(folder, out, model, *options):
    command = [sys.executable, "-m", "rednet", "denoise", str(folder), "-o", str(out), "--recursive", *options]
    command += ["--model", str(model), "--threads", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    words, errors = process.communicate()
    assert process.returncode == 0, errors
    return words


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and not path.match(LEDGERS))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def save(folder, count, ending="png"):
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / str(number % 7) / f"picture {number}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(path)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_ten_shards_of_which_one_is_killed_make_what_one_run_makes(tmp_path, make_model):
    model, pictures, out = make_model(depth=4, width=4, channels=3, stride=2), tmp_path / "in", tmp_path / "shards"
    save(pictures, FILES)
    finish(start(pictures, tmp_path / "one", model))
    for number in range(1, SHARDS + 1):
        process = start(pictures, out, model, "--shard", f"{number}/{SHARDS}")
        ledger = out / f".rednet-ledger-{number}-of-{SHARDS}.jsonl"
        while number == 4 and (not ledger.exists() or ledger.read_text().count("{") < 3):
            time.sleep(0.001)
        if number == 4:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        else:
            finish(process)
    assert 0 < len(content(tmp_path / "one")) - len(list(out.rglob("picture*"))) < FILES
    assert " kept" in finish(start(pictures, out, model, "--shard", f"4/{SHARDS}"))
    assert content(out) == content(tmp_path / "one") and len(content(out)) == FILES
    lines = sorted(line for path in out.glob(LEDGERS) for line in path.read_text().splitlines())
    assert lines == sorted((tmp_path / "one" / LEDGER).read_text().splitlines())
    assert f"{FILES} kept" in finish(start(pictures, out, model))  # a whole run goes on from the shards


def test_shards_of_the_command(tmp_path, make_model):
    model, pictures, out = make_model(depth=4, width=4, channels=3, stride=2), tmp_path / "in", tmp_path / "out"
    save(pictures, 2)
    given = (pictures, "-o", out, "--recursive", "--model", model)
    said = [rednet("denoise", *given, "--shard", f"{number}/9").stdout for number in range(1, 10)]
    assert len(content(out)) == 2
    assert sum("nothing to do" in words for words in said) in (7, 8)  # an empty shard is no error
    for options, word in (
        ((pictures, "--shard", "3/2", "-o", out), "shard is 3/2"),
        ((pictures / "0" / "picture 0.png", pictures / "1" / "picture 1.png", "--shard", "1/2"), "with -o"),
        ((pictures / "0" / "picture 0.png", "--shard", "1/2"), "folder"),
    ):
        done = rednet("denoise", *options, "--model", model)
        assert done.returncode and word in done.stderr and "Traceback" not in done.stderr
