import io

import numpy as np
import pytest
from PIL import Image

from rednet.classical.luma import BT601
from rednet.degradations import JPEG, GaussianNoise, Impulses
from rednet.images import read_picture
from rednet.restoring.decision import FINE_QUALITY, decide, limit_of, named, unjudged
from rednet.restoring.finding import Finding, in_words
from rednet.restoring.inspection import SMALLEST, few_colours, inspect, inspect_file, show_impulses
from rednet.restoring.jpeg_traces import Blocks, rounding_error
from rednet.restoring.judge import DAMAGE, KINDS, Judgement
from rednet.restoring.sampling import MOST_WINDOWS, SAMPLE_PIXELS, SAMPLE_ROWS, sampled_rows, windows

from ..conftest import PHOTOS


@pytest.fixture(scope="module")
def photo():
    """A piece of a photograph without noise or traces of JPEG: averaged down."""
    x = read_picture(PHOTOS / "coffee.png").pixels
    x = x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2]
    x = (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4
    return np.rint(x * 255).astype(np.float32) / 255


def test_what_is_wrong_is_said_in_a_sentence(photo, tmp_path, rng):
    path = tmp_path / "a.jpg"
    Image.fromarray((photo * 255).round().astype(np.uint8)).save(path, quality=30)
    found = inspect(read_picture(path).pixels, path)
    assert found.words.startswith("a photograph, saved as JPEG of quality 30 (") and found.quality == 30
    found = inspect(GaussianNoise(25, clip=True)(photo, rng).y)
    assert "with noise of about sigma 2" in found.words and found.words.endswith(": repairing noise")
    assert not found.left and found.damage == ("noise",)


def test_weak_noise_of_a_dark_picture_is_not_said_to_be_zero(photo, rng):
    dark = GaussianNoise(15)(photo, rng).y / 40
    found = inspect(dark)
    assert 0 < found.sigma < 1 and f"sigma {found.sigma:.1g} " in found.words


def test_both_noise_and_the_compression_over_it_are_found(photo, tmp_path, rng):
    path = tmp_path / "a.jpg"
    y = GaussianNoise(20, clip=True)(photo, rng).y
    Image.fromarray((y * 255).round().astype(np.uint8)).save(path, quality=70)
    found = inspect(read_picture(path).pixels, path)
    assert set(found.damage) == {"noise", "JPEG"}
    assert found.facts.get("quality", 70.0) == 70.0 and not found.left


def test_a_clean_picture_is_left_as_it_is_unless_it_is_asked_for(photo):
    found = inspect(photo)
    assert found.clean and found.left and "left as it is" in found.words
    asked = inspect(photo, always=True)
    assert asked.clean and not asked.left and "left as it is" not in asked.words


def test_the_quality_of_a_fine_file_is_trusted(photo, tmp_path):
    path = tmp_path / "a.jpg"
    for quality in (FINE_QUALITY + 3, 99):
        Image.fromarray((photo * 255).round().astype(np.uint8)).save(path, quality=quality)
        found = inspect(read_picture(path).pixels, path)
        assert found.left and "JPEG" not in found.damage and found.quality == quality


def test_what_was_once_a_jpeg_is_found_without_its_file(photo, rng):
    found = inspect(JPEG(40)(photo, rng).y)
    assert found.damage == ("JPEG",) and found.quality == 40 and not found.left


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (5, 7), (63, 64), (200, 20), (8, 768), (3000, 2), (40, 400)])
def test_a_picture_of_any_size_can_be_judged(size, rng):
    for channels in (1, 3):
        found = inspect(rng.random((*size, channels), np.float32))
        assert found.words
        if min(size) < SMALLEST:
            assert (
                found.left
                and not found.clean
                and found.words == "a picture that is too small to be judged: left as it is"
            )
        else:
            assert 0 < found.confidence < 1


