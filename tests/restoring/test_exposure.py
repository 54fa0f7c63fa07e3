"""Dark pictures are restored as well as bright ones, in memory and in a stream."""

import numpy as np
import pytest

import rednet
from rednet.classical.kernels import motion
from rednet.classical.metrics import psnr
from rednet.degradations import Blur
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.images import from_array, read_picture, write_picture
from rednet.restoring.exposure import brighter, exposure
from rednet.restoring.inspection import inspect
from rednet.restoring.restorer import Restorer
from rednet.restoring.scratches import find_scratches
from rednet.restoring.tasks import Automatic, Denoise

WHITE = 200 / 65535  # of the range: all that the dark pictures have


@pytest.fixture
def noisy(photo, rng):
    return photo + rng.normal(0, 25 / 255, photo.shape).astype(np.float32)


def test_only_dark_pictures_are_scaled_and_hot_pixels_do_not_count():
    x = np.full((100, 100, 3), 0.05, np.float32)
    assert exposure(x) == pytest.approx(20)
    assert exposure(x * 3) == 1 and exposure(x * 0) == 1 and exposure(x[:0]) == 1
    x[5, 5] = 1
    assert exposure(x) == pytest.approx(20)
    assert brighter({"sigma": 2.0, "quality": 50.0}, 20) == {"sigma": 40.0, "quality": 50.0}
    assert brighter({"sigma": None}, 20) == {"sigma": None}


@pytest.mark.parametrize("sigma", [None, 25.0])
def test_a_dark_picture_is_restored_as_well_as_the_same_at_full_range(photo, noisy, sigma):
    bright = psnr(photo, rednet.denoise(noisy, sigma=sigma))
    level = None if sigma is None else sigma * WHITE
    dark = rednet.denoise(noisy * np.float32(WHITE), sigma=level) / np.float32(WHITE)
    assert bright > 27 and abs(psnr(photo, dark) - bright) < 0.3


def test_the_first_look_finds_noise_in_the_dark(noisy):
    found = inspect(noisy * np.float32(WHITE))
    assert found.damage == inspect(noisy).damage == ("noise",) and not found.left
    assert found.sigma == pytest.approx(inspect(noisy).sigma * WHITE, rel=0.1)


@pytest.mark.parametrize("task", [Denoise(), Automatic()])
def test_a_dark_file_that_streams_is_equal_to_one_in_memory(task, noisy, tmp_path, monkeypatch):
    levels = (np.tile(noisy, (3, 3, 1)) * 200).clip(0, 65535).astype(np.uint16)
    write_picture(tmp_path / "dark.tif", from_array(levels))
    results = []
    for limit in (1e-6, 4.0):
        monkeypatch.setattr("rednet.files.file.STREAM_FROM", limit)
        file = FileTask(tmp_path / "dark.tif", tmp_path / f"{limit}.tif", task, Handling())
        file.load()
        assert file.streamed == (limit < 1)
        file.restore(Restorer.from_pretrained("fast", tile=64))
        file.save()
        file.close()
        results.append(read_picture(tmp_path / f"{limit}.tif").pixels)
    np.testing.assert_array_equal(*results)
    assert np.abs(results[0] - from_array(levels).pixels).max() > 0


@pytest.mark.parametrize("white", [0.0625, WHITE])
@pytest.mark.parametrize("sigma", [None, 1.0])
def test_a_dark_picture_is_deblurred_as_well_as_the_same_at_full_range(photo, white, sigma, rng, caplog):
    x, white = photo / photo.max(), np.float32(white)
    y = Blur(motion(7, 30), 1)(x, rng).y
    bright = psnr(x, rednet.deblur(y, "motion:7,30", sigma=sigma))
    level = None if sigma is None else sigma * float(white)
    dark = psnr(x, rednet.deblur(y * white, "motion:7,30", sigma=level) / white)
    assert bright > psnr(x, y) + 2 and abs(dark - bright) < 0.3
    rednet.deblur(y * white, "motion:7,30", sigma=20 * float(white))
    assert f"given as {20 * float(white):g}, but the picture shows noise of about" in caplog.text


@pytest.mark.parametrize("white", [0.0625, WHITE])
@pytest.mark.parametrize("wide", [False, True])
def test_missing_pixels_of_a_dark_picture_are_filled_as_well_as_those_of_a_bright_one(photo, white, wide, rng):
    white, mask = np.float32(white), rng.random(photo.shape[:2]) < 0.5
    if wide:
        mask = np.zeros_like(mask)
        mask[30:60, 30:50] = True
    bright, dark = (psnr(photo[mask], rednet.inpaint(photo * w, mask)[mask] / w) for w in (np.float32(1), white))
    assert abs(dark - bright) < 0.3
    junk = np.where(mask[:, :, None], np.float32(1), photo * white)  # what stands there says nothing of the range
    np.testing.assert_array_equal(rednet.inpaint(junk, mask), rednet.inpaint(photo * white, mask))


def test_scratches_and_uncertainty_of_a_dark_picture_are_those_of_a_bright_one(photo):
    x = photo / photo.max()
    x[40:42, 10:70] = 1
    dark = x * np.float32(WHITE)
    found = find_scratches(x)
    assert found[40:42, 20:60].all() and np.mean(find_scratches(dark) != found) < 0.01
    restorer = Restorer.from_pretrained("fast")
    bright, same = (restorer.uncertainty(from_array(each), {"sigma": None}).pixels for each in (x, dark))
    assert np.corrcoef(bright.ravel(), same.ravel())[0, 1] > 0.99
