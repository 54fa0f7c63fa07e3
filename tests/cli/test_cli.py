"""The command as a user meets it: a process, its output, its exit code."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command import rednet


@pytest.fixture(scope="module")
def model(make_model):
    return make_model(
        depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "quality", "scale", "deconvolved")
    )


@pytest.fixture
def picture(tmp_path, photo):
    path = tmp_path / "a photo.jpg"
    Image.fromarray((photo * 255).astype(np.uint8)).save(path, quality=30)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["restore"],
        ["denoise"],
        ["denoise", "--sigma", "25"],
        ["dejpeg"],
        ["dejpeg", "--quality", "30"],
        ["restore", "--strength", "0.5", "--self-ensemble", "--threads", "1"],
    ],
    ids=" ".join,
)
def test_a_verb_writes_a_picture_of_the_same_size(arguments, picture, model, tmp_path):
    verb, *options = arguments
    done = rednet(verb, picture, "-o", tmp_path / "out.png", "--model", model, *options)
    assert done.returncode == 0, done.stderr
    assert "out.png: 80x96 px" in done.stdout
    assert Image.open(tmp_path / "out.png").size == (80, 96)


def test_restore_says_what_it_chose(picture, model):
    assert "JPEG of quality 30" in rednet("restore", picture, "--model", model).stderr


def test_every_verb_gives_its_output_a_name_of_its_own(picture, model):
    for verb, options, name in (
        ("restore", (), "a photo-restored.jpg"),
        ("denoise", (), "a photo-denoised.jpg"),
        ("dejpeg", (), "a photo-dejpegged.jpg"),
        ("upscale", (), "a photo-x2.jpg"),
        ("upscale", ("--scale", 3), "a photo-x3.jpg"),
        ("deblur", ("--kernel", "disk:2", "--steps", 0), "a photo-deblurred.jpg"),
        ("inpaint", ("--mask-color", "#808080", "--tolerance", 9), "a photo-inpainted.jpg"),
        ("denoise", ("--suffix", "-mine"), "a photo-mine.jpg"),
    ):
        there = set(picture.parent.iterdir())
        done = rednet(verb, picture, *options, "--model", model)
        assert done.returncode == 0, done.stderr
        assert {path.name for path in set(picture.parent.iterdir()) - there} == {name}


def test_upscale_multiplies_the_size(picture, model, tmp_path):
    assert rednet("upscale", picture, "-o", tmp_path / "o.png", "--scale", 3, "--model", model).returncode == 0
    assert Image.open(tmp_path / "o.png").size == (240, 288)


def test_inpaint_changes_only_what_the_mask_covers(tmp_path, model, rng):
    levels = rng.integers(0, 256, (20, 20, 3), np.uint8)
    mask = np.zeros((20, 20), np.uint8)
    mask[5:9] = 255
    Image.fromarray(levels).save(tmp_path / "y.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    done = rednet(
        "inpaint", tmp_path / "y.png", "--mask", tmp_path / "mask.png", "-o", tmp_path / "o.png", "--model", model
    )
    assert done.returncode == 0, done.stderr
    changed = (np.asarray(Image.open(tmp_path / "o.png")) != levels).any(axis=2)
    assert changed[5:9].any() and not changed[:5].any() and not changed[9:].any()


@pytest.fixture
def painted(tmp_path, rng):
    """A picture of noise with a red bar, and where the bar is."""
    levels = rng.integers(20, 200, (60, 50, 3), np.uint8)
    lost = np.zeros((60, 50), bool)
    lost[20:23, 5:45] = True
    levels[lost] = (255, 0, 0)
    Image.fromarray(levels).save(tmp_path / "painted.png")
    return levels, lost


def changed_pixels(before, path):
    return (np.asarray(Image.open(path).convert("RGB")) != before).any(axis=2)


@pytest.mark.parametrize("colour", ["#ff0000", "ff0000", "#fe0102"])
def test_a_colour_marks_what_is_missing(colour, painted, model, tmp_path):
    levels, lost = painted
    options = ["--mask-color", colour, "--tolerance", 2, "-o", tmp_path / "o.png", "--model", model]
    assert rednet("inpaint", tmp_path / "painted.png", *options).returncode == 0
    np.testing.assert_array_equal(changed_pixels(levels, tmp_path / "o.png"), lost)


def test_transparency_marks_what_is_missing_and_is_gone_after(painted, model, tmp_path):
    levels, lost = painted
    Image.fromarray(np.dstack([levels, np.where(lost, 0, 255).astype(np.uint8)])).save(tmp_path / "clear.png")
    done = rednet("inpaint", tmp_path / "clear.png", "--mask-alpha", "-o", tmp_path / "o.png", "--model", model)
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "o.png").mode == "RGB"
    np.testing.assert_array_equal(changed_pixels(levels, tmp_path / "o.png"), lost)
    done = rednet("inpaint", tmp_path / "clear.png", "--mask-alpha", "-o", tmp_path / "o.jpg", "--model", model)
    assert done.returncode == 0, done.stderr  # nothing is transparent any more


@pytest.fixture
def scratched(tmp_path):
    levels = np.full((60, 90, 3), 120, np.uint8)
    levels[30:32, 10:80] = 255
    Image.fromarray(levels).save(tmp_path / "y.png")
    return tmp_path / "y.png"


def at_a_terminal(answer, *arguments):
    """Runs the command with a terminal as its stdin, at which `answer` is typed."""
    ours, its = os.openpty()
    os.write(ours, answer.encode())
    try:
        return rednet(*arguments, stdin=its)
    finally:
        os.close(ours)
        os.close(its)


def test_found_scratches_are_marked_and_filled_after_a_yes_alone(scratched, model, tmp_path):
    command = ("inpaint", scratched, "--find-scratches", "--model", model)
    mask, filled = tmp_path / "y-scratches.png", tmp_path / "y-inpainted.png"
    done = rednet(*command, "--dry-run", "--yes")
    assert done.returncode == 0 and not mask.exists()
    for done in (rednet(*command, stdin=subprocess.DEVNULL), at_a_terminal("n\n", *command)):
        assert done.returncode == 1 and f"nothing was filled; correct {mask}" in done.stderr and not filled.exists()
    found = np.asarray(Image.open(mask)) > 0
    assert found[30:32, 12:78].all() and not found[:28].any()
    assert f"{mask}: marks {found.mean():.1%} of the picture" in done.stderr
    done = at_a_terminal("y\n", *command)
    assert done.returncode == 0 and "Fill what is marked?" in done.stderr, done.stderr
    levels = np.asarray(Image.open(scratched))
    changed = changed_pixels(levels, filled)
    assert changed[30:32, 12:78].all() and not changed[~found].any()
    filled.unlink()
    assert rednet(*command, "--yes").returncode == 0 and (changed_pixels(levels, filled) == changed).all()


def test_a_mask_of_scratches_that_somebody_has_corrected_is_kept(scratched, model, tmp_path):
    mask = tmp_path / "y-scratches.png"
    for content in (Image.new("L", (90, 60), 255), Image.new("L", (9, 6), 255), None):
        mask.write_text("mine") if content is None else content.save(mask)
        before = mask.read_bytes()
        done = rednet("inpaint", scratched, "--find-scratches", "--yes", "--model", model)
        assert done.returncode == 1 and f"fill that with --mask {mask}" in done.stderr
        assert mask.read_bytes() == before and not (tmp_path / "y-inpainted.png").exists()
    options = ("--find-scratches", "--yes", "--overwrite", "--json")
    done = rednet("inpaint", scratched, *options, "--model", model)
    assert done.returncode == 0 and mask.read_bytes() != before


def test_where_scratches_cannot_be_looked_for_is_told(scratched, model, tmp_path):
    Image.new("RGB", (60, 60), "gray").save(tmp_path / "clean.png")
    Image.new("RGB", (60, 60)).save(tmp_path / "two.tif", save_all=True, append_images=[Image.new("RGB", (60, 60))])
    for arguments, code, word in (
        ((tmp_path / "clean.png", "--find-scratches"), 1, "looks like a scratch"),
        ((tmp_path / "two.tif", "--find-scratches"), 1, "2 pages"),
        ((tmp_path, "--find-scratches", "-o", tmp_path / "o"), 1, "not a folder"),
        ((scratched, scratched, "--find-scratches"), 1, "not several"),
        (("-", "--find-scratches"), 1, "stdin has no such place"),
        ((scratched, "--mask-alpha", "--yes"), 2, "--yes belongs to --find-scratches"),
    ):
        done = rednet("inpaint", *arguments, "--model", model, stdin=subprocess.DEVNULL)
        assert done.returncode == code and word in " ".join(done.stderr.replace("│", " ").split()), done.stderr
    assert not list(tmp_path.glob("*-*"))


def test_known_pixels_are_restored_on_demand(painted, model, tmp_path):
    levels, lost = painted
    options = ["--mask-color", "#ff0000", "--restore-known", "-o", tmp_path / "o.png", "--model", model]
    assert rednet("inpaint", tmp_path / "painted.png", *options).returncode == 0
    assert changed_pixels(levels, tmp_path / "o.png")[~lost].mean() > 0.5


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        ([], 2, "say what is missing"),
        (["--mask-alpha", "--mask-color", "#ff0000"], 2, "say what is missing"),
        (["--mask-alpha"], 1, "no transparency"),
        (["--mask-color", "red"], 1, "#rrggbb"),
        (["--mask-color", "#00ff00", "--tolerance", "9"], 1, "no pixel is within 9 of #00ff00"),
        (["--mask-color", "#ff0000", "--tolerance", "255"], 1, "covers the whole picture"),
    ],
)
def test_a_mask_that_is_none_is_told(options, code, word, painted, model, tmp_path):
    done = rednet("inpaint", tmp_path / "painted.png", *options, "-o", tmp_path / "o.png", "--model", model)
    assert done.returncode == code and word in done.stderr.replace("\n", " ")
    assert not (tmp_path / "o.png").exists()


def test_a_folder_of_masks_mirrors_that_of_the_pictures(model, tmp_path, rng):
    levels = rng.integers(0, 256, (20, 20, 3), np.uint8)
    for place, row in (("a", 3), ("b", 15)):
        for folder in ("in", "masks"):
            (tmp_path / folder / place).mkdir(parents=True)
        Image.fromarray(levels).save(tmp_path / "in" / place / "x.tif")
        mask = np.zeros((20, 20), np.uint8)
        mask[row] = 255
        Image.fromarray(mask).save(tmp_path / "masks" / place / "x.png")
    options = ["--mask", tmp_path / "masks", "-o", tmp_path / "out", "--model", model]
    done = rednet("inpaint", tmp_path / "in", "--recursive", *options)
    assert done.returncode == 0, done.stderr
    for place, row in (("a", 3), ("b", 15)):
        changed = changed_pixels(levels, tmp_path / "out" / place / "x.tif")
        assert changed.any(axis=1).nonzero()[0].tolist() == [row]


@pytest.mark.parametrize("kernel", ["disk:2", "motion:7,30", "k.npy", "k.png"])
def test_deblur_takes_a_kernel_in_words_or_in_a_file(kernel, picture, model, tmp_path):
    np.save(tmp_path / "k.npy", np.ones((3, 5)))
    Image.fromarray(np.full((3, 5), 200, np.uint8)).save(tmp_path / "k.png")
    options = ["--kernel", kernel, "--noise-sigma", 2, "--steps", 1, "-o", "out.png", "--model", model]
    done = rednet("deblur", picture, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "out.png").size == (80, 96)


def test_what_deblur_leaves_as_it_is_comes_out_to_the_byte_and_is_called_so(photo, tmp_path):
    pictures = tmp_path / "in"
    pictures.mkdir()
    Image.fromarray((photo * 255).astype(np.uint8)).save(pictures / "sharp.png", compress_level=1)
    kernel = ["--kernel", "disk:5"]
    done = rednet("deblur", pictures / "sharp.png", "-o", tmp_path / "one.png", *kernel)
    assert "one.png: left as it is, 80x96 px" in done.stdout and "the kernel does not fit" in done.stderr
    assert (tmp_path / "one.png").read_bytes() == (pictures / "sharp.png").read_bytes()
    done = rednet("deblur", pictures, "-o", tmp_path / "out", *kernel)
    assert "1 left as it is; 0.0 megapixels" in done.stdout
    assert (tmp_path / "out" / "sharp.png").read_bytes() == (pictures / "sharp.png").read_bytes()
    (row,) = json.loads(rednet("deblur", pictures / "sharp.png", "-o", tmp_path / "two.png", *kernel, "--json").stdout)
    assert row["status"] == row["words"] == "left as it is"
    done = rednet("deblur", pictures / "sharp.png", "-o", tmp_path / "three.tif", *kernel)
    np.testing.assert_array_equal(Image.open(tmp_path / "three.tif"), Image.open(pictures / "sharp.png"))


@pytest.mark.parametrize(
    ("kernel", "word"),
    [
        ("even.png", "odd sides"),
        ("black.png", "all zero"),
        ("negative.npy", "negative"),
        ("large.npy", "must not be larger"),
        ("huge.npy", "at most"),
        ("text.npy", "cannot be read as a kernel: it is no .npy file"),
        ("absent.npy", "cannot be read as a kernel: No such file"),
        ("absent.png", "No such file"),
        ("disc:3", "disk:RADIUS"),
    ],
)
def test_a_kernel_that_is_none_is_one_line_and_exit_code_1(kernel, word, picture, model, tmp_path):
    Image.fromarray(np.full((4, 5), 200, np.uint8)).save(tmp_path / "even.png")
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(tmp_path / "black.png")
    np.save(tmp_path / "negative.npy", np.array([[1.0, -1.0, 1.0]]))
    np.save(tmp_path / "large.npy", np.ones((97, 97)))
    np.save(tmp_path / "huge.npy", np.ones((999, 999)))
    (tmp_path / "text.npy").write_text("hello")
    done = rednet("deblur", picture, "--kernel", kernel, "-o", "out.png", "--model", model, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("rednet: ") and word in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "out.png").exists()


def write_bad(kind, tmp_path):
    """Makes a bad input of a kind, and gives the arguments and a word that the message must have."""
    path, good = tmp_path / "bad.png", tmp_path / "good.png"
    Image.new("RGB", (50, 40), "red").save(good)
    if kind == "no picture":
        path.write_text("hello")
    elif kind == "zero bytes":
        path.touch()
    elif kind == "truncated":
        path.write_bytes(good.read_bytes()[:-30])
    elif kind == "folder":
        path.mkdir()
    elif kind == "bomb":
        content = bytearray(good.read_bytes())
        content[16:24] = (40000).to_bytes(4, "big") + (20000).to_bytes(4, "big")
        content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
        path.write_bytes(content)
        return path, "800 megapixels"
    elif kind == "the folder itself":
        return Path(), "folder"
    elif kind == "existing output":
        (tmp_path / "out.png").write_bytes(b"precious")
        return good, "--overwrite"
    elif kind == "unknown model":
        return [good, "--model", "nosuch"], "shipped"
    elif kind == "unknown engine":
        return [good, "--engine", "caffe"], "ncnn"
    return path, {"absent": "No such file", "folder": "folder", "zero bytes": "empty"}.get(kind, "not a picture")


@pytest.mark.parametrize(
    "kind",
    [
        "no picture",
        "zero bytes",
        "truncated",
        "folder",
        "the folder itself",
        "bomb",
        "absent",
        "existing output",
        "unknown model",
        "unknown engine",
    ],
)
def test_bad_input_is_one_line_and_exit_code_1_and_writes_nothing(kind, tmp_path, model):
    arguments, word = write_bad(kind, tmp_path)
    arguments = arguments if isinstance(arguments, list) else [arguments, "--model", model]
    before = {p: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    done = rednet("denoise", *arguments, "-o", tmp_path / "out.png")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("rednet: ") and done.stderr.count("\n") == 1 and word in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="no users to change to")
def test_a_file_without_permission_is_one_line(tmp_path):
    """Run in a child that gives up root, which may read everything."""
    path = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(path)
    path.chmod(0)
    code = (
        "import sys, os, rednet.cli.app\n"
        "def run(*names):\n"
        "    sys.argv = ['rednet', 'denoise', *names]\n"
        "    try: rednet.cli.app.main()\n"
        "    except SystemExit as end: return end.code\n"
        "run('absent.png')\n"  # loads all that it needs while it may still read it
        "os.geteuid() == 0 and os.setuid(65534)\n"
        "sys.exit(run('secret.png') and run('closed/a.png') and run('absent.png', '-o', 'closed/b.png'))"
    )
    tmp_path.chmod(0o755)
    (tmp_path / "closed").mkdir(mode=0o700)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        "rednet: cannot read secret.png: Permission denied",
        "rednet: cannot read closed/a.png: Permission denied",
        "rednet: cannot read closed/b.png: Permission denied",
    ]


def test_wrong_usage_is_exit_code_2(picture):
    assert rednet("denoise", picture, "--sigma", "-3").returncode == 2
    assert rednet("denoise", picture, "--device", "tpu").returncode == 2
    assert rednet("denoise").returncode == 2
    assert rednet("nosuch").returncode == 2


def test_version_and_help():
    import rednet as package

    assert rednet("--version").stdout.strip() == f"rednet {package.__version__}"
    assert "restore" in rednet("--help").stdout


def test_training_without_data_says_what_to_give(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "REDNET_DATA"}
    done = rednet("train", "recipe.toml", "--out", tmp_path, "--steps", 1, env=environment)
    assert done.returncode == 1 and "REDNET_DATA" in done.stderr
