import errno
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rednet.errors import ImageError, OptionError
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.files.ledger import LEDGER, Ledger, OutputState, hash_file
from rednet.files.listing import FOLDER, RESULT, list_entries, output_name
from rednet.files.many import Batch, restore_files
from rednet.files.preview import preview
from rednet.locking import lock
from rednet.restoring.finding import Finding
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import TASKS, Task, Upscale
from tests.tasks import BLIND, handle


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, stride=2), threads=1)


def save(path, seed=0, size=(12, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.png", "été 日本.jpg", "deep/b c.tif", "deep/deeper/d.webp")):
        save(tmp_path / "in" / name, number)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / ".hidden.png").write_bytes(b"x")
    (tmp_path / "out").mkdir()
    return tmp_path / "in"


def run(folder, restorer, job="job", task_for=lambda path: BLIND, **handling):
    out = folder.parent / "out"
    entries = list_entries(folder, out, recursive=True)
    with Ledger(out, job) as ledger:
        reports = restore_files(entries, Batch(task_for, handle(**handling)), restorer, ledger)
    return {Path(report.input).name: report for report in reports}


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_tree_is_mirrored(folder, restorer):
    reports = run(folder, restorer)
    assert {report.status for report in reports.values()} == {"restored"}
    names = {"a.png", "été 日本.jpg", "deep/b c.tif", "deep/deeper/d.webp", LEDGER}
    assert set(content(folder.parent / "out")) == names


def test_without_recursive_only_the_folder_itself_is_read(folder):
    assert {entry.source.name for entry in list_entries(folder, folder.parent / "out")} == {"a.png", "été 日本.jpg"}


def test_one_bad_file_is_reported_and_the_rest_is_done(folder, restorer):
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "b-empty.jpg").touch()
    reports = run(folder, restorer)
    assert {name for name, report in reports.items() if report.status == "failed"} == {"bad.png", "b-empty.jpg"}
    assert "empty (0 bytes)" in reports["b-empty.jpg"].error
    assert sum(report.status == "restored" for report in reports.values()) == 4


def test_a_surprise_in_one_file_does_not_stop_the_rest(folder, restorer):
    class Surprise(Task):
        def look(self, sample, path):
            if path.name == "a.png":
                raise MemoryError("boom")
            return Finding({}, "")

    reports = run(folder, restorer, task_for=lambda path: Surprise())
    assert "MemoryError: boom" in reports["a.png"].error
    assert sum(report.status == "restored" for report in reports.values()) == 3


def test_a_rerun_keeps_what_is_done_and_writes_nothing_anew(folder, restorer):
    run(folder, restorer)
    out = folder.parent / "out"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*") if path.name != LEDGER}
    first = content(out)
    assert {report.status for report in run(folder, restorer).values()} == {"kept"}
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert content(out) == first


def test_what_is_missing_stale_or_of_other_options_is_made_again(folder, restorer):
    run(folder, restorer)
    out = folder.parent / "out"
    (out / "a.png").unlink()
    save(folder / "deep/b c.tif", 99)
    reports = run(folder, restorer)
    assert reports["a.png"].status == reports["b c.tif"].status == "restored"
    assert reports["d.webp"].status == "kept"
    again = run(folder, restorer, job="another", strength=0.5)
    assert {report.status for report in again.values()} == {"restored"}


def test_a_changed_output_is_made_again_and_put_aside(folder, restorer):
    run(folder, restorer)
    out = folder.parent / "out"
    whole = (out / "a.png").read_bytes()
    (out / "a.png").write_bytes(b"retouched by hand")
    assert run(folder, restorer)["a.png"].status == "restored"
    assert (out / "a.png").read_bytes() == whole
    assert (out / "a.changed-1.png").read_bytes() == b"retouched by hand"


def test_a_changed_output_keeps_its_name_until_the_new_one_is_whole(folder, restorer):
    run(folder, restorer)
    out = folder.parent / "out"
    (out / "a.png").write_bytes(b"retouched by hand")
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:200])
    assert run(folder, restorer)["a.png"].status == "failed"
    assert (out / "a.png").read_bytes() == b"retouched by hand"
    save(folder / "a.png")
    assert run(folder, restorer)["a.png"].status == "restored"
    assert (out / "a.changed-1.png").read_bytes() == b"retouched by hand"


def test_what_lies_in_an_outputs_way_is_one_line(folder, restorer):
    run(folder, restorer)
    out = folder.parent / "out"
    (out / "a.png").unlink()
    (out / "a.png").mkdir()
    shutil.rmtree(out / "deep")
    (out / "deep").write_text("in the way of a folder")
    reports = run(folder, restorer)
    assert "a.png: Is a directory" in reports["a.png"].error
    assert "cannot make the folder" in reports["b c.tif"].error
    assert not any("\n" in report.error or "Errno" in report.error for report in reports.values())


def test_a_file_that_is_not_ours_is_never_overwritten_unasked(folder, restorer):
    out = folder.parent / "out"
    (out / "a.png").write_bytes(b"precious")
    report = run(folder, restorer)["a.png"]
    assert report.status == "failed" and "exists already" in report.error and report.option == "overwrite"
    assert (out / "a.png").read_bytes() == b"precious"


