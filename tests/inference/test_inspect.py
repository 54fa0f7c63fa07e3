import numpy as np
import pytest
from PIL import Image

from rednet.degradations import GaussianNoise
from rednet.inference.inspect import describe, estimate_sigma, find_facts, jpeg_quality


@pytest.mark.parametrize("sigma", [5, 15, 25, 50])
def test_sigma_of_noise_on_a_flat_picture_is_found(sigma, rng):
    y = GaussianNoise(sigma)(np.full((200, 200, 3), 0.5, np.float32), rng).y
    assert estimate_sigma(y) == pytest.approx(sigma, rel=0.05)


def test_a_clean_photograph_reads_as_almost_no_noise(photo):
    assert estimate_sigma(photo) < 4


def test_a_picture_of_one_pixel_has_no_noise():
    assert estimate_sigma(np.zeros((1, 1, 3), np.float32)) == 0


@pytest.mark.parametrize("quality", [1, 10, 30, 50, 75, 95, 100])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_tables_of_a_jpeg_tell_its_quality(quality, mode, tmp_path):
    path = tmp_path / "a.jpg"
    Image.new(mode, (20, 20)).save(path, quality=quality)
    assert jpeg_quality(path) == quality


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xdb\x00\x43", b"\x89PNG\r\n", b"\xff\xd8" + b"\xff" * 99]
)
def test_what_is_no_whole_jpeg_has_no_quality(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    assert jpeg_quality(tmp_path / "a") is None


def test_restore_says_compression_noise_or_neither(photo, tmp_path, rng):
    path = tmp_path / "a.jpg"
    Image.fromarray((photo * 255).astype(np.uint8)).save(path, quality=30)
    assert "quality 30" in describe(find_facts(photo, path))
    assert "noise of about sigma" in describe(find_facts(GaussianNoise(25)(photo, rng).y))
    assert "blindly" in describe(find_facts(photo))
