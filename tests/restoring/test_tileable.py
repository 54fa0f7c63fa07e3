"""Textures that repeat: a shifted one gives the shifted result, in every task, and would not without `tileable`."""

import numpy as np
import pytest
from PIL import Image

from rednet.errors import OptionError
from rednet.images import PictureFile, from_array
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.task import as_finding
from rednet.restoring.tasks import Deblur, Dejpeg, Denoise, Inpaint, Upscale
from tests.tasks import run_task

FIELDS = {
    "depth": 6, "width": 4, "channels": 3, "stride": 2, "mask": True,
    "hints": ("sigma", "quality", "scale", "deconvolved"), "positive": True,
}  # fmt: skip
SHIFT = (16, -32)  # a multiple of the sampling of the network, of its halved pictures, and of the estimate of noise
SIZE = (64, 96)


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(**FIELDS))


def shifted(x, times=1):
    return np.roll(x, [times * step for step in SHIFT], (0, 1))


def texture(rng, channels=3):
    """Make a texture whose borders do not fit as a picture, so that a mirror image there would differ."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    x = 0.5 + 0.3 * np.sin(rows * 2 * np.pi / 64 + columns * 6 * np.pi / 96)[:, :, None]
    return (x + 0.1 * rng.standard_normal((*SIZE, channels))).astype(np.float32).clip(0, 1)


def scratch():
    """Mark a wide hole across a corner, and some pixels."""
    mask = np.zeros(SIZE, bool)
    mask[:9, :8] = mask[-5:, :8] = mask[:9, -7:] = mask[-5:, -7:] = True
    mask[30, 20:60] = True
    return mask


def seam(restorer, image, make_task, **options):
    """Return how far the result of the shifted picture is from the shifted result."""
    straight = restorer.restore_image(image, make_task(lambda x: x), **options)
    turned = restorer.restore_image(shifted(image), make_task(shifted), **options)
    scale = straight.shape[0] // image.shape[0]
    return float(np.abs(shifted(straight, scale) - turned).max())


TASKS = {
    "denoise": lambda move: Denoise(sigma=20),
    "dejpeg": lambda move: Dejpeg(quality=30),
    "upscale": lambda move: Upscale(scale=2),
    "upscale 3": lambda move: Upscale(scale=3),
    "deblur": lambda move: Deblur(kernel="motion:7,30"),
    "inpaint": lambda move: Inpaint(mask=move(scratch())),
    "inpaint all": lambda move: Inpaint(mask=move(scratch()), restore_known=True),
}


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("name", TASKS)
def test_a_shifted_texture_gives_the_shifted_result(restorer, rng, name, channels):
    x = texture(rng, channels)
    if channels == 4:
        x[:, :, 3] = 1
        x[2:12, 90:, 3] = x[2:12, :5, 3] = 0  # hidden pixels across the seam
    make = TASKS[name]
    assert seam(restorer, x, make, tileable=True) < 2e-4
    assert seam(restorer, x, make) > 5e-3


@pytest.mark.parametrize("options", [{"self_ensemble": True}, {"detail": 0.5}])
def test_so_it_is_with_other_options(restorer, rng, options):
    x = texture(rng)
    assert seam(restorer, x, TASKS["denoise"], tileable=True, **options) < 2e-4
    assert seam(restorer, x, TASKS["denoise"], **options) > 5e-3


@pytest.mark.parametrize("bands", [True, False])
def test_pieces_give_what_the_whole_gives(make_model, restorer, rng, bands):
    x, options = from_array(texture(rng)), Options(tileable=True)
    pieces = Restorer(restorer.engine, tile=8, bands=bands).run(Denoise(sigma=20), x, options)
    np.testing.assert_allclose(pieces.pixels, restorer.run(Denoise(sigma=20), x, options).pixels, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 5, 1), (33, 47, 3)])
def test_sizes_that_fit_no_sampling_work(restorer, rng, shape):
    x = rng.random(shape, np.float32)
    lost = np.arange(x[:, :, 0].size).reshape(shape[:2]) % 3 == 1
    for task in (Denoise(sigma=20), Upscale(scale=3), Deblur(kernel=np.ones((1, 1))), Inpaint(mask=lost)):
        result = restorer.restore_image(x, task, tileable=True)
        assert result.shape[0] == task.enlargement * shape[0] and np.isfinite(result).all()


def test_the_uncertainty_has_no_seam_either(restorer, rng):
    x = texture(rng)
    straight, turned = (restorer.uncertainty(from_array(y), {}, tileable=True).pixels for y in (x, shifted(x)))
    np.testing.assert_allclose(shifted(straight), turned, atol=2e-4)


def test_a_large_file_does_not_stream(restorer, rng, tmp_path, monkeypatch):
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0.0)
    levels = rng.integers(0, 256, (64, 96, 3), np.uint8)
    results = []
    for name, pixels in (("a", levels), ("b", shifted(levels))):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        task = run_task(
            tmp_path / f"{name}.png", tmp_path / f"{name}-out.png", restorer, Denoise(sigma=20), tileable=True
        )
        assert not task.streamed
        results.append(np.asarray(Image.open(tmp_path / f"{name}-out.png")).astype(int))
    assert np.abs(shifted(results[0]) - results[1]).max() <= 1
    with pytest.raises(OptionError, match="first row"):
        from rednet.files.streaming import restore_rows

        next(restore_rows(restorer, PictureFile(tmp_path / "a.png"), 0, as_finding({}), ".png", Options(tileable=True)))
