"""Files and folders as a user of the command meets them."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.command import rednet


@pytest.fixture(scope="module")
def model(make_model):
    return make_model(depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "quality", "scale"))


def save(path, seed=0, size=(40, 30), **options):
    """Write a noisy picture, in which no verb finds that it has nothing to do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[: size[0], : size[1]]
    smooth = 128 + 50 * np.sin(rows / 9 + seed) * np.cos(columns / 11)
    levels = smooth[:, :, None] + np.random.default_rng(seed).normal(0, 25, (*size, 3))
    Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "in" / "a photo.jpg", 0, quality=30)
    save(tmp_path / "in" / "deep" / "été.png", 1)
    return tmp_path / "in"


def test_a_folder_is_mirrored_and_a_rerun_keeps_it(folder, model, tmp_path):
    command = ("restore", folder, "-o", tmp_path / "out", "--recursive", "--model", model)
    done = rednet(*command)
    assert done.returncode == 0, done.stderr
    assert "2 restored" in done.stdout
    assert {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.[jp]*g")} == {
        "a photo.jpg", "deep/été.png",
    }  # fmt: skip
    assert "2 kept" in rednet(*command).stdout


def test_one_bad_file_is_one_line_and_exit_code_1(folder, model, tmp_path):
    (folder / "bad.png").write_text("no picture")
    done = rednet("denoise", folder, "-o", tmp_path / "out", "--recursive", "--model", model, "--json")
    assert done.returncode == 1
    assert done.stderr.startswith("rednet: ") and done.stderr.count("\n") == 1 and "bad.png" in done.stderr
    report = {os.path.basename(row["input"]): row for row in json.loads(done.stdout)}  # noqa: PTH119
    assert report["bad.png"]["status"] == "failed" and report["a photo.jpg"]["status"] == "restored"
    assert report["a photo.jpg"]["megapixels"] == pytest.approx(0.0012)


def test_a_dry_run_writes_nothing(folder, model, tmp_path):
    done = rednet("restore", folder, "-o", tmp_path / "out", "--recursive", "--dry-run", "--model", model)
    assert done.returncode == 0, done.stderr
    assert "2 to do; about" in done.stdout and "JPEG of quality 30" in done.stdout
    assert not (tmp_path / "out").exists()
    (tmp_path / "odd" / ".rednet-ledger.jsonl").mkdir(parents=True)
    done = rednet("restore", folder, "-o", tmp_path / "odd", "--dry-run", "--model", model)
    assert done.returncode == 1 and "ledger.jsonl: Is a directory" in done.stderr and done.stderr.count("\n") == 1
    done = rednet("restore", folder / "a photo.jpg", "--dry-run", "--model", model)
    assert "1 to do" in done.stdout and len(list(folder.iterdir())) == 2


def test_a_dry_run_of_one_file_says_what_a_run_would_say(folder, model, tmp_path):
    assert rednet("denoise", folder, "-o", tmp_path / "out", "--model", model).returncode == 0
    for target, options, code, word in (
        ("out/a photo.jpg", (), 1, "exists already"),  # for a run of one file, the folder's ledger means nothing
        ("out/a photo.jpg", ("--overwrite",), 0, "to do"),
        ("nowhere/a.jpg", (), 1, "there is no folder"),
    ):
        arguments = (folder / "a photo.jpg", "-o", tmp_path / target, *options, "--model", model)
        done = rednet("denoise", *arguments, "--dry-run")
        assert done.returncode == code and word in done.stdout + done.stderr
        assert rednet("denoise", *arguments).returncode == code


def test_results_beside_their_inputs_are_not_restored_again(folder, model):
    arguments = ("denoise", folder, "-o", folder, "--model", model)
    assert "1 restored" in rednet(*arguments, "--suffix", "-a").stdout
    assert "1 restored" in rednet(*arguments, "--suffix", "-b").stdout
    assert {path.name for path in folder.glob("*.jpg")} == {"a photo.jpg", "a photo-a.jpg", "a photo-b.jpg"}


