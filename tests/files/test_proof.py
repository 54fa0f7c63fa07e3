"""A proof: strength, detail and format are open, and a result equals that of a restoration from the beginning."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.errors import OptionError
from rednet.files import pyramid
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.files.looks import Look, Region, look_at
from rednet.files.proof import Proof
from rednet.images.saving import Saving
from rednet.restoring.finding import Finding
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic, Deblur, Denoise, Inpaint, Upscale

from ..images.test_matrix import wide_profile


@pytest.fixture(scope="module")
def restorer(make_model):
    model = make_model(
        depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "quality", "scale", "deconvolved")
    )
    return Restorer.from_pretrained(model, threads=1)


def handled(strength=1.0, detail=0.0, quality=95, **options):
    return Handling(
        options=Options(strength=strength, detail=detail, **options), saving=Saving(quality=quality, software="test")
    )


def pictures(rng):
    """Return files of many kinds, by name."""
    noise = rng.integers(0, 256, (70, 50, 3), np.uint8)
    clear = np.dstack([noise, rng.integers(0, 2, (70, 50), np.uint8) * 255])
    files = {}
    for name, levels, options in (
        ("a.jpg", noise, {}), ("a.png", noise, {}), ("gray.png", noise[:, :, 0], {}), ("clear.png", clear, {}),
        ("wide.png", noise, {"icc_profile": wide_profile()}), ("turned.jpg", noise, {"exif": turned()}),
    ):  # fmt: skip
        Image.fromarray(levels).save(file := io.BytesIO(), "JPEG" if name.endswith("jpg") else "PNG", **options)
        files[name] = file.getvalue()
    for name, levels in (
        ("deep.tif", noise.astype(np.uint16) * 257),
        ("pages.tif", np.stack([noise[:, :, 0], noise[:, :, 1]])),
        ("bands.tif", np.dstack([noise, noise[:, :, :2]])),
    ):
        options = {"photometric": "rgb", "extrasamples": (0, 0)} if name == "bands.tif" else {}
        tifffile.imwrite(file := io.BytesIO(), levels, **options)
        files[name] = file.getvalue()
    return files


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


TASKS = {
    "denoise": Denoise(sigma=25),
    "always": Automatic(always=True),
    "upscale": Upscale(scale=2),
    "deblur": Deblur(kernel="disk:2", noise_sigma=2.0, trust_kernel=True),
    "impulse": Denoise(impulse=True),
}


def fresh(tmp_path, source, task, handling, restorer, ending):
    """Restore from the beginning; return the file's bytes."""
    work = FileTask(source, tmp_path / f"fresh{ending}", task, handling)
    work.load()
    work.restore(restorer)
    work.save()
    work.close()
    return work.target.read_bytes()


