import io

import numpy as np
import pytest
from PIL import Image

from rednet.degradations import GaussianNoise
from rednet.images import read_picture
from rednet.restoring.jpeg_traces import find_blocks, grid_strengths, jpeg_quality
from rednet.restoring.sampling import SAMPLE_ROWS

from ..conftest import PHOTOS


@pytest.fixture(scope="module", params=["chelsea.png", "coffee.png", "astronaut.png"])
def halved(request):
    """A photograph without traces of JPEG: averaged down."""
    x = read_picture(PHOTOS / request.param).pixels[:400, :400]
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


def saved(x, quality, subsampling="4:2:0"):
    file = io.BytesIO()
    Image.fromarray(np.rint(x * 255).astype(np.uint8)).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file), np.float32) / 255


@pytest.mark.parametrize("quality", [1, 10, 30, 50, 75, 95, 100])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_tables_of_a_jpeg_tell_its_quality(quality, mode, tmp_path):
    path = tmp_path / "a.jpg"
    Image.new(mode, (20, 20)).save(path, quality=quality)
    assert jpeg_quality(path) == quality


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xdb\x00\x43",
        b"\xff\xd8\xff\xdb\x00\x02",
        b"\xff\xd8\xff\xdb\x00\x09\x10abcdef",
        b"\x89PNG\r\n",
        b"\xff\xd8" + b"\xff" * 99,
    ],
)
def test_what_is_no_whole_jpeg_has_no_quality(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    assert jpeg_quality(tmp_path / "a") is None


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize("quality", [10, 25, 50, 75, 90])
def test_the_quality_of_a_decoded_jpeg_is_found_in_its_pixels(halved, quality, subsampling):
    found = find_blocks(saved(halved, quality, subsampling))
    assert abs(found.quality - quality) <= 1


@pytest.mark.parametrize("offset", [(3, 3), (0, 5), (7, 1)])
def test_the_quality_is_found_when_the_picture_has_been_cropped(halved, offset):
    y = saved(halved, 40)[offset[0] :, offset[1] :]
    assert find_blocks(y).quality == 40


def test_a_picture_that_was_never_a_jpeg_has_no_quality_nor_has_one_that_noise_has_covered(halved, rng):
    assert find_blocks(halved).quality is None
    assert find_blocks(GaussianNoise(10, clip=True)(saved(halved, 60), rng).y).quality is None


def test_where_the_parts_of_a_large_picture_meet_is_not_taken_for_the_grid_of_a_jpeg(rng):
    parts = [rng.normal(0.5, 0.002, (SAMPLE_ROWS, 192)) + level for level in (-0.3, 0, 0.3, -0.1)]
    rows = np.concatenate(parts).astype(np.float32)
    assert grid_strengths(rows)[1].max() < 1.1
    assert grid_strengths(rows[100:])[1].max() > 1.1  # the parts meet elsewhere then: they do differ