def test_a_name_with_control_characters_is_shown_in_one_line(model, tmp_path):
    picture, bad = save(tmp_path / "in" / "a\n\x1b[2J.png"), tmp_path / "in" / "b\n.png"
    bad.write_text("no picture")
    for arguments in (("inspect", picture), ("denoise", picture), ("denoise", picture, "--dry-run", "--overwrite")):
        done = rednet(*arguments, *(() if arguments[0] == "inspect" else ("--model", model)))
        assert done.returncode == 0 and done.stdout.startswith(f"{picture.parent}/a\\n\\x1b[2J")
        assert not {"\x1b"} & set(done.stdout + done.stderr)
    for arguments in (("inspect", bad), ("denoise", bad, "--model", model)):
        done = rednet(*arguments)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and "b\\n.png is not" in done.stderr
    done = rednet("denoise", tmp_path / "in", "-o", tmp_path / "out", "--model", model)
    assert done.stderr.count("\n") == 1 and "b\\n.png is not a picture" in done.stderr
    assert (tmp_path / "out" / picture.name).exists()


def test_an_empty_name_is_no_folder(folder, model):
    picture = folder / "a photo.jpg"
    for places in (("",), (picture, "-o", ""), (picture, folder / "deep" / "été.png", "-o", ""), ("", "-o", "out")):
        done = rednet("denoise", *places, "--model", model, cwd=folder)
        assert done.returncode == 2 and "is empty" in done.stderr
    assert len(list(folder.iterdir())) == 2


def test_a_folder_or_an_empty_suffix_never_leads_to_the_picture_itself(folder, model, tmp_path):
    picture = folder / "a photo.jpg"
    (tmp_path / "way").symlink_to(folder)
    before = picture.read_bytes()
    for options in (("-o", folder), ("-o", tmp_path / "way"), ("--suffix", "")):
        done = rednet("denoise", picture, *options, "--overwrite", "--model", model)
        assert done.returncode == 1 and "over itself" in done.stderr and done.stderr.count("\n") == 1
    for option in ("--show-removed", "--uncertainty"):
        done = rednet("denoise", picture, option, tmp_path / "way" / picture.name, "--overwrite", "--model", model)
        assert done.returncode == 1 and "is the picture" in done.stderr and done.stderr.count("\n") == 1
    assert picture.read_bytes() == before and len(list(folder.iterdir())) == 2
    assert rednet("denoise", picture, "-o", picture, "--overwrite", "--model", model).returncode == 0  # was asked for
    assert picture.read_bytes() != before


