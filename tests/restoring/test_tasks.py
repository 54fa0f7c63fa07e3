"""Each task gives the same whoever asks for it, and strength and detail can be tried without the network."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rednet.classical.kernels import disk, picture_of
from rednet.classical.masks import from_picture
from rednet.errors import OptionError
from rednet.images import from_array, read_picture, to_array, write_picture
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import TASKS, Automatic, Deblur, Dejpeg, Denoise, Inpaint, Task, Told, Upscale
from rednet.values import settings
from tests.tasks import run_task

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


def test_a_task_is_made_of_the_half_that_computes_and_the_half_that_is_applied(restorer, y):
    options = Options(strength=0.7, detail=0.5)
    computed = restorer.compute(Denoise(sigma=25), y)
    np.testing.assert_array_equal(restorer.run(Denoise(sigma=25), y, options).pixels, computed.apply(options).pixels)
    full = computed.apply().pixels
    np.testing.assert_allclose(full, y.pixels + restorer.residual(y.pixels, {"sigma": 25.0}), atol=1e-6)
    assert np.abs(full - y.pixels).max() > 1e-3
    half = computed.apply(Options(strength=0.5)).pixels
    np.testing.assert_allclose(half, (y.pixels + full) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("task", "facts"),
    [
        (Denoise(sigma=25), {"sigma": 25.0}),
        (Denoise(quality=40), {"sigma": None, "quality": 40.0}),
        (Dejpeg(), {"quality": None}),
        (Dejpeg(quality=30, sigma=4), {"quality": 30.0, "sigma": 4.0}),
        (Upscale(scale=3), {"scale": 3.0}),
        (Told({"blur": 1.0}), {"blur": 1.0}),
    ],
)
def test_a_task_tells_the_network_what_it_knows(task, facts):
    found = task.look(lambda: np.full((16, 16, 3), 0.5, np.float32), None).facts
    assert found == facts and list(found) == list(facts)


def test_what_a_task_can_do_piece_by_piece_is_known_of_its_steps():
    for task in (Automatic(), Denoise(), Dejpeg(), Told({})):
        assert task.local
    for task in (
        Denoise(impulse=True),
        Denoise(bands=True),
        Upscale(),
        Deblur(kernel=disk(2)),
        Inpaint(mask_alpha=True),
    ):
        assert not task.local

    class Brighter(Task):
        def correct(self, network, picture, found, options, progress):
            return np.full_like(picture.pixels, 0.1)

    assert not Brighter().local


def test_what_one_picture_gives_all_tasks_give_through_files(restorer, y, tmp_path):
    path = tmp_path / "y.png"
    write_picture(path, y)
    for task in (Automatic(), Upscale(scale=3), Deblur(kernel=disk(2), noise_sigma=2.0), Inpaint(mask=hole(y))):
        strength = 1.0 if isinstance(task, Inpaint) else 0.7
        wanted = to_array(restorer.run(task, y, Options(strength=strength)))
        run_task(path, tmp_path / "x_hat.png", restorer, task, strength=strength)
        np.testing.assert_array_equal(to_array(read_picture(tmp_path / "x_hat.png")), wanted)
        (tmp_path / "x_hat.png").unlink()


@pytest.mark.parametrize("known", [False, True])
def test_detail_and_strength_that_mean_nothing_are_refused_or_left_out_when_applied(known, restorer, y):
    task = Inpaint(mask=hole, restore_known=known)
    with pytest.raises(OptionError, match="detail comes from what was removed"):
        restorer.run(task, y, Options(detail=0.5))
    weak = Options(strength=0.7)
    if known:
        wanted = restorer.run(task, y, weak)
    else:
        with pytest.raises(OptionError, match="strength weighs a correction"):
            restorer.run(task, y, weak)
        wanted = restorer.run(task, y)
    shown = restorer.compute(task, y).apply(Options(strength=0.7, detail=0.5))
    np.testing.assert_array_equal(shown.pixels, wanted.pixels)


@pytest.mark.parametrize("kind", [*TASKS.values(), Options])
def test_each_option_has_one_range_and_refuses_what_lies_outside(kind):
    needed = {"kernel": "disk:2"} if kind is Deblur else {"mask": hole} if kind is Inpaint else {}
    for name, said in settings(kind).items():
        if said.kind in (int, float):
            for good in (said.lowest, said.highest):
                value = getattr(kind(**needed, **{name: good}), name)
                assert value == good and type(value) is said.kind
            for bad in (said.lowest - 0.001, said.highest + 1, float("nan"), "3", True):
                with pytest.raises(OptionError, match=f"^{name} is "):
                    kind(**needed, **{name: bad})
        elif said.kind is bool and kind is not Inpaint:
            with pytest.raises(OptionError, match=f"^{name} is "):
                kind(**needed, **{name: 1})
        assert said.help.endswith(".")


def test_what_is_missing_is_said_once():
    for given in ({}, {"mask": hole, "mask_alpha": True}, {"mask_color": "#ff0000", "find_scratches": True}):
        with pytest.raises(OptionError, match="one of mask, mask_color, mask_alpha, find_scratches"):
            Inpaint(**given)


def test_what_is_filled_into_wide_colours_does_not_depend_on_what_stood_there(restorer, photo, tmp_path):
    mask = hole(from_array(photo))
    written = []
    for junk in ((0, 255, 0), (90, 80, 70)):
        levels = np.where(mask[:, :, None], np.uint8(junk), (photo * 255).astype(np.uint8))
        path = tmp_path / f"{junk}.png"
        write_png(path, levels, 1, wide_profile())
        after = restorer.compute(Inpaint(mask=hole), read_picture(path)).apply(Options(strength=0.5))
        written.append(to_array(after, own_colours=True))
        np.testing.assert_array_equal(written[-1][~mask], levels[~mask])
    np.testing.assert_array_equal(*written)


def marked(path, levels, mode="L"):
    Image.fromarray(levels, mode).save(path)
    return Inpaint(mask=path)


def test_a_mask_that_marks_nothing_is_refused_but_a_picture_without_scratches_stays(restorer, tmp_path):
    flat = from_array(np.full((20, 30, 3), 120, np.uint8))
    dark = np.zeros((20, 30), np.uint8)
    clear = replace(flat, alpha=np.ones((20, 30, 1), np.float32))
    for picture, task, words in (
        (flat, marked(tmp_path / "black.png", dark), "has 0.0% of white"),
        (flat, marked(tmp_path / "ones.png", dark + 1), "has 0.4% of white; it must be white"),
        (flat, marked(tmp_path / "clear.png", np.stack([dark + 255, dark], axis=2), "LA"), "painted on transparency"),
        (flat, Inpaint(mask_color="#ff0000", tolerance=3), "no pixel is within 3 of #ff0000: raise"),
        (clear, Inpaint(mask_alpha=True), "no pixel is transparent"),
    ):
        with pytest.raises(OptionError, match=words):
            restorer.run(task, picture)
    after = restorer.run(Inpaint(find_scratches=True), flat)
    np.testing.assert_array_equal(to_array(after), to_array(flat))


def test_a_picture_without_transparency_marks_what_is_white():
    assert from_picture(np.ones((2, 2, 1), np.float32)).all()


def test_a_kernel_is_drawn_in_squares():
    drawn = picture_of(disk(2), side=50)
    assert drawn.max() == 255 and drawn.shape == (50, 50) and (drawn[:10, :10] == drawn[0, 0]).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["deblur", "deblur a dark one", "fill", "fill a dark one", "impulse"])
def test_work_on_a_whole_picture_takes_no_more_memory_than_is_counted(name, channels, monkeypatch):
    side = 300
    levels = np.random.default_rng(0).integers(0, 256, (side, side, channels), np.uint8)
    lost = np.random.default_rng(1).random((side, side)) < 0.9
    task: Task = {
        "deblur": Deblur(kernel=disk(5), noise_sigma=2.0),
        "fill": Inpaint(mask=lambda picture: lost),
        "impulse": Denoise(impulse=True),
    }[name.removesuffix(" a dark one")]
    if "dark" in name:
        levels = levels // 16
    if name == "impulse":
        levels = np.where(lost[:, :, None], 100 + levels // 16, levels)
    monkeypatch.setattr(Restorer, "residual", lambda self, y, *rest, **options: np.zeros_like(y))
    restorer, picture = Restorer.from_pretrained("fast"), from_array(levels)
    tracemalloc.start()
    restorer.run(task, picture)
    floats = tracemalloc.get_traced_memory()[1] / 4 / side**2
    tracemalloc.stop()
    besides, each = task.floats
    assert floats < besides + each * channels
    assert floats > 0.5 * (besides + each * channels) or name == "impulse"  # which are few


def test_progress_never_goes_back_and_ends_at_the_end(y):
    restorer = Restorer.from_pretrained("fast", tile=16)
    wide, thin = np.zeros((2, 96, 80), bool)
    wide[20:80, 10:70] = thin[::9] = True
    spotted = replace(y, pixels=y.pixels.copy())
    spotted.pixels[::7, ::11] = 1
    bands = from_array(np.concatenate([to_array(y), to_array(y)[:, :, :2]], axis=2))
    for task, picture in (
        (Denoise(impulse=True), spotted),
        (Denoise(bands=True), y),
        (Upscale(), y),
        (Deblur(kernel=disk(1)), y),
        *[(Inpaint(mask=mask, restore_known=known), picture)
          for mask in (thin, wide) for known in (False, True) for picture in (y, bands)],
    ):  # fmt: skip
        told = []
        restorer.run(task, picture, progress=told.append)
        assert told == sorted(told) and told[-1] == 1 and len(told) > 4
