"""A plan does in two halves what the verbs do in one; a proof lets the second be tried without the first."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rednet.classical.kernels import disk, picture_of
from rednet.classical.masks import from_layers, from_picture, mark, to_layer
from rednet.errors import OptionError
from rednet.files.file import FileTask, Handling
from rednet.images import Picture, from_array, read_picture, to_array, write_picture
from rednet.restoring.correction import removed_picture
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import (
    automatic,
    deblocking,
    deblurring,
    denoising,
    enlarging,
    filling,
    mask_of,
    mask_of_alpha,
    mask_of_colour,
    mask_of_scratches,
)
from rednet.web.proof import CROP, PREVIEW, Proof, to_show

from ..images.test_matrix import wide_profile, write_png


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(
        make_model(
            depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "quality", "scale", "deconvolved")
        )
    )


@pytest.fixture
def y(photo, rng):
    return from_array((np.clip(photo + rng.normal(0, 0.1, photo.shape), 0, 1) * 255).astype(np.uint8))


def hole(picture):
    mask = np.zeros(picture.pixels.shape[:2], bool)
    mask[20:24, 10:30] = True
    return mask


PLANS = {
    "auto": (automatic(), lambda r, y, **o: r.restore_picture(y, {"sigma": None}, **o)),
    "denoise": (denoising(25.0), lambda r, y, **o: r.restore_picture(y, {"sigma": 25.0}, **o)),
    "dejpeg": (deblocking(30.0), lambda r, y, **o: r.restore_picture(y, {"quality": 30.0}, **o)),
    "upscale": (enlarging(3), lambda r, y, **o: r.upscale_picture(y, 3, **o)),
    "deblur": (deblurring(disk(2), 2.0), lambda r, y, **o: r.deblur_picture(y, disk(2), 2.0, **o)),
    "inpaint": (filling(hole), lambda r, y, **o: r.restore_picture(y, {}, hole(y))),
    "inpaint all": (
        filling(hole, restore_known=True),
        lambda r, y, strength, detail: r.restore_picture(y, {}, hole(y), True, strength=strength),
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_both_halves_give_what_the_verb_gives_in_files_and_in_proofs(name, restorer, y, tmp_path):
    plan, verb = PLANS[name]
    options = {"strength": 0.7, "detail": 0.5}
    wanted = to_array(verb(restorer, y, **options))
    path = tmp_path / "y.png"
    write_picture(path, y)

    def written(work):
        task = FileTask(path, tmp_path / "x_hat.png", work, Handling(**options))
        task.load()
        task.restore(restorer)
        task.save()
        task.target.rename(tmp_path / "read.png")
        return to_array(read_picture(tmp_path / "read.png"))

    if plan.detail:
        np.testing.assert_array_equal(written(plan.work()), wanted)
    else:
        with pytest.raises(OptionError, match="detail comes from what was removed"):
            written(plan.work())
        options["detail"] = 0.0
        if name == "inpaint":
            with pytest.raises(OptionError, match="strength weighs a correction"):
                written(plan.work())
            options["strength"] = 1.0
        np.testing.assert_array_equal(written(plan.work()), wanted)
        options = {"strength": 0.7, "detail": 0.5}  # a proof has them at hand, and heeds what has a meaning
    proof = Proof.compute(plan, tmp_path, restorer, y, path, {})
    np.testing.assert_array_equal(written(proof.work()), wanted)
    views = proof.views(**options)
    np.testing.assert_array_equal(views.after, wanted)  # small enough to be shown as it is


def test_a_proof_of_wide_colours_writes_what_is_filled_in_whatever_stood_there(restorer, photo, tmp_path):
    mask = hole(from_array(photo))
    written = []
    for junk in ((0, 255, 0), (90, 80, 70)):
        levels = np.where(mask[:, :, None], np.uint8(junk), (photo * 255).astype(np.uint8))
        path = tmp_path / f"{junk}.png"
        write_png(path, levels, 1, wide_profile())
        proof = Proof.compute(filling(hole), tmp_path, restorer, read_picture(path), path, {})
        after = proof.work().run(restorer, read_picture(path), {"strength": 0.5})
        written.append(to_array(after, own_colours=True))
        np.testing.assert_array_equal(written[-1][~mask], levels[~mask])
    np.testing.assert_array_equal(*written)


def marked(path, levels, mode="L"):
    Image.fromarray(levels, mode).save(path)
    return mask_of(path)


def test_a_mask_that_marks_nothing_is_refused_but_a_picture_without_scratches_stays(restorer, tmp_path):
    flat = from_array(np.full((20, 30, 3), 120, np.uint8))
    dark = np.zeros((20, 30), np.uint8)
    clear = replace(flat, alpha=np.ones((20, 30, 1), np.float32))
    for picture, missing, words in (
        (flat, marked(tmp_path / "black.png", dark), "has 0.0% of white"),
        (flat, marked(tmp_path / "ones.png", dark + 1), "has 0.4% of white; it must be white"),
        (flat, marked(tmp_path / "clear.png", np.stack([dark + 255, dark], axis=2), "LA"), "and opaque"),
        (flat, mask_of_colour("#ff0000", 3), "no pixel is within 3 of #ff0000: raise"),
        (clear, mask_of_alpha, "no pixel is transparent"),
    ):
        with pytest.raises(OptionError, match=words):
            filling(missing).work().run(restorer, picture, {})
    after = filling(mask_of_scratches).work().run(restorer, flat, {})
    np.testing.assert_array_equal(to_array(after), to_array(flat))


def test_a_preview_is_small_and_a_crop_is_exact(restorer, photo, tmp_path):
    y = from_array(np.tile(photo, (15, 20, 1)))
    proof = Proof.compute(denoising(25.0), tmp_path, restorer, y, None, {})
    assert proof.size == (1600, 1440)
    views = proof.views(1.0, 0.0)
    assert max(views.after.shape) == PREVIEW and views.before.shape == views.after.shape == views.removed.shape
    before, after = proof.crop(1.0, 0.0, 0.5, 0.0)
    whole = to_show(restorer.restore_picture(y, {"sigma": 25.0}, strength=0.5))
    np.testing.assert_array_equal(after, whole[:CROP, -CROP:])
    np.testing.assert_array_equal(before, to_show(y)[:CROP, -CROP:])


def test_gray_and_transparent_pictures_can_be_shown():
    gray = Picture(np.full((4, 5, 1), 0.5, np.float32), np.ones((4, 5, 1), np.float32), "uint16")
    assert to_show(gray).shape == (4, 5, 4) and to_show(gray).dtype == np.uint8
    assert to_show(removed_picture(gray, gray)).shape == (4, 5, 3)


def test_layers_of_any_size_become_one_mask():
    mask = np.zeros((4, 6), bool)
    mask[1, 2] = True
    layer = to_layer(mask, (255, 0, 0))
    large = from_layers([layer, np.zeros((8, 12, 4), np.uint8)], 8, 12)
    assert large.sum() == 4 and large[2:4, 4:6].all()
    assert from_picture(np.ones((2, 2, 1), np.float32)).all()
    shown = mark(np.zeros((4, 6, 3), np.uint8), mask, (255, 0, 0))
    assert shown[1, 2].tolist() == [255, 0, 0] and shown.sum() == 255
    with pytest.raises(OptionError, match="nothing is marked"):
        from_layers([], 8, 12)


def test_a_kernel_is_drawn_in_squares():
    drawn = picture_of(disk(2), side=50)
    assert drawn.max() == 255 and drawn.shape == (50, 50) and (drawn[:10, :10] == drawn[0, 0]).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["deblur", "fill"])
def test_work_on_a_whole_picture_takes_no_more_memory_than_is_counted(name, channels, monkeypatch):
    side = 300
    levels = np.random.default_rng(0).integers(0, 256, (side, side, channels), np.uint8)
    lost = np.random.default_rng(1).random((side, side)) < 0.9
    plan = {"deblur": deblurring(disk(5), 2.0), "fill": filling(lambda picture: lost)}[name]
    monkeypatch.setattr(Restorer, "residual", lambda self, y, *rest, **options: np.zeros_like(y))
    restorer, picture = Restorer.from_pretrained("fast"), from_array(levels)
    tracemalloc.start()
    plan.work().run(restorer, picture, {})
    floats = tracemalloc.get_traced_memory()[1] / 4 / side**2
    tracemalloc.stop()
    besides, each = plan.floats
    assert 0.5 * (besides + each * channels) < floats < besides + each * channels