def test_a_folder_needs_an_output_and_pictures(folder, model, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments, word in (
        ((folder,), "-o"),
        ((tmp_path / "empty", "-o", tmp_path / "out"), "no pictures"),
        ((folder, "-o", tmp_path / "out", "--show-removed", "x.png"), "not a folder"),
        ((folder, "-o", folder), "over itself"),
        ((folder, "-o", folder / "a photo.jpg" / "out", "--recursive"), "cannot make the folder"),
        ((folder, "-o", tmp_path / "out.jpg"), "name a folder"),
        ((folder, "-o", "-"), "is a folder"),
    ):
        done = rednet("denoise", *arguments, "--model", model)
        assert done.returncode == 1 and word in done.stderr and done.stderr.count("\n") == 1


def test_stdin_and_stdout(folder, model):
    content = (folder / "a photo.jpg").read_bytes()
    done = rednet("denoise", "-", "--model", model, input=content, text=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout[:2] == b"\xff\xd8"
    done = rednet("denoise", "-", "-o", "-", "--format", "png", "--model", model, input=content, text=False)
    assert done.stdout[:4] == b"\x89PNG"
    done = rednet("denoise", "-", "--model", model, input=b"", text=False)
    assert done.returncode == 1 and b"empty" in done.stderr and not done.stdout
    done = rednet("denoise", "-", "--skip-clean", "--model", model, input=content, text=False)
    assert done.returncode == 1 and b"leave --skip-clean out" in done.stderr and not done.stdout
    done = rednet("denoise", "-", "--max-megapixels", "0.001", "--model", model, input=content, text=False)
    assert done.returncode == 1 and b"the limit is 0.001" in done.stderr
    for broken in (b"no picture", (folder / "a photo.jpg").read_bytes()[:200]):
        done = rednet("denoise", "-", "--model", model, input=broken, text=False)
        assert done.returncode == 1 and done.stderr.startswith(b"rednet: stdin ") and not done.stdout
        done = rednet("denoise", "-", "-o", folder / "x.png", "--json", "--model", model, input=broken, text=False)
        assert done.returncode == 1 and all(row["input"] == "stdin" for row in json.loads(done.stdout or "[]"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")  # noqa: PTH110
def test_a_full_disk_behind_stdout_is_one_line(folder, model):
    picture = folder / "a photo.jpg"
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        for arguments in (
            ("denoise", picture, "-o", "-", "--model", model),
            ("denoise", picture, "-o", folder / "b.jpg", "--json", "--model", model),
            ("inspect", picture),
        ):
            buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
            command = [sys.executable, "-m", "rednet", *map(str, arguments)]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=buffered)
            assert done.returncode == 1 and "Traceback" not in done.stderr and "Exception" not in done.stderr
            assert done.stderr.splitlines()[-1] == "rednet: cannot write stdout: No space left on device"


def test_a_stdin_that_cannot_be_held_is_one_line(folder, model):
    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100, 100))
    content = (folder / "a photo.jpg").read_bytes()
    command = [sys.executable, "-m", "rednet", "denoise", "-", "--model", str(model)]
    done = subprocess.run(command, input=content, capture_output=True, preexec_fn=small)
    assert done.returncode == 1 and done.stderr.startswith(b"rednet: cannot write ") and done.stderr.count(b"\n") == 1
    closed = ("sh", "-c", '"$@" <&-', "sh", sys.executable, "-m", "rednet", "denoise", "-", "--model", model)
    done = subprocess.run(list(map(str, closed)), capture_output=True)
    assert done.returncode == 1 and done.stderr == b"rednet: stdin is closed; give a file, or a picture through stdin\n"
    nowhere = {**os.environ, "TMPDIR": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import tempfile; tempfile._candidate_tempdir_list = list; from rednet.cli.app import main; main()"
    command = [sys.executable, "-c", code, "denoise", "-", "--model", str(model)]
    done = subprocess.run(command, input=content, capture_output=True, env=nowhere)
    assert done.returncode == 1 and done.stderr.startswith(b"rednet: No usable temporary directory")
    assert done.stderr.count(b"\n") == 1


def test_a_dry_run_of_stdin_names_what_the_user_named(folder, model, tmp_path):
    picture = (folder / "a photo.jpg").read_bytes()
    for options, target in (((), "stdout"), (("-o", tmp_path / "x.png"), str(tmp_path / "x.png"))):
        done = rednet("denoise", "-", "--dry-run", *options, "--model", model, input=picture, text=False)
        assert done.returncode == 0 and done.stdout.decode().startswith(f"stdin -> {target}: to do"), done.stderr
    assert not (tmp_path / "x.png").exists()


def test_a_file_that_is_named_like_stdin_keeps_its_name(model, tmp_path):
    (tmp_path / "mystdin.jpg").write_text("no picture")
    done = rednet("denoise", "mystdin.jpg", "--model", model, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("rednet: mystdin.jpg is not a picture")


def test_what_contradicts_the_name_of_the_output_is_refused(folder, model, tmp_path):
    for options in (("--format", "jpg"), ("--suffix", "-new"), ("--recursive",)):
        done = rednet("denoise", folder / "a photo.jpg", "-o", tmp_path / "b.png", *options, "--model", model)
        assert done.returncode == 1 and f"-o {tmp_path / 'b.png'}" in done.stderr and done.stderr.count("\n") == 1
        assert options[0] in done.stderr and not (tmp_path / "b.png").exists()
    (tmp_path / "out").mkdir()
    for target, written in (("b.JPEG", "b.JPEG"), ("out", "out/a photo.jpg")):
        done = rednet("denoise", folder / "a photo.jpg", "-o", tmp_path / target, "--format", "jpg", "--model", model)
        assert done.returncode == 0 and (tmp_path / written).is_file(), done.stderr


def test_a_mask_and_a_result_of_one_name_are_refused_before_work(folder, model, tmp_path):
    target = folder / "a photo-scratches.png"
    for more in ((), ("--dry-run",)):
        done = rednet("inpaint", folder / "a photo.jpg", "--find-scratches", "-o", target, *more, "--model", model)
        assert done.returncode == 1 and "one name" in done.stderr and not target.exists()


def test_a_report_of_one_file_tells_of_failure_too(folder, model, tmp_path):
    (folder / "bad.png").write_text("no picture")
    done = rednet("denoise", folder / "bad.png", "-o", tmp_path / "b.png", "--json", "--model", model)
    (row,) = json.loads(done.stdout)
    assert done.returncode == 1 and row["status"] == "failed" and "not a picture" in row["error"] and done.stderr


def test_a_mask_or_a_kernel_that_has_changed_makes_its_outputs_out_of_date(model, tmp_path):
    save(tmp_path / "in" / "deep" / "a.png")
    Image.new("L", (3, 3), 255).save(tmp_path / "k.png")
    (tmp_path / "masks" / "deep").mkdir(parents=True)
    for column, expected in ((5, "1 restored"), (5, "1 kept"), (9, "1 restored")):
        mask = np.zeros((40, 30), np.uint8)
        mask[:, column] = 255
        Image.fromarray(mask).save(tmp_path / "masks" / "deep" / "a.png")
        arguments = ("--mask", tmp_path / "masks", "-o", tmp_path / "out", "--model", model)
        assert expected in rednet("inpaint", tmp_path / "in", "--recursive", *arguments).stdout
    for level, expected in ((255, "1 restored"), (255, "1 kept"), (0, "1 restored")):
        kernel = np.full((3, 3), 255, np.uint8)
        kernel[0] = level
        Image.fromarray(kernel).save(tmp_path / "k.png")
        arguments = ("--kernel", tmp_path / "k.png", "--steps", 0, "-o", tmp_path / "sharp", "--model", model)
        assert expected in rednet("deblur", tmp_path / "in", "--recursive", *arguments).stdout


def test_what_is_wrong_with_the_options_is_said_once_and_what_is_wrong_with_a_file_names_it(folder, model, tmp_path):
    done = rednet("inpaint", folder, "-o", tmp_path / "out", "--model", model)
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    Image.new("L", (7, 7), 255).save(tmp_path / "mask.png")
    done = rednet("inpaint", folder, "-o", tmp_path / "out", "--mask", tmp_path / "mask.png", "--model", model)
    assert done.returncode == 1 and "a photo.jpg: the mask is (7, 7)" in done.stderr


def test_the_quality_of_what_is_written_has_one_rule(folder, model, tmp_path):
    source = folder / "a photo.jpg"
    sizes = []
    for verb, option in (("denoise", "--quality"), ("denoise", "--save-quality"), ("dejpeg", "--save-quality")):
        for quality in (20, 90):
            target = tmp_path / f"{verb}{option}{quality}.jpg"
            assert rednet(verb, source, "-o", target, option, quality, "--model", model).returncode == 0
            sizes.append(target.stat().st_size)
    assert all(small < large for small, large in zip(sizes[::2], sizes[1::2], strict=True))


def test_the_software_tag_says_what_was_done_unless_metadata_are_stripped(folder, model, tmp_path):
    exif = Image.Exif()
    exif[271] = "A maker"
    source = save(tmp_path / "a.jpg", exif=exif)
    for suffix in ("jpg", "png", "webp", "tif"):
        assert rednet("denoise", source, "-o", tmp_path / f"b.{suffix}", "--model", model).returncode == 0
        with Image.open(tmp_path / f"b.{suffix}") as written:
            found = written.getexif()
        assert found[305].startswith("rednet ") and "(denoise, " in found[305] and found[271] == "A maker"
    assert rednet("denoise", source, "-o", tmp_path / "c.jpg", "--strip-metadata", "--model", model).returncode == 0
    with Image.open(tmp_path / "c.jpg") as written:
        assert not {305, 271} & set(written.getexif())


def test_a_range_is_read(model, tmp_path):
    values = np.random.default_rng(0).normal(1000, 300, (40, 30)).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values)
    arguments = ("denoise", tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--model", model)
    assert "--range" in rednet(*arguments).stderr
    assert "--range" in rednet("inspect", tmp_path / "a.tif").stderr
    told = rednet("inspect", tmp_path / "a.tif", "--range", "0,4095").stdout
    assert "float32; a" in told and "with noise of about sigma" in told
    assert rednet(*arguments, "--range", "0,4095", "--strength", 0).returncode == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), values)
    assert rednet(*arguments, "--range", "0,4095", "--overwrite").returncode == 0
    assert 1 < np.abs(tifffile.imread(tmp_path / "b.tif") - values).mean() < 1000  # in the file's own units


def test_a_range_is_black_to_white_in_a_format_without_floats(model, tmp_path):
    values = np.linspace(-100, 4500, 1200, dtype=np.float32).reshape(40, 30)
    tifffile.imwrite(tmp_path / "a.tif", values)
    arguments = ("denoise", tmp_path / "a.tif", "--range", "0,4095", "--strength", 0, "--model", model)
    for suffix, white in (("png", 65535), ("jpg", 255)):
        assert rednet(*arguments, "-o", tmp_path / f"b.{suffix}").returncode == 0
        written = np.asarray(Image.open(tmp_path / f"b.{suffix}")).astype(float)
        assert np.abs(written - (values / 4095).clip(0, 1) * white).max() <= white / 64  # JPEG loses a little


def test_inspect_tells_without_touching(folder):
    done = rednet("inspect", folder / "a photo.jpg", folder / "deep" / "été.png", folder / "absent.png")
    assert done.returncode == 1 and "absent.png" in done.stderr
    assert "JPEG of quality 30" in done.stdout and done.stdout.count("\n") == 2


def test_inspect_takes_folders_and_tells_of_each_picture_in_a_line_of_json(folder, tmp_path):
    (folder / "bad.png").write_text("no picture")
    (folder / "scan.bmp").write_bytes(b"BM")
    (tmp_path / "empty").mkdir()
    done = rednet("inspect", folder, tmp_path / "absent.png", tmp_path / "empty", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["input"] for row in rows] == [
        str(path) for path in (folder / "a photo.jpg", folder / "bad.png", tmp_path / "absent.png", tmp_path / "empty")
    ]
    assert rows[0]["quality"] == 30 and rows[0]["width"] == 30 and "error" not in rows[0]
    assert (
        "not a picture" in rows[1]["error"] and "No such file" in rows[2]["error"] and "no pictures" in rows[3]["error"]
    )
    assert "rednet: passed over: 1 .bmp (rednet reads no such files); 1 folder (--recursive" in done.stderr
    done = rednet("inspect", folder / "deep", folder, "--recursive")
    assert done.stdout.count("été.png: PNG") == 2 and "1 folder" not in done.stderr


def test_what_is_passed_over_in_a_folder_is_told(folder, model, tmp_path):
    for name in ("scan.bmp", "SCAN 2.BMP", "notes", ".hidden.bmp"):
        (folder / name).touch()
    (tmp_path / "bitmaps").mkdir()
    (tmp_path / "bitmaps" / "a.bmp").touch()
    arguments = ("-o", folder / "out", "--model", model)
    told = "rednet: passed over: 2 .bmp, 1 without an ending (rednet reads no such files)"
    for more in ((), ("--dry-run",)):
        done = rednet("denoise", folder, *arguments, *more)
        assert done.returncode == 0 and done.stderr == f"{told}; 1 folder (--recursive reads those, too)\n"
    done = rednet("denoise", folder, "--recursive", *arguments)
    assert done.returncode == 0 and done.stderr == f"{told}\n"  # the folder of the results is no input
    done = rednet("denoise", tmp_path / "bitmaps", "-o", tmp_path / "other", "--model", model)
    assert done.returncode == 1 and "passed over: 1 .bmp" in done.stderr and "no pictures" in done.stderr


def test_several_files_are_restored_beside_themselves_and_a_bad_one_does_not_stop_the_rest(folder, model):
    photo, other = folder / "a photo.jpg", folder / "deep" / "été.png"
    (folder / "bad.jpg").write_text("no picture")
    arguments = ("denoise", photo, folder / "bad.jpg", folder / "absent.jpg", other, "--model", model)
    done = rednet(*arguments, "--dry-run")
    assert done.returncode == 1 and "2 failed, 2 to do" in done.stdout
    done = rednet(*arguments)
    assert done.returncode == 1 and "beside the pictures: 2 failed, 2 restored" in done.stdout
    assert done.stderr.count("\n") == 2 and "bad.jpg is not a picture" in done.stderr and "absent.jpg" in done.stderr
    result, other_result = folder / "a photo-denoised.jpg", folder / "deep" / "été-denoised.png"
    assert {path.name for path in folder.iterdir()} == {"a photo.jpg", "bad.jpg", "deep", result.name}
    before = result.read_bytes(), other_result.read_bytes()
    for more in ((), ("--dry-run",)):
        done = rednet("denoise", photo, result, other, other_result, "--model", model, *more)
        assert done.returncode == 1 and done.stderr.count("exists already") == 2
        assert "passed over: 2 results of this or an earlier run" in done.stderr
    assert (result.read_bytes(), other_result.read_bytes()) == before
    assert rednet("denoise", photo, other, "--model", model, "--overwrite").returncode == 0


def test_files_and_folders_go_into_one_folder_and_a_rerun_keeps_them(folder, model, tmp_path):
    extra, out = save(tmp_path / "extra.webp", 3), tmp_path / "out"
    arguments = ("denoise", extra, folder, f"{extra.parent}/./extra.webp", "-o", out, "--recursive", "--model", model)
    assert "out: 3 restored" in rednet(*arguments).stdout  # what is named twice is done once
    names = {path.relative_to(out).as_posix() for path in out.rglob("*.*") if path.is_file()}
    assert names == {"extra.webp", "a photo.jpg", "deep/été.png", ".rednet-ledger.jsonl"}
    rows = json.loads(rednet(*arguments, "--json").stdout)
    assert [row["status"] for row in rows] == ["kept"] * 3
    save(tmp_path / "else" / "a photo.jpg", 4)
    done = rednet("denoise", tmp_path / "else" / "a photo.jpg", folder, "-o", tmp_path / "two", "--model", model)
    assert done.returncode == 1 and done.stderr.count("another input would give") == 2


def test_several_files_need_places(folder, model, tmp_path):
    photo, other = folder / "a photo.jpg", folder / "deep" / "été.png"
    for arguments, word in (
        ((photo, other, "-o", tmp_path / "new.png"), "name a folder"),
        ((photo, other, "-o", photo), "is a file"),
        ((photo, other, "-o", "-"), "2 pictures"),
        ((photo, folder), "is a folder"),
        (("-", photo), "give it alone"),
        ((photo, other, "--uncertainty", tmp_path / "u.png"), "take one picture"),
        ((photo, other, "-o", folder), "over itself"),
        ((photo, other, "--suffix", ""), "over itself"),
    ):
        done = rednet("denoise", *arguments, "--model", model)
        assert done.returncode == 1 and word in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a photo.jpg", "été.png"}


def test_each_file_of_several_has_its_own_mask(model, tmp_path):
    for place in ("a.png", "in/b.png"):
        save(tmp_path / place)
        mask = np.zeros((40, 30), np.uint8)
        mask[5 if place == "a.png" else 9] = 255
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "masks" / place.rpartition("/")[2])
    arguments = ("--mask", tmp_path / "masks", "-o", tmp_path / "out", "--model", model)
    done = rednet("inpaint", tmp_path / "a.png", tmp_path / "in", *arguments)
    assert done.returncode == 0, done.stderr
    for name, row in (("a.png", 5), ("b.png", 9)):
        before = np.asarray(Image.open(tmp_path / ("a.png" if name == "a.png" else "in/b.png")))
        changed = (np.asarray(Image.open(tmp_path / "out" / name)) != before).any(axis=2)
        assert changed.any(axis=1).nonzero()[0].tolist() == [row]