def test_a_ledger_that_was_cut_off_is_read_as_far_as_it_goes(folder, restorer):
    run(folder, restorer)
    path = folder.parent / "out" / LEDGER
    lines = path.read_text("utf-8").splitlines(keepends=True)
    whole = path.read_bytes()
    path.write_text("".join(lines[:-1]) + lines[-1][:20], encoding="utf-8")
    lost = json.loads(lines[-1])["output"]
    (folder.parent / "out" / lost).unlink()
    run(folder, restorer)
    assert path.read_bytes() == whole


def test_the_ledger_knows_how_an_output_stands(tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(b"in")
    ledger = Ledger(tmp_path, "job")
    with ledger:
        assert ledger.state(source, target) is OutputState.MISSING
        target.write_bytes(b"out")
        assert ledger.state(source, target) is OutputState.FOREIGN
        ledger.record(hash_file(source), target, target)
        assert ledger.state(source, target) is OutputState.DONE
        assert Ledger(tmp_path, "other").read().state(source, target) is OutputState.STALE
        source.write_bytes(b"another")
        assert ledger.state(source, target) is OutputState.STALE
        target.write_bytes(b"changed")
        assert ledger.state(source, target) is OutputState.CHANGED


def test_two_runs_into_one_folder_are_refused(tmp_path):
    with Ledger(tmp_path, "job"), pytest.raises(ImageError, match="another run"), Ledger(tmp_path, "job"):
        pass


def test_a_run_that_waited_for_the_end_of_another_writes_into_the_ledger_that_that_one_left(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"a")
    first = Ledger(tmp_path, "job").__enter__()

    def locked_after_the_other_has_ended(file, **options):
        monkeypatch.setattr("rednet.files.ledger.lock", lock)
        first.record("1", tmp_path / "a.png", tmp_path / "a.png")
        first.__exit__(None)  # puts a new file in the place of the one that has just been opened
        return lock(file, **options)

    monkeypatch.setattr("rednet.files.ledger.lock", locked_after_the_other_has_ended)
    with Ledger(tmp_path, "job") as second:
        second.record("2", tmp_path / "a.png", tmp_path / "a.png")
        lines = [json.loads(row) for row in (tmp_path / LEDGER).read_text().splitlines() if row]  # as after a kill
        assert [line["input_sha256"] for line in lines] == ["1", "2"]
        with pytest.raises(ImageError, match="another run"), Ledger(tmp_path, "job"):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_disk_without_locks_is_not_taken_for_another_run(number, folder, restorer, monkeypatch):
    def flock(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    assert {report.status for report in run(folder, restorer).values()} == {"restored"}
    assert {report.status for report in run(folder, restorer).values()} == {"kept"}
    assert not [name for name in content(folder.parent / "out") if name.startswith(".rednet-") and name != LEDGER]


def test_a_ledger_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / LEDGER).mkdir()
    with pytest.raises(ImageError, match=r"cannot read .*ledger\.jsonl: Is a directory"):
        Ledger(tmp_path, "job").read()
    (tmp_path / "file").touch()
    assert not Ledger(tmp_path / "file", "job").read().outputs()


def test_loops_of_links_end_and_each_folder_is_read_once(folder):
    (folder / "deep" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "again").symlink_to(folder / "deep", target_is_directory=True)
    entries = list_entries(folder, folder.parent / "out", recursive=True)
    assert len(entries) == 4 and len({entry.source.name for entry in entries}) == 4


def test_a_link_that_leads_to_itself_is_one_bad_file_among_good_ones(folder, restorer):
    (folder / "b.png").symlink_to("b.png")
    reports = run(folder, restorer)
    assert "symbolic links" in reports["b.png"].error
    assert sum(report.status == "restored" for report in reports.values()) == 4


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_an_error_of_its_own(folder):
    (folder / "deep").chmod(0)
    errors = [entry.error for entry in list_entries(folder, folder.parent / "out", recursive=True) if entry.error]
    (folder / "deep").chmod(0o755)
    assert len(errors) == 1 and "Permission denied" in errors[0]


def test_a_folder_that_disappears_is_an_error_of_its_own(folder, monkeypatch):
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "deeper":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    entries = list_entries(folder, folder.parent / "out", recursive=True)
    assert [entry.error for entry in entries if entry.error] == [f"cannot read {folder}/deep/deeper: Permission denied"]
    assert len(entries) == 4


def test_files_and_folders_are_listed_in_their_order_and_once(folder):
    out, passed = folder.parent / "out", Counter()
    absent = folder / "absent.bmp"
    entries = list_entries([absent, folder / "deep", folder, folder / ".." / "in" / "a.png"], out, passed=passed)
    assert [entry.source.name for entry in entries] == ["absent.bmp", "b c.tif", "a.png", "été 日本.jpg"]
    assert [entry.target.relative_to(out).as_posix() for entry in entries] == [
        "absent.png", "b c.tif", "a.png", "été 日本.jpg",
    ]  # fmt: skip
    assert +passed == {FOLDER: 2, ".txt": 1}


def test_files_that_are_named_go_beside_themselves_and_results_are_no_inputs(folder):
    save(folder / "a-new.png")
    passed = Counter()
    entries = list_entries([folder / "a.png", folder / "a-new.png"], None, suffix="-new", passed=passed)
    assert [(entry.source.name, entry.target) for entry in entries] == [("a.png", folder / "a-new.png")]
    assert +passed == {RESULT: 1}
    with pytest.raises(OptionError, match="over itself"):
        list_entries([folder / "a.png"], None)


def test_no_verb_is_in_another_ones_way():
    names = {Upscale(scale=scale).suffix for scale in (2, 3, 4)}
    names |= {kind.ending for kind in TASKS.values() if kind is not Upscale}
    assert len(names) == len(TASKS) - 1 + 3 and {"-restored", "-denoised", "-x3"} < names


def test_inputs_that_would_give_one_output_all_fail_and_say_so(folder, restorer):
    save(folder / "a.jpg")
    entries = list_entries(folder, folder.parent / "out", format="png")
    clashes = [entry for entry in entries if entry.error]
    assert {entry.source.name for entry in clashes} == {"a.png", "a.jpg"}
    assert all("out/a.png" in entry.error for entry in clashes)


def test_outputs_beside_their_inputs_are_not_taken_for_inputs(folder):
    with pytest.raises(OptionError, match="over itself"):
        list_entries(folder, folder)
    save(folder / "a-new.png")
    names = {entry.source.name for entry in list_entries(folder, folder, suffix="-new")}
    assert names == {"a.png", "été 日本.jpg"}


def test_results_of_earlier_runs_beside_their_inputs_are_not_taken_for_inputs(folder, restorer):
    def names(**options):
        with Ledger(folder, "job") as ledger:
            entries = list_entries(folder, folder.parent / "in" / "deep" / "..", made=ledger.outputs, **options)
        return {entry.source.name for entry in entries}

    entries = list_entries(folder, folder, suffix="-new")
    with Ledger(folder, "job") as ledger:
        restore_files(entries, Batch(lambda path: BLIND, Handling()), restorer, ledger)
    (folder / "a-new.png").rename(folder / "a-new.changed-1.png")
    save(folder / "theirs.changed-1.png")
    expected = {"a.png", "été 日本.jpg", "theirs.changed-1.png"}
    assert names(suffix="-other") == names(suffix="-new", format="webp") == expected


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("a.JPG", {}, "a.JPG"),
        ("a.gif", {}, "a.png"),
        ("a.jfif", {}, "a.jpg"),
        ("a", {}, "a.png"),
        ("a.b.tif", {"suffix": "-x"}, "a.b-x.tif"),
        ("a.png", {"format": "JPG"}, "a.jpg"),
    ],
)
def test_outputs_are_named_by_rule(name, options, expected):
    assert output_name(Path(name), **options) == expected


