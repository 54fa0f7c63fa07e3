"""Options in Python: misspelt ones are TypeErrors, wrong values OptionErrors, and none is swallowed or a traceback."""

import inspect as python
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import rednet
from rednet.errors import ImageError, ModelError, OptionError, RednetError
from rednet.restoring import verbs
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Denoise

from ..conftest import PHOTOS

Y = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
MASK = np.zeros(Y.shape[:2], bool)
MASK[5:9, 6:8] = True
KERNEL = np.ones((3, 3))
VERBS = {
    "restore": (),
    "denoise": (),
    "dejpeg": (),
    "upscale": (),
    "deblur": (KERNEL,),
    "inpaint": (MASK,),
}
FIELDS = {"depth": 4, "width": 2, "channels": 3, "mask": True, "hints": ("sigma", "quality", "scale", "deconvolved")}
FLAGS = ("always", "explain")
NO_NUMBERS = ("25", b"25", None, [25], np.array([25.0]), np.array(25.0), True, np.True_, 1 + 0j, {}, float("nan"),
              np.float32("nan"), float("inf"), -np.inf, 10**400, -1e-9, 1e9)  # fmt: skip


@pytest.fixture(autouse=True)
def small_network(make_model, monkeypatch):
    restorer = Restorer.from_pretrained(make_model(**FIELDS), threads=1)
    monkeypatch.setattr(verbs, "shipped", lambda model: restorer)
    return restorer


def call(verb, image=Y, **options):
    return getattr(rednet, verb)(image, *VERBS[verb], **options)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["sgima", "multichannel", "Strength", "facts", "tile"])
def test_a_misspelt_or_foreign_keyword_is_a_type_error_that_names_it(verb, name):
    with pytest.raises(TypeError, match=name):
        call(verb, **{name: 1})


def test_an_option_of_another_verb_is_a_type_error():
    for verb, name in (("denoise", "scale"), ("dejpeg", "scale"), ("restore", "mask"), ("denoise", "mask"),
                       ("upscale", "steps"), ("deblur", "restore_known"), ("denoise", "restore_known")):  # fmt: skip
        with pytest.raises(TypeError, match=name):
            call(verb, **{name: None})


@pytest.mark.parametrize("task", ["denoise", Denoise, None])
def test_what_is_no_task_is_refused(task):
    with pytest.raises(OptionError, match=r"such as Denoise\(sigma=25\)"):
        rednet.run(Y, task)


@pytest.mark.parametrize("method", ["restore", "upscale", "deblur"])
def test_methods_of_a_restorer_refuse_misspelt_keywords_before_they_read(method, small_network):
    with pytest.raises(TypeError, match="strenght"):
        getattr(small_network, method)("missing.png", *([KERNEL] if method == "deblur" else []), strenght=1)


NUMBERS = [("denoise", "sigma"), ("denoise", "quality"), ("dejpeg", "quality"), ("dejpeg", "sigma"),
           ("upscale", "scale"), ("deblur", "sigma"), ("deblur", "steps"),
           *[(verb, name) for verb in VERBS for name in ("strength", "detail")]]  # fmt: skip
RANGES = [(verb, "range") for verb in VERBS]
MAY_BE_NONE = ("sigma", "quality", "steps")


@pytest.mark.parametrize(("verb", "name"), NUMBERS)
def test_what_is_no_number_in_its_range_is_one_sentence_that_names_the_option(verb, name):
    for value in NO_NUMBERS:
        if value is None and name in MAY_BE_NONE:
            continue
        with pytest.raises(OptionError) as caught:
            call(verb, **{name: value})
        assert str(caught.value).startswith(f"{name} is ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(("verb", "name"), NUMBERS)
@pytest.mark.parametrize("kind", [int, float, np.int64, np.uint8, np.float16, np.float32, np.float64, Fraction])
def test_numbers_of_python_and_numpy_are_numbers(verb, name, kind):
    if verb == "inpaint":
        options = {"restore_known": True} if name == "strength" else {}
        value = 1 if name == "strength" else 0  # there is no detail where pixels are missing
    else:
        value, options = {"scale": 2, "strength": 1, "detail": 1}.get(name, 3), {}
    np.testing.assert_array_equal(call(verb, **{name: kind(value)}, **options), call(verb, **{name: value}, **options))


@pytest.mark.parametrize("value", [1, "yes", None, np.ones(2, bool), [True]])
def test_flags_are_true_or_false(value):
    for verb, name in [
        *[(verb, "self_ensemble") for verb in VERBS],
        ("inpaint", "restore_known"),
        ("deblur", "trust_kernel"),
        ("denoise", "impulse"),
        ("denoise", "bands"),
        ("denoise", "chroma"),
    ]:
        with pytest.raises(OptionError, match=f"{name} is"):
            call(verb, **{name: value})
        call(verb, **{name: np.False_})


def test_progress_must_be_a_function():
    for verb in VERBS:
        with pytest.raises(OptionError, match="progress is 3"):
            call(verb, progress=3)


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_of_restore_is_true_or_false(name):
    call("restore", **{name: np.True_})
    for value in (1, 0.0, "yes", None, [True]):
        with pytest.raises(OptionError, match=rf"{name} is .*True or False"):
            call("restore", **{name: value})


def test_every_keyword_of_every_verb_is_tested_here():
    tested = {*NUMBERS, *[(verb, name) for verb in VERBS for name in ("self_ensemble", "progress")]}
    tested |= {
        ("inpaint", "restore_known"),
        ("deblur", "trust_kernel"),
        ("denoise", "impulse"),
        ("denoise", "bands"),
        ("denoise", "chroma"),
        *[("restore", name) for name in FLAGS],
        *RANGES,
    }
    for verb in VERBS:
        names = {
            name for name, p in python.signature(getattr(rednet, verb)).parameters.items() if p.kind == p.KEYWORD_ONLY
        }
        assert {(verb, name) for name in names} <= tested


@pytest.mark.parametrize(
    "facts", [{"sgima": 25}, {"sigma": "25"}, {3: 4}, "sigma", ["sigma"], {"quality": np.ones(2)}, {"scale": True}]
)
def test_facts_are_checked_whatever_the_network_takes(facts, make_model, small_network):
    for restorer in (small_network, Restorer.from_pretrained(make_model(depth=4, width=2), threads=1)):
        with pytest.raises(OptionError):
            restorer.restore(Y, facts=facts)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"threads": 0}, OptionError), ({"threads": "2"}, OptionError), ({"threads": 1.5}, OptionError),
        ({"threads": 10**9}, OptionError), ({"tile": 0}, OptionError), ({"tile": "96"}, OptionError),
        ({"tile": float("nan")}, OptionError), ({"engine": ["ncnn"]}, OptionError), ({"engine": None}, OptionError),
        ({"device": None}, OptionError), ({"device": np.array(["cpu", "gpu"])}, OptionError),
        ({"name_or_dir": None}, ModelError), ({"name_or_dir": 5}, ModelError), ({"name_or_dir": "a\0b"}, ModelError),
        ({"name_or_dir": Path("nowhere")}, ModelError), ({"name_or_dir": "x" * 9000}, ModelError),
    ],
)  # fmt: skip
def test_loading_a_network_checks_its_options_too(options, error):
    with pytest.raises(error) as caught:
        Restorer.from_pretrained(**options)
    assert len(str(caught.value)) < 500


