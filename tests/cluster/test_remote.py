"""Pictures with URLs, in fsspec's own memory: the same results as on a disk, whole or not at all, and none lost."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from rednet.cluster import records as records_module
from rednet.cluster import storage
from rednet.cluster.records import Records
from rednet.cluster.remote import list_jobs, restore_jobs
from rednet.cluster.storage import Storage, repeated
from rednet.errors import ImageError, OptionError
from rednet.files.ledger import LEDGER, Ledger
from rednet.files.listing import RESULT, list_entries
from rednet.files.many import Batch, restore_files
from rednet.files.shards import Shard
from rednet.restoring.restorer import Restorer
from tests.command import rednet
from tests.tasks import BLIND, handle

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, stride=2), threads=1)


@pytest.fixture
def memory():
    disk = fsspec.filesystem("memory")
    disk.store.clear()
    disk.pseudo_dirs[:] = [""]
    yield disk
    disk.store.clear()


def save(folder, *names):
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        levels = np.random.default_rng(number).integers(0, 256, (12, 10, 3), np.uint8)
        Image.fromarray(levels).save(folder / name)
    return folder


@pytest.fixture
def pictures(tmp_path, memory):
    folder = save(tmp_path / "in", "a.png", "été 日本.jpg", "deep/b c.tif", "deep/deeper/d.webp")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(b"x")
    memory.put(str(folder), "/in", recursive=True)
    return folder


def run(place, restorer, *, inputs="memory://in", out="memory://out", job="job", shard=None, overwrite=False, **more):
    known = Records(Storage(out), job, shard, overwrite=overwrite)
    jobs = list_jobs([Storage(inputs)], known, recursive=True, **more)
    if shard is not None:
        jobs = [job for job in jobs if shard.holds(job.name)]
    with known:
        reports = restore_jobs(jobs, Batch(lambda path: BLIND, handle()), restorer, known, place / "work")
    assert not list((place / "work").rglob("*.*"))  # nothing stays on this machine
    return {report.input: report for report in reports}


def objects(memory, root="/out"):
    return {path.removeprefix(f"{root}/"): memory.cat_file(path) for path in memory.find(root)}


def on_disk(pictures, out, restorer):
    out.mkdir()
    with Ledger(out, "job") as ledger:
        entries = list_entries(pictures, out, recursive=True)
        restore_files(entries, Batch(lambda path: BLIND, handle()), restorer, ledger)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.*")}


def test_the_results_are_those_of_a_folder_and_the_ledger_tells_the_same(pictures, restorer, memory, tmp_path):
    reports = run(tmp_path, restorer)
    assert {report.status for report in reports.values()} == {"restored"}
    assert set(reports) == {
        f"memory://in/{name}" for name in ("a.png", "été 日本.jpg", "deep/b c.tif", "deep/deeper/d.webp")
    }
    expected, made = on_disk(pictures, tmp_path / "out", restorer), objects(memory)
    for files in (expected, made):
        rows = [json.loads(row) for row in files.pop(LEDGER).splitlines()]
        files["ledger"] = [{k: v for k, v in row.items() if not k.endswith("_mark")} for row in rows]
    assert made == expected


@pytest.mark.parametrize(
    ("inputs", "out"), [("memory://in", "{0}/there"), ("{0}/in", "memory://out"), ("file://{0}/in", "{0}/there")]
)
def test_one_side_may_be_on_this_machine(pictures, restorer, memory, tmp_path, inputs, out):
    reports = run(tmp_path, restorer, inputs=inputs.format(tmp_path), out=out.format(tmp_path))
    assert {report.status for report in reports.values()} == {"restored"}
    there = tmp_path / "there"
    made = (
        {p.relative_to(there).as_posix(): p.read_bytes() for p in there.rglob("*.*")}
        if "there" in out
        else objects(memory)
    )
    expected = on_disk(pictures, tmp_path / "out", restorer)
    del made[LEDGER], expected[LEDGER]
    assert made == expected
    again = run(tmp_path, restorer, inputs=inputs.format(tmp_path), out=out.format(tmp_path))
    assert {report.status for report in again.values()} == {"kept"}


def test_a_rerun_reads_no_picture(pictures, restorer, memory, tmp_path, monkeypatch):
    run(tmp_path, restorer)
    before = objects(memory)
    monkeypatch.setattr(Storage, "fetch", lambda *_: pytest.fail("a picture was read"))
    assert {report.status for report in run(tmp_path, restorer).values()} == {"kept"}
    assert objects(memory) == before


def test_what_is_missing_changed_stale_or_foreign_is_treated_as_in_a_folder(pictures, restorer, memory, tmp_path):
    memory.pipe_file("/out/a.png", b"not made by rednet")
    reports = run(tmp_path, restorer)
    assert "exists already" in reports["memory://in/a.png"].error and memory.cat_file("/out/a.png").startswith(b"not")
    assert "memory://out/a.png" in reports["memory://in/a.png"].error and str(tmp_path) not in str(reports)
    assert run(tmp_path, restorer, overwrite=True)["memory://in/a.png"].status == "restored"
    whole = objects(memory)
    memory.rm_file("/out/été 日本.jpg")
    memory.pipe_file("/out/deep/b c.tif", b"retouched by hand")
    reports = run(tmp_path, restorer)
    assert Counter(report.status for report in reports.values()) == {"restored": 2, "kept": 2}
    after = objects(memory)
    assert after.pop("deep/b c.changed-1.tif") == b"retouched by hand"
    del after[LEDGER], whole[LEDGER]
    assert after == whole
    assert {report.status for report in run(tmp_path, restorer, job="another").values()} == {"restored"}


def test_a_run_that_is_killed_between_an_output_and_its_line_goes_on(pictures, restorer, memory, tmp_path, monkeypatch):
    run(tmp_path, restorer)
    whole = objects(memory)
    memory.rm_file(f"/out/{LEDGER}")  # as after a kill before the first part
    reports = run(tmp_path, restorer)
    assert {report.status for report in reports.values()} == {"restored"}
    assert set(objects(memory)) == set(whole)
    assert {report.status for report in run(tmp_path, restorer).values()} == {"kept"}


def test_a_stopped_run_leaves_parts_which_the_next_one_joins(pictures, restorer, memory, tmp_path, monkeypatch):
    monkeypatch.setattr(records_module, "PART_EVERY_S", 0.0)
    done = []

    def stop(report):
        done.append(report)
        if len(done) == 2:
            raise KeyboardInterrupt

    known = Records(Storage("memory://out"), "job")
    jobs = list_jobs([Storage("memory://in")], known, recursive=True)
    with pytest.raises(KeyboardInterrupt), known:
        restore_jobs(jobs, Batch(lambda path: BLIND, handle(), stop), restorer, known, tmp_path / "work")
    parts = [name for name in objects(memory) if "-part-" in name]
    assert parts and LEDGER not in objects(memory)
    reports = run(tmp_path, restorer)
    assert Counter(report.status for report in reports.values())["kept"] >= 2
    assert set(objects(memory)) == {"a.png", "été 日本.jpg", "deep/b c.tif", "deep/deeper/d.webp", LEDGER}


def test_shards_have_ledgers_of_their_own(pictures, restorer, memory, tmp_path):
    count = sum(len(run(tmp_path, restorer, shard=Shard(number, 3))) for number in (1, 2, 3))
    assert count == 4
    assert {report.status for report in run(tmp_path, restorer).values()} == {"kept"}
    run(tmp_path, restorer, out="memory://one")
    assert {n: c for n, c in objects(memory).items() if n[0] != "."} == {
        n: c for n, c in objects(memory, "/one").items() if n[0] != "."
    }


def test_a_picture_is_never_its_own_result_by_whatever_way(pictures, restorer, tmp_path):
    (tmp_path / "way").symlink_to(pictures)
    before = (pictures / "a.png").read_bytes()
    for inputs, out in ((pictures, tmp_path / "way"), (f"{pictures}/../in", f"file://{pictures}")):
        with pytest.raises(OptionError, match="over itself"):
            run(tmp_path, restorer, inputs=str(inputs), out=str(out), overwrite=True)
    assert (pictures / "a.png").read_bytes() == before


def test_a_file_without_a_folder_lies_in_the_current_one(pictures, memory, monkeypatch):
    monkeypatch.chdir(pictures)
    (job,) = list_jobs([Storage("a.png")], Records(Storage("memory://out")))
    assert job.place == "./a.png" and job.found.name == "a.png"


def test_results_among_the_pictures_and_clashing_names_are_found(pictures, restorer, memory, tmp_path):
    for _ in range(2):
        passed = Counter()
        run(tmp_path, restorer, out="memory://in", suffix="-new", passed=passed)
    assert passed[RESULT] == 4 and len(objects(memory, "/in")) == 6 + 4 + 1
    with pytest.raises(OptionError, match="over itself"):
        run(tmp_path, restorer, out="memory://in")
    memory.pipe_file("/in/a.jpg", memory.cat_file("/in/été 日本.jpg"))
    reports = run(tmp_path, restorer, format="png")
    assert (
        "another input" in reports["memory://in/a.png"].error and "another input" in reports["memory://in/a.jpg"].error
    )


def test_a_broken_picture_is_reported_by_its_url(pictures, restorer, memory, tmp_path):
    memory.pipe_file("/in/bad.png", b"no picture")
    report = run(tmp_path, restorer)["memory://in/bad.png"]
    assert (
        report.status == "failed"
        and report.error.startswith("memory://in/bad.png")
        and str(tmp_path) not in report.error
    )
    assert "/" + "work" + "/" not in report.error


def test_an_object_never_appears_half_written(pictures, restorer, memory, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "FIRST_PAUSE_S", 0.0)

    def breaks_off(local, remote, **options):
        memory.pipe_file(remote, b"half")
        raise TimeoutError("the line is gone")

    monkeypatch.setattr(memory, "put_file", breaks_off)
    known = Records(Storage("memory://out"), "job")
    jobs = list_jobs([Storage("memory://in")], known, recursive=True)
    with known:
        reports = restore_jobs(jobs, Batch(lambda path: BLIND, handle()), restorer, known, tmp_path / "work")
    assert all("failed 6 times" in report.error for report in reports) and not objects(memory)


def test_only_errors_that_may_pass_are_repeated_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(storage, "FIRST_PAUSE_S", 0.0)
    tries = []

    def work(error, last):
        tries.append(error)
        if len(tries) < last:
            raise error
        return len(tries)

    assert repeated(lambda: work(OSError("slow down"), 6), "reading") == 6
    tries.clear()
    with pytest.raises(ImageError, match="6 times"):
        repeated(lambda: work(TimeoutError(), 7), "reading")
    tries.clear()
    with pytest.raises(ImageError, match="reading failed: PermissionError"):
        repeated(lambda: work(PermissionError("no"), 2), "reading")
    assert len(tries) == 1


def test_the_command_takes_urls_and_says_what_they_cannot(tmp_path, make_model):
    model = make_model(depth=4, width=4, channels=3, stride=2)
    save(tmp_path / "in", "a.png", "b.jpg")

    def denoise(*arguments):
        return rednet("denoise", *arguments, "--model", model)

    url, out = f"file://{tmp_path}/in", f"file://{tmp_path}/out"
    done = denoise(url, "-o", out)
    assert done.returncode == 0 and f"{out}: 2 restored" in done.stdout, done.stderr
    assert "2 kept" in denoise(url, "-o", str(tmp_path / "out")).stdout
    assert denoise(f"{url}/a.png", "-o", f"{out}/one").returncode == 0 and (tmp_path / "out/one/a.png").exists()
    for options, word in (
        ((url,), "give it with -o"),
        ((url, "-o", out, "--dry-run"), "on this machine"),
        ((f"file://{tmp_path}/none", "-o", out), "no pictures"),
        (("nothing://in", "-o", out), "cannot open nothing://in"),
    ):
        failed = denoise(*options)
        assert failed.returncode == 1 and word in failed.stderr and "Traceback" not in failed.stderr, failed.stderr


def test_plain_paths_need_no_package_for_urls(tmp_path, make_model):
    model, folder = make_model(depth=4, width=4, channels=3, stride=2), save(tmp_path / "in", "a.png", "b.jpg")
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        f"sys.argv = ['rednet', 'denoise', {str(folder)!r}, '-o', {str(tmp_path / 'out')!r}, "
        f"'--model', {str(model)!r}]\n"
        "from rednet.cli.app import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "2 restored" in done.stdout, done.stderr
    failed = subprocess.run(
        [sys.executable, "-c", code.replace(str(tmp_path / "out"), "s3://b/out")], capture_output=True, text=True
    )
    assert failed.returncode == 1 and "fsspec" in failed.stderr and "Traceback" not in failed.stderr