def test_a_format_that_is_unknown_is_refused():
    with pytest.raises(OptionError, match="format is 'bmp'"):
        output_name(Path("a.png"), format="bmp")
    with pytest.raises(OptionError, match="suffix"):
        output_name(Path("a.png"), suffix="/x")


def test_a_preview_writes_nothing_and_says_what_a_run_would_do(folder, restorer):
    out = folder.parent / "out"
    run(folder, restorer)
    shutil.rmtree(out / "deep")
    (folder / "bad.png").write_bytes(b"no picture")
    before = content(out)
    entries = list_entries(folder, out, recursive=True)
    ledger = Ledger(out, "job").read()
    reports = preview(entries, Batch(lambda path: BLIND, Handling()), restorer, ledger)
    found = {Path(report.input).name: report.status for report in reports}
    assert found == {
        "a.png": "kept",
        "été 日本.jpg": "kept",
        "b c.tif": "to do",
        "d.webp": "to do",
        "bad.png": "failed",
    }
    assert content(out) == before and not (out / "deep").exists()
    assert all(report.seconds > 0 for report in reports if report.status == "to do")


def test_stopping_leaves_only_whole_files_and_a_rerun_goes_on(folder, restorer, monkeypatch):
    loaded, closed = [], []
    for name, tasks in (("load", loaded), ("close", closed)):
        own = getattr(FileTask, name)
        monkeypatch.setattr(FileTask, name, lambda task, own=own, tasks=tasks: (tasks.append(task), own(task)))
    for number in range(20):
        save(folder / f"{number:02}.png", number)
    out = folder.parent / "out"
    entries = list_entries(folder, out, recursive=True)
    seen = []

    def stop(share):
        seen.append(share)
        if len(seen) == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Ledger(out, "job") as ledger:
        restore_files(entries, Batch(lambda path: BLIND, Handling(), on_progress=stop), restorer, ledger)
    assert 0 < len(loaded) < len(entries) and set(loaded) <= set(closed)  # those that were read ahead, too
    stopped = content(out)
    assert 0 < len(stopped) < len(entries) and not [name for name in stopped if ".part" in name]
    run(folder, restorer)
    whole = content(out)
    assert len(whole) == len(entries) + 1
    shutil.rmtree(out)
    out.mkdir()
    run(folder, restorer)
    assert content(out) == whole
