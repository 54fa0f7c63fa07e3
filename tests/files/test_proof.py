"""A proof: strength, detail and format are open, and a result equals that of a restoration from the beginning."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.files.proof import Proof
from rednet.images.saving import Saving
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic, Deblur, Denoise, Upscale

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