def test_a_kernel_may_be_a_path(tmp_path):
    expected = rednet.deblur(Y, np.ones((3, 3)))
    np.save(tmp_path / "k.npy", np.ones((3, 3)))
    Image.fromarray(np.full((3, 3), 255, np.uint8)).save(tmp_path / "k.png")
    for kernel in (tmp_path / "k.npy", str(tmp_path / "k.png"), tmp_path / "k.png", [[1, 1, 1]] * 3, KERNEL.astype(int),
                   Image.fromarray(np.full((3, 3), 9, np.uint8))):  # fmt: skip
        np.testing.assert_array_equal(rednet.deblur(Y, kernel), expected)
    for kernel in (tmp_path / "missing.npy", tmp_path / "k.bmp", None, 3, [[1], [1, 2, 3]], np.ones((3, 3), bool),
                   "disk", np.full((3, 3), np.nan), "disk:nan", Y):  # fmt: skip
        with pytest.raises(OptionError, match=r"kernel|radius"):
            rednet.deblur(Y, kernel)
    with pytest.raises(ImageError):
        rednet.deblur(Y, tmp_path / "missing.png")


def test_a_mask_may_be_a_path_or_a_picture(tmp_path):
    expected = rednet.inpaint(Y, MASK)
    drawn = Image.fromarray(MASK.astype(np.uint8) * 255)
    drawn.save(tmp_path / "m.png")
    for mask in (tmp_path / "m.png", str(tmp_path / "m.png"), drawn, drawn.convert("1"), drawn.convert("RGB"),
                 MASK.tolist(), MASK.astype(float), MASK.astype(np.uint8) * 255):  # fmt: skip
        np.testing.assert_array_equal(rednet.inpaint(Y, mask), expected)


def test_a_mask_that_is_none_is_one_sentence(tmp_path):
    Image.new("L", (20, 24)).save(tmp_path / "black.png")
    for mask in (tmp_path / "missing.png", "m.png", tmp_path / "black.png", None, "", 3, MASK[:-1], MASK[:, :, None],
                 np.full(MASK.shape, "x"), np.full(MASK.shape, None), np.full(MASK.shape, np.nan), [[1], [1, 2]],
                 Image.new("P", (20, 24)), MASK.astype(complex)):  # fmt: skip
        with pytest.raises(RednetError) as caught:
            rednet.inpaint(Y, mask)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_picture_is_one_sentence(verb, tmp_path):
    (tmp_path / "cut.jpg").write_bytes((PHOTOS / "chelsea.png").read_bytes()[:30_000])
    cut = Image.open(tmp_path / "cut.jpg")
    closed = Image.open(PHOTOS / "chelsea.png")
    closed.close()
    for image in (None, 3, b"picture", [[1], [1, 2]], np.zeros((24, 20), bool), np.zeros((24, 20), complex), object(),
                  Image.new("LAB", (20, 24)), Image.new("I", (20, 24)), cut, closed,
                  "", "a\0b.png", tmp_path, Path("missing.png")):  # fmt: skip
        with pytest.raises(ImageError) as caught:
            call(verb, image)
        assert "\n" not in str(caught.value)


def test_a_picture_that_pillow_has_opened_keeps_its_profile_and_orientation(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(Y).save(tmp_path / "a.jpg", icc_profile=profile, exif=exif)
    with Image.open(tmp_path / "a.jpg") as image:
        for verb in VERBS:
            result = call(verb, image)
            assert result.mode == "RGB" and result.info["icc_profile"] == profile and result.getexif()[0x0112] == 6
            if verb != "upscale":
                assert result.size == image.size
