import numpy as np
import pytest

from rednet.degradations import JPEG, to_gray
from rednet.errors import OptionError


@pytest.mark.parametrize("gray", [False, True])
def test_jpeg_is_pillows_at_that_quality(photo, rng, gray):
    import io

    from PIL import Image

    x = to_gray(photo) if gray else photo
    levels = np.rint(x * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels[:, :, 0] if gray else levels).save(file, "JPEG", quality=10, subsampling="4:4:4")
    expected = np.asarray(Image.open(file)).reshape(x.shape)
    y = JPEG(10, "4:4:4")(x, rng).y
    assert np.array_equal(np.rint(y * 255), expected)
    assert not np.array_equal(np.rint(JPEG(11, "4:4:4")(x, rng).y * 255), expected)


def test_chroma_subsampling_blurs_colour_but_not_gray(photo, rng):
    assert not np.array_equal(JPEG(90)(photo, rng).y, JPEG(90, "4:4:4")(photo, rng).y)
    gray = to_gray(photo)
    assert np.array_equal(JPEG(90)(gray, rng).y, JPEG(90, "4:4:4")(gray, rng).y)


def test_one_of_several_subsamplings_is_drawn(photo, rng):
    fixed = {name: JPEG(50, name)(photo, rng).y for name in ("4:2:0", "4:4:4")}
    drawn = [JPEG(50, ("4:2:0", "4:4:4"))(photo, rng).y for _ in range(20)]
    counts = [sum(np.array_equal(y, z) for y in drawn) for z in fixed.values()]
    assert sum(counts) == 20 and min(counts) > 0


def test_without_pillow_jpeg_says_what_to_install(photo, rng, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(OptionError, match=r"pip install 'rednet\[demo\]'"):
        JPEG(10)(photo, rng)