def proof_of(folder, source, task, handling, restorer, region=None):
    folder.mkdir()
    proof = Proof(folder, source, task, handling, region)
    proof.compute(source.with_name(f"target{source.suffix}"), restorer)
    return proof


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize(
    "name",
    ["a.jpg", "a.png", "gray.png", "clear.png", "wide.png", "turned.jpg", "deep.tif", "pages.tif", "bands.tif"],
)
def test_any_strength_detail_and_format_equal_those_from_the_beginning(name, kind, tmp_path, rng, restorer):
    source = tmp_path / name
    source.write_bytes(pictures(rng)[name])
    proof = proof_of(tmp_path / "kept", source, TASKS[kind], handled(), restorer)
    for number, (ending, handling) in enumerate(
        [(source.suffix, handled()), (source.suffix, handled(0.5)), (".tif", handled(1.2, 0.7)), (".tif", handled(0))]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        wanted = fresh(folder, source, TASKS[kind], handling, restorer, ending)
        target = folder / f"proof{ending}"
        proof.save(target, handling)
        assert target.read_bytes() == wanted, (name, kind, ending)


PARTS = [Region(0, 0, 20, 15), Region(13, 21, 31, 18), Region(40, 60, 10, 10), Region(0, 0, 50, 70)]


@pytest.mark.parametrize("name", ["a.png", "clear.png", "wide.png", "deep.tif", "bands.tif"])
def test_a_part_equals_that_part_of_the_whole(name, tmp_path, rng, restorer):
    source = tmp_path / name
    source.write_bytes(pictures(rng)[name])
    whole = read_levels(fresh(tmp_path, source, Denoise(sigma=25), handled(), restorer, ".tif"))
    for number, region in enumerate(PARTS):
        proof = proof_of(tmp_path / str(number), source, Denoise(sigma=25), handled(), restorer, region)
        target = tmp_path / f"part{number}.tif"
        proof.save(target, handled())
        off = np.abs(read_levels(target.read_bytes()).astype(int) - whole[region.slices])
        assert off.max() <= (whole.dtype == np.uint16), region  # pieces agree to 2e-6, which may round 16 bits up
        shown = look_at(proof.layers(), Look.BEFORE, Region(0, 0, *region[2:]), region[2:], Options())
        assert shown.shape[:2] == (region.height, region.width)


@pytest.mark.parametrize("damage", [(), ("impulses",), ("noise",)])
def test_a_part_is_restored_by_what_was_found_in_the_whole(damage, tmp_path, rng, restorer, monkeypatch):
    found = Finding({"sigma": None}, "", damage=damage, colours_only=not damage)
    monkeypatch.setattr(Automatic, "look", lambda *_: found)
    levels = rng.integers(100, 110, (70, 50, 3), np.uint8)
    levels[::9, ::7] = 255
    Image.fromarray(levels).save(source := tmp_path / "a.png")
    whole = read_levels(fresh(tmp_path, source, Automatic(), handled(), restorer, ".tif"))
    for number, region in enumerate(PARTS):
        proof = proof_of(tmp_path / str(number), source, Automatic(), handled(), restorer, region)
        proof.save(target := tmp_path / f"part{number}.tif", handled())
        np.testing.assert_array_equal(read_levels(target.read_bytes()), whole[region.slices], err_msg=str(region))


def test_a_dark_part_is_restored_as_in_its_bright_whole(tmp_path, rng, restorer):
    levels = rng.integers(0, 20, (90, 80, 3), np.uint8)
    levels[60:] = 200
    Image.fromarray(levels).save(source := tmp_path / "a.png")
    whole = read_levels(fresh(tmp_path, source, Denoise(sigma=25), handled(), restorer, ".tif"))
    proof = proof_of(tmp_path / "kept", source, Denoise(sigma=25), handled(), restorer, Region(0, 0, 40, 20))
    proof.save(tmp_path / "part.tif", handled())
    np.testing.assert_array_equal(read_levels((tmp_path / "part.tif").read_bytes()), whole[:20, :40])


def test_a_part_of_an_enlarged_a_deblurred_and_a_filled_picture_has_its_place(tmp_path, rng, restorer):
    source = tmp_path / "a.png"
    source.write_bytes(pictures(rng)["a.png"])
    mask = np.zeros((70, 50), bool)
    mask[30:33, 10:40] = True
    region = Region(13, 21, 31, 18)
    for number, (task, scale) in enumerate(
        [
            (Upscale(scale=2), 2),
            (TASKS["deblur"], 1),
            (Inpaint(mask=mask), 1),
            (Inpaint(mask_color="#000000", tolerance=90), 1),
        ]
    ):
        folder = tmp_path / f"whole{number}"
        folder.mkdir()
        whole = read_levels(fresh(folder, source, task, handled(), restorer, ".tif"))
        proof = proof_of(tmp_path / str(number), source, task, handled(), restorer, region)
        proof.save(tmp_path / f"{number}.tif", handled())
        rows, columns = Region(*(scale * side for side in region)).slices
        part = read_levels((tmp_path / f"{number}.tif").read_bytes())
        np.testing.assert_array_equal(part, whole[rows, columns], err_msg=str(task))


@pytest.mark.parametrize("region", [Region(40, 0, 11, 5), Region(0, 0, 0, 5), Region(0, 69, 5, 2)])
def test_a_part_that_is_none_of_the_picture_is_refused(region, tmp_path, rng, restorer):
    source = tmp_path / "a.png"
    source.write_bytes(pictures(rng)["a.png"])
    with pytest.raises(OptionError, match="within 50x70 px"):
        proof_of(tmp_path / "kept", source, Denoise(), handled(), restorer, region)


def test_a_part_that_is_too_large_for_the_memory_is_refused(tmp_path, restorer):
    Image.fromarray(np.zeros((1000, 1500, 3), np.uint8)).save(source := tmp_path / "a.png")
    little = replace(handled(), max_memory=300_000_000)
    proof_of(tmp_path / "small", source, Denoise(sigma=9), little, restorer, Region(0, 0, 200, 200))
    with pytest.raises(OptionError, match="1500x1000 px needs about 380 MB, and 300 MB may be used"):
        proof_of(tmp_path / "large", source, Denoise(sigma=9), little, restorer, Region(0, 0, 1500, 1000))


def test_scratches_are_found_once_and_shown_as_the_mask(tmp_path, rng, restorer, monkeypatch):
    levels = np.full((80, 90, 3), 120, np.uint8)
    levels[30:32, 10:80] = 255
    Image.fromarray(levels).save(source := tmp_path / "a.png")
    from rednet.restoring import missing

    found, calls = missing.find_scratches, []
    monkeypatch.setattr(missing, "find_scratches", lambda pixels: calls.append(1) or found(pixels))
    proof = proof_of(tmp_path / "kept", source, Inpaint(find_scratches=True), handled(), restorer)
    assert len(calls) == 1 and Look.MASK in proof.looks
    shown = look_at(proof.layers(), Look.MASK, Region(0, 0, 90, 80), (90, 80), Options())
    assert shown[31, 40] == 255 and shown[60, 40] == 0


def read_levels(content):
    return tifffile.imread(io.BytesIO(content))


def test_each_size_is_made_once_however_many_look_at_once(restorer, tmp_path, rng, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(rng.integers(0, 256, (1100, 1100, 3), np.uint8)).save(path)
    folder = tmp_path / "kept"
    folder.mkdir()
    proof = Proof(folder, path, Denoise(), handled())
    made, whole, together = [], pyramid.halved, threading.Barrier(6)

    def slowly(block):
        made.append(block.shape)
        time.sleep(0.01)
        return whole(block)

    monkeypatch.setattr(pyramid, "halved", slowly)

    def look(_):
        together.wait(20)
        return look_at(proof.layers(), Look.BEFORE, Region(0, 0, 1100, 1100), (137, 137), Options())

    with ThreadPoolExecutor(6) as pool:
        shown = list(pool.map(look, range(6)))
    assert all((one == shown[0]).all() for one in shown)
    assert len(made) == 5 + 3 + 2  # blocks of 256 rows: of 1100, of 550 and of 275 rows
