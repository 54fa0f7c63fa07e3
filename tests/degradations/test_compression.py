import numpy as np
import pytest

from rednet.classical.metrics import psnr
from rednet.degradations import JPEG, JPEGTwice, to_gray
from rednet.errors import OptionError
from rednet.packages import install_command


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
    with pytest.raises(OptionError) as caught:
        JPEG(10)(photo, rng)
    assert str(caught.value).endswith(f": {install_command('demo')}")


def test_a_picture_saved_twice_is_pillows_with_its_old_blocks_moved(photo):
    import io

    from PIL import Image

    def saved(levels, quality):
        file = io.BytesIO()
        Image.fromarray(levels).save(file, "JPEG", quality=quality, subsampling="4:4:4")
        return np.asarray(Image.open(file))

    levels = np.rint(photo * 255).astype(np.uint8)
    moved = set()
    for seed in range(12):
        top, left = np.random.default_rng(seed).integers(0, 8, 2)
        moved.add((int(top), int(left)))
        before = np.pad(levels, ((top, 0), (left, 0), (0, 0)), mode="symmetric")
        expected = saved(np.ascontiguousarray(saved(before, 20)[top:, left:]), 80)
        y, facts = JPEGTwice(20, 80, "4:4:4")(photo, np.random.default_rng(seed))[:2]
        assert np.array_equal(np.rint(y * 255), expected) and facts == {"quality": 80.0}
    assert len(moved) > 6


def test_a_picture_shrunk_between_two_savings_stays_where_it_is(photo, rng):
    y = JPEGTwice(95, 95, "4:4:4", larger=1.7)(photo, rng).y
    assert psnr(photo, y) > 35
    assert psnr(photo[1:], y[:-1]) < 30 and psnr(photo[:, 1:], y[:, :-1]) < 30