def test_a_folder_of_masks_is_matched_by_name(folder, model, tmp_path):
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.eye(40, 30, dtype=np.uint8) * 255).save(tmp_path / "masks" / "a photo.jpg", quality=100)
    done = rednet("inpaint", folder, "-o", tmp_path / "out", "--mask", tmp_path / "masks", "--model", model)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_only_whole_files(number, model, tmp_path):
    for name in range(60):
        save(tmp_path / "in" / f"{name}.png", name, (200, 200))
    command = [sys.executable, "-m", "rednet", "denoise", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    heed = partial(signal.signal, number, signal.SIG_DFL)  # a shell lets what it runs in the background ignore Ctrl-C
    process = subprocess.Popen([*command, "--model", str(model)], stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    while not list((tmp_path / "out").glob("[0-9]*.png")):  # not a part file, which goes with the signal
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 130 and "Traceback" not in errors
    written = list((tmp_path / "out").iterdir())
    assert 1 < len(written) < 61 and not [path for path in written if ".part" in path.name]
    for path in written:
        if path.suffix == ".png":
            Image.open(path).load()


def test_what_a_killed_run_left_is_swept_and_what_a_living_one_writes_is_not(folder, model):
    import fcntl

    dead, alive = folder / ".rednet-dead.part.jpg", folder / ".rednet-alive.part.jpg"
    dead.touch()
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert rednet("denoise", folder / "a photo.jpg", "--model", model).returncode == 0
        assert alive.exists() and not dead.exists()