@pytest.mark.parametrize("depth", [255, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_smooth_gradient_is_not_said_to_be_blurred(depth, channels):
    x = np.linspace(0, 1, 600, dtype=np.float32)[None, :, None] * np.ones((300, 1, channels), np.float32)
    x = np.rint(x * depth) / np.float32(depth)
    assert inspect(x).words == "a picture without edges or texture: left as it is"
    x[100:200, 300:] = 0.2
    assert "without edges" not in inspect(x).words


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_picture_of_one_colour_is_said_to_be_one(value):
    x = np.full((80, 90, 3), value, np.float32)
    found = inspect(x)
    assert found.clean and found.left and found.words == "a picture of one colour: left as it is"
    assert not inspect(x, always=True).left
    x[40, 40] = 0.5
    assert "one colour" not in inspect(x).words


def test_if_only_colours_are_noisy_only_colours_are_corrected(photo, rng):
    correction = rng.normal(0, 0.1, (8, 8, 3)).astype(np.float32)
    found = inspect(photo)._replace(colours_only=True)
    np.testing.assert_allclose(found.kept(correction) @ BT601, 0, atol=1e-6)
    assert not found.kept(correction[:, :, :1]).any() and found.kept(correction).any()
    assert found._replace(colours_only=False).kept(correction) is correction


def test_of_a_large_picture_rows_all_over_it_are_looked_at():
    rows = list(sampled_rows(40_000, 5_000))
    assert sum(part.stop - part.start for part in rows) * 5_000 <= SAMPLE_PIXELS
    assert rows[0].start == 0 and rows[-1].stop > 40_000 - SAMPLE_ROWS
    assert all(part.start % 16 == 0 for part in rows)
    assert list(sampled_rows(100, 100)) == [slice(0, 100)]


def test_windows_are_spread_and_aligned_with_blocks():
    rows = np.zeros((SAMPLE_ROWS * 3 + 5, 2000, 1), np.float32)
    rows[:, :, 0] = np.arange(2000) % 8
    found = windows(rows)
    assert len(found) == MOST_WINDOWS and all(part.shape[:2] == (SAMPLE_ROWS, SAMPLE_ROWS) for part in found)
    assert all(part[0, 0, 0] == 0 for part in found)


def test_a_file_is_inspected_as_its_pixels_are(photo, tmp_path, rng):
    y = GaussianNoise(25, clip=True)(photo, rng).y
    Image.fromarray((y * 255).round().astype(np.uint8)).save(tmp_path / "a.png")
    facts, found = inspect_file(tmp_path / "a.png"), inspect(y)
    assert (facts.kind, facts.channels, facts.depth, facts.clean) == ("PNG", 3, "uint8", False)
    assert facts.words == found.words and facts.words in str(facts)
    assert facts.sigma == pytest.approx(25, rel=0.2)


def test_a_gray_picture_is_never_restored_in_its_colours_only(photo):
    for sigma in (0, 5, 25):
        y = photo.mean(axis=2, keepdims=True) + np.random.default_rng(0).normal(0, sigma / 255, (*photo.shape[:2], 1))
        assert not inspect(y.astype(np.float32), always=True).colours_only


def test_a_correction_stays_within_what_the_damage_can_have_done(photo, rng):
    assert limit_of(("noise",), 10.0, None) == limit_of(("grain", "impulses"), 10.0, None) == 30
    assert limit_of(("noise", "JPEG"), 10.0, 80) == pytest.approx(np.hypot(30, 2 * rounding_error(80)))
    assert limit_of(("JPEG",), 10.0, 80) == 2 * rounding_error(80)
    for damage in ((), ("impulses",), ("blur", "noise"), ("colour noise",), ("bands",), ("JPEG", "noise")):
        assert limit_of(damage, 10.0, None) == np.inf

    found = inspect(GaussianNoise(25, clip=True)(photo, rng).y)
    assert found.limit == 3 * found.sigma
    large = np.full((2, 2, 3), 1, np.float32)
    np.testing.assert_allclose(found.kept(-large), -found.limit / 255)
    np.testing.assert_array_equal(found._replace(limit=np.inf).kept(-large), -large)


def test_where_the_members_of_the_judge_disagree_nothing_is_restored():
    agreed = Judgement(
        kinds=np.eye(len(KINDS))[0],
        damage=np.eye(len(DAMAGE))[0] * 0.97,
        noisy=0.98,
        sigma=12.0,
        spread=1.1,
        gains=np.array([2.0, 3.0, 1.0, 1.0, 1.0]),
        least_gains=np.array([1.0, 1.5, 0.5, 0.5, 0.5]),
    )
    found = decide(agreed, Blocks(), None, 1.0, always=False)
    assert found.damage == ("noise",) and found.facts == {"sigma": None} and not found.left
    unsure = decide(agreed._replace(spread=2.2), Blocks(), None, 1.0, always=False)
    assert unsure.left and not unsure.damage and unsure.perhaps == ("noise",)
    assert decide(agreed._replace(spread=2.2), Blocks(), None, 1.0, always=True).left is False
    doubtful = agreed._replace(least_gains=np.array([0.5, 0.2, 0.5, 0.5, 0.5]))
    assert decide(doubtful, Blocks(), None, 1.0, always=False).left


@pytest.mark.parametrize("quality", [50, 80, 90])
def test_the_error_of_rounding_is_that_of_a_jpeg_whose_coefficients_are_all_large(quality, rng):
    x = rng.normal(128, 60, (256, 256)).clip(0, 255).round().astype(np.uint8)
    Image.fromarray(x).save(file := io.BytesIO(), "JPEG", quality=quality)
    error = np.std(np.asarray(Image.open(file)).astype(float) - x)
    assert error == pytest.approx(rounding_error(quality), rel=0.1)


def test_sharp_texture_is_not_taken_for_wrong_pixels(photo, rng):
    assert not show_impulses([photo])
    assert show_impulses([Impulses(0.005, "salt and pepper")(photo, rng).y])


def test_what_is_not_certain_is_told_as_such():
    likely = {"noise": 0.2, "grain": 0.7, "colour noise": 0.1, "impulses": 0.95, "bands": 0.1, "JPEG": 0.6, "blur": 0.1}
    assert named(likely, 0.8, 0.9) == ("impulses",) and named(likely, 0.8, 0.5) == ("grain", "impulses", "JPEG")
    assert named({**likely, "grain": 0.4}, 0.8, 0.5) == ("grain", "impulses", "JPEG")
    found = Finding({}, "", kind="photograph", damage=("impulses",), perhaps=("grain", "JPEG"), confidence=0.6)
    assert in_words(found) == (
        "a photograph, perhaps once a JPEG, with single wrong pixels, perhaps with film grain (60% sure): "
        "repairing wrong pixels"
    )
    left = found._replace(damage=(), left=True)
    assert in_words(left, 80) == (
        "a photograph, saved as JPEG of quality 80, perhaps with film grain (60% sure): left as it is"
    )
    assert in_words(left._replace(perhaps=(), clean=True)) == "a photograph, clean (60% sure): left as it is"
    again = left._replace(damage=("JPEG",), perhaps=(), left=False)
    assert in_words(again, 95, 60) == (
        "a photograph, saved as JPEG of quality 95, once a JPEG of quality 60 (60% sure): repairing compression"
    )
    assert in_words(again, 60).startswith("a photograph, saved as JPEG of quality 60 (60% sure)")
    assert in_words(again).startswith("a photograph, once a JPEG (60% sure)")
    both = found._replace(damage=("noise", "bands"), perhaps=(), sigma=12.3, kind="")
    assert in_words(both) == (
        "a picture with noise of about sigma 12 and stripes (60% sure): repairing noise and stripes"
    )


@pytest.mark.parametrize(("count", "kind"), [(2, "1-bit"), (3, "palette"), (32, "palette"), (33, "")])
def test_few_colours_are_counted(count, kind):
    levels = np.linspace(0, 255, count).round().repeat(64).reshape(-1, 64, 1).astype(np.float32)
    assert few_colours([levels / 255]) == few_colours([np.repeat(levels, 3, axis=2) / 255]) == kind
    assert few_colours([(levels[:, :, :1] * 0 + np.arange(64, dtype=np.float32)[None, :, None] % 20) / 255]) == ""


def test_a_file_above_quality_92_is_not_told_to_the_network():
    told = [unjudged("a picture", quality, clean=False, always=True).facts for quality in (92, 93)]
    assert told == [{"quality": 92.0}, {}]
