"""A picture that streams gives the same file as one that stands in memory, and takes bounded memory."""

import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.errors import ImageError, OptionError
from rednet.files.streaming import Window
from rednet.images import PictureFile
from rednet.images.saving import Saving
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic, Upscale
from tests.tasks import BLIND, run_task

from ..images.test_matrix import wide_profile, write_png, write_tiff


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=6, width=4, channels=3, stride=2), tile=32, threads=1)


def run(source, target, restorer, task=BLIND, **handling):
    return run_task(source, target, restorer, task, **{"saving": Saving(overwrite=True), **handling})


class Unreached(Upscale):
    def prepare(self, picture, options):
        pytest.fail("worked")


def both_ways(source, suffix, restorer, monkeypatch, **handling):
    results = []
    for limit, streamed in ((1e9, False), (0, True)):
        monkeypatch.setattr("rednet.files.file.STREAM_FROM", limit)
        target = source.with_name(f"out-{streamed}{suffix}")
        assert run(source, target, restorer, **handling).streamed is streamed
        results.append(target.read_bytes())
    return results


@pytest.mark.parametrize("self_ensemble", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_streamed_file_is_the_same_to_the_byte(
    dtype, channels, orientation, self_ensemble, tmp_path, rng, restorer, monkeypatch
):
    values = rng.random((101, 75, channels)) * (1 if dtype == "float32" else np.iinfo(dtype).max)
    if channels in (2, 4):
        values[20:60, 10:50, -1] = 0
    write_tiff(tmp_path / "a.tif", values.astype(dtype), orientation, wide_profile() if channels > 2 else None)
    whole, streamed = both_ways(tmp_path / "a.tif", ".tif", restorer, monkeypatch, self_ensemble=self_ensemble)
    assert whole == streamed
    changed = tifffile.imread(tmp_path / "out-True.tif")
    assert changed.shape[:2] == ((101, 75) if orientation == 1 else (75, 101))
    assert not np.array_equal(changed, tifffile.imread(tmp_path / "a.tif"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_other_formats_stream_too(suffix, tmp_path, rng, restorer, monkeypatch):
    Image.fromarray(rng.integers(0, 256, (101, 75, 3), np.uint8)).save(tmp_path / f"a{suffix}")
    whole, streamed = both_ways(tmp_path / f"a{suffix}", suffix, restorer, monkeypatch)
    assert whole == streamed


@pytest.mark.parametrize("self_ensemble", [False, True])
def test_a_row_or_a_halo_too_few_would_show(self_ensemble, tmp_path, rng, restorer, monkeypatch):
    """Negative control: the comparison above can fail."""
    Image.fromarray(rng.integers(0, 256, (101, 75, 3), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 1e9)
    run(tmp_path / "a.png", tmp_path / "b.png", restorer, self_ensemble=self_ensemble)
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0)
    if self_ensemble:
        monkeypatch.setattr(Restorer, "reach", lambda self, **_: 0)
    else:
        read = Window.read
        monkeypatch.setattr(Window, "read", lambda self, rows: np.roll(read(self, rows), 1, axis=0))
    run(tmp_path / "a.png", tmp_path / "c.png", restorer, self_ensemble=self_ensemble)
    assert (tmp_path / "b.png").read_bytes() != (tmp_path / "c.png").read_bytes()


@pytest.mark.parametrize("streamed", [False, True])
def test_every_page_is_restored(streamed, tmp_path, rng, restorer, monkeypatch):
    pages = rng.integers(0, 256, (3, 40, 50), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0 if streamed else 1e9)
    run(tmp_path / "a.tif", tmp_path / "b.tif", restorer)
    result = tifffile.imread(tmp_path / "b.tif")
    assert result.shape == pages.shape
    for number in range(3):
        Image.fromarray(pages[number]).save(tmp_path / "page.png")
        run(tmp_path / "page.png", tmp_path / "alone.png", restorer)
        assert np.array_equal(np.asarray(Image.open(tmp_path / "alone.png")), result[number])
    with pytest.raises(ImageError, match="holds one page and there are 3"):
        run(tmp_path / "a.tif", tmp_path / "b.png", restorer)


def test_pages_of_different_sizes_are_refused(tmp_path, restorer):
    pages = [Image.new("L", size) for size in ((8, 8), (9, 8))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageError, match="page 2 is 9x8"):
        run(tmp_path / "a.tif", tmp_path / "b.tif", restorer)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_of_which_nothing_is_to_be_changed_comes_back_unchanged(tmp_path, rng, restorer):
    levels = rng.integers(0, 256, (30, 40, 4), np.uint8)
    for profile in (None, wide_profile()):
        write_png(tmp_path / "a.png", levels, 1, profile)
        run(tmp_path / "a.png", tmp_path / "b.png", restorer, strength=0.0)
        assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), levels)


def test_a_result_that_is_too_large_is_refused_before_work_starts(tmp_path, rng, restorer):
    Image.fromarray(rng.integers(0, 256, (1000, 1000), np.uint8)).save(tmp_path / "a.png")
    work = Unreached(scale=4)
    with pytest.raises(OptionError, match="result would have 16 megapixels; the limit is 10"):
        run(tmp_path / "a.png", tmp_path / "b.png", restorer, work, max_megapixels=10)
    with pytest.raises(OptionError, match="raise max_memory"):
        run(tmp_path / "a.png", tmp_path / "b.png", restorer, work, max_memory=500_000_000)


def test_a_full_disc_is_one_line_and_leaves_nothing(tmp_path, rng, restorer, monkeypatch):
    def full(self, levels):
        raise OSError(28, "No space left on device")

    Image.fromarray(rng.integers(0, 256, (101, 75, 3), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0)
    monkeypatch.setattr("rednet.files.streaming.Spool.write", full)
    with pytest.raises(ImageError, match="No space left"):
        run(tmp_path / "a.png", tmp_path / "b.png", restorer)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_that_does_not_fit_as_a_whole_streams(tmp_path, rng, restorer):
    Image.fromarray(rng.integers(0, 256, (1000, 1000, 3), np.uint8)).save(tmp_path / "a.png")
    for limit, streamed in ((1 << 30, False), (310_000_000, True)):
        assert run(tmp_path / "a.png", tmp_path / "b.png", restorer, max_memory=limit).streamed is streamed


def test_what_is_clean_is_left_alone(tmp_path, restorer, photo):
    clean = np.rint(255 * photo.mean(axis=2))
    Image.fromarray(clean.astype(np.uint8)).save(tmp_path / "a.png")
    task = run(tmp_path / "a.png", tmp_path / "b.png", restorer, skip_clean=True)
    assert task.report.status == "clean" and not (tmp_path / "b.png").exists()
    noisy = clean + np.random.default_rng(0).normal(0, 20, clean.shape)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(tmp_path / "a.png")
    assert run(tmp_path / "a.png", tmp_path / "b.png", restorer, skip_clean=True).report.status == "restored"


def test_what_was_removed_and_where_orientations_disagree_can_be_seen(tmp_path, rng, restorer):
    levels = rng.integers(60, 190, (30, 40, 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.png")
    run(
        tmp_path / "a.png", tmp_path / "b.png", restorer,
        show_removed=tmp_path / "removed.png", uncertainty=tmp_path / "spread.png",
    )  # fmt: skip
    restored = np.asarray(Image.open(tmp_path / "b.png")).astype(int)
    removed = np.asarray(Image.open(tmp_path / "removed.png")).astype(int)
    assert np.abs(removed - (levels - restored + 127.5)).max() <= 1.5
    spread = np.asarray(Image.open(tmp_path / "spread.png"))
    assert spread.shape == (30, 40) and spread.max() > 0


def test_outputs_need_names_of_their_own(tmp_path, rng, restorer):
    Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(OptionError, match="one name"):
        run(tmp_path / "a.png", tmp_path / "b.png", restorer, show_removed=tmp_path / "b.png")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(OptionError, match="one name"):
        run(tmp_path / "a.png", tmp_path / "b.png", restorer, show_removed=tmp_path / "link" / "b.png")
    assert not (tmp_path / "b.png").exists()


def test_what_is_removed_is_not_shown_of_another_size_and_that_is_said_before_work_starts(tmp_path, rng, restorer):
    Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(tmp_path / "a.png")
    work = Unreached(scale=2)
    with pytest.raises(OptionError, match="only be shown if the size stays"):
        run(tmp_path / "a.png", tmp_path / "b.png", restorer, work, show_removed=tmp_path / "c.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("width", "height"), [(4000, 3000), pytest.param(8000, 6000, marks=pytest.mark.slow)])
def test_a_large_picture_takes_no_more_memory_than_is_allowed(width, height, tmp_path, make_model):
    """12 megapixels: 36 MB as levels and 144 MB as floats, more than 250 MB leave beside the modules; or 4 times it."""
    import pyvips

    model = make_model(depth=4, width=4, channels=3, stride=2)
    pyvips.Image.gaussnoise(width, height, sigma=20, mean=128).cast("uchar").bandjoin([100, 100]).copy(
        interpretation="srgb"
    ).tiffsave(str(tmp_path / "a.tif"))
    code = (
        "import pathlib, sys, rednet.cli.app\n"
        f"sys.argv = ['rednet', 'denoise', r'{tmp_path}/a.tif', '-o', r'{tmp_path}/b.tif', '--model', r'{model}',\n"
        "            '--max-memory', '250M', '--threads', '1']\n"
        "try: rednet.cli.app.main()\n"
        "finally: print(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) * 1024 < 250 * 2**20
    assert PictureFile(tmp_path / "b.tif").width == width


def flat_art(path, mode="P"):
    """Write squares of few colours, which are better left as they are."""
    cells = np.kron(np.arange(256).reshape(16, 16) % 7 * 36, np.ones((8, 8))).astype(np.uint8)
    image = Image.fromarray(np.stack([cells, cells.T, 255 - cells], axis=2))
    (image.quantize(16) if mode == "P" else image.convert(mode)).save(path)


@pytest.mark.parametrize("mode", ["P", "1", "RGB"])
def test_a_file_that_is_better_left_as_it_is_is_copied_to_the_byte(mode, tmp_path, restorer, monkeypatch):
    flat_art(tmp_path / "a.png", mode)
    assert (
        both_ways(tmp_path / "a.png", ".png", restorer, monkeypatch, task=Automatic())
        == [(tmp_path / "a.png").read_bytes()] * 2
    )


def test_in_another_format_its_pixels_stay_as_they_are(tmp_path, restorer, monkeypatch):
    flat_art(tmp_path / "a.png")
    whole, streamed = both_ways(tmp_path / "a.png", ".tif", restorer, monkeypatch, task=Automatic())
    assert whole == streamed
    assert np.array_equal(
        tifffile.imread(tmp_path / "out-True.tif"), np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    )
    assert run(tmp_path / "a.png", tmp_path / "c.png", restorer, Automatic()).report.status == "left as it is"
    restored = run(tmp_path / "a.png", tmp_path / "b.png", restorer, Automatic(always=True))
    assert restored.report.status == "restored"
    assert not np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), tifffile.imread(tmp_path / "out-True.tif"))
