import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from rednet.classical import metrics
from rednet.classical.kernels import gaussian, motion
from rednet.classical.metrics import psnr
from rednet.degradations import Blur, Chain, Dark, Degraded, GaussianNoise, Identity, Impulses, MissingPixels, Scaling
from rednet.errors import OptionError
from rednet.evaluation.damage import KernelFile, MaskFile
from rednet.evaluation.measure import cases, measure, measure_pairs
from rednet.evaluation.methods import find_method, network
from rednet.evaluation.protocols import GROUPS, PROTOCOLS, SMOKE, Protocol, choose_protocols
from rednet.evaluation.tables import Measured, peak_memory_mb, summarise, write_results
from rednet.network.architecture import REDNetConfig
from rednet.restoring.restorer import Restorer
from tests.command import rednet
from tests.evaluation.pins import FILE as pins_file
from tests.evaluation.pins import draw_data, pin

PINS = json.loads(pins_file.read_text("utf-8"))
DATA = os.environ.get("REDNET_DATA")


class Perfect(Restorer):
    """Answers with a known residual, so that the measured PSNR is known."""

    def __init__(self, offset, hints=("deconvolved",)):
        self.offset, self.seen = offset, []
        self.engine = SimpleNamespace(config=REDNetConfig(hints=hints))

    def residual(self, y, facts, mask=None, self_ensemble=False, *others, **more):
        self.seen.append((y, dict(facts)))
        return np.float32(self.offset) - y


@pytest.fixture
def data(tmp_path):
    (tmp_path / "set").mkdir()
    for name in "ab":
        Image.new("RGB", (13, 11), (102, 102, 102)).save(tmp_path / "set" / f"{name}.png")
    return tmp_path


def noisy(**options):
    return Protocol("set", GaussianNoise(25), "rgb", "", **options)


def test_psnr_is_taken_between_the_clean_picture_and_the_clipped_restored_one(data):
    results = list(measure(noisy(), network(Perfect(0.5)), data))
    assert [result.picture for result in results] == ["a.png", "b.png"]
    assert [result.after["psnr"] for result in results] == pytest.approx([20.0, 20.0], abs=1e-3)  # 0.5 against 0.4
    assert next(measure(noisy(), network(Perfect(7)), data)).after["psnr"] == pytest.approx(-20 * np.log10(0.6))
    assert results[0].gain == pytest.approx(results[0].after["psnr"] - results[0].before["psnr"])


@pytest.mark.parametrize(("told", "facts"), [("level", {"sigma": 25.0}), ("task", {"sigma": None}), ("nothing", {})])
def test_the_network_is_told_what_the_caller_says(data, told, facts):
    restorer = Perfect(0.5)
    list(measure(noisy(), network(restorer, told=told), data))
    assert restorer.seen[0][1] == facts


def test_each_picture_has_its_own_noise_and_always_the_same(data):
    runs = [[case.degraded.y for case in cases(noisy(), data)] for _ in range(2)]
    assert np.array_equal(runs[0][0], runs[1][0])
    assert not np.array_equal(runs[0][0], runs[0][1])


def test_scaling_is_measured_on_luma_cropped_to_a_multiple(data):
    protocol = Protocol("set", Scaling(3), "luma", "", multiple=3, metrics=("psnr",))
    x = next(cases(protocol, data)).x
    assert x.shape == (9, 12, 1)
    assert x.mean() * 255 == pytest.approx(16 + 219 * 0.4, abs=0.01)


def test_a_blurred_picture_is_inverted_and_then_restored(data):
    restorer = Perfect(0.5)
    protocol = Protocol("set", Blur(gaussian(1), 2.0), "rgb", "")
    results = list(measure(protocol, network(restorer, steps=1), data))
    assert [list(facts) for _, facts in restorer.seen] == [["deconvolved"], ["sigma"]] * 2
    assert results[0].after["psnr"] == pytest.approx(20.0, abs=1e-3)


def test_a_network_that_knows_no_inverse_gets_the_blurred_picture(data):
    restorer = Perfect(0.5, hints=())
    degraded = Blur(gaussian(1))(np.random.default_rng(0).random((20, 20, 3), np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(network(restorer)(degraded), 0.5, atol=1e-6)
    [(y, facts)] = restorer.seen
    assert y is degraded.y and facts == {"sigma": None}


def test_a_file_of_kernels_stands_for_several_kinds_of_damage(data):
    np.savez(data / "k.npz", k1=gaussian(1), k2=motion(5, 0))
    results = list(measure(Protocol("set", KernelFile("k.npz", 2.55), "rgb", ""), network(Perfect(0.5)), data))
    assert [result.picture for result in results] == ["a.png k1", "a.png k2", "b.png k1", "b.png k2"]
    with pytest.raises(OptionError, match="cannot read the kernels"):
        list(cases(Protocol("set", KernelFile("none.npz", 2.55), "rgb", ""), data))


def test_a_mask_is_repeated_and_the_lost_pixels_are_measured_alone(data):
    mask = np.zeros((5, 4), np.uint8)
    mask[2, 1] = 255
    Image.fromarray(mask).save(data / "m.png")
    protocol = Protocol("set", MaskFile("m.png"), "rgb", "", metrics=("psnr", "psnr_missing"))
    case = next(cases(protocol, data))
    assert np.argwhere(case.degraded.mask).tolist() == [[2, 1], [2, 5], [2, 9], [7, 1], [7, 5], [7, 9]]

    def only_the_lost(degraded: Degraded):
        return np.where(degraded.mask[:, :, None], np.float32(0.5), degraded.y)

    after = next(measure(protocol, only_the_lost, data)).after
    assert after["psnr_missing"] == pytest.approx(20, abs=1e-3)
    assert after["psnr"] == pytest.approx(20 + 10 * np.log10(13 * 11 / 6), abs=1e-3)


def test_a_dark_picture_is_compared_after_scaling_back(data):
    protocol = Protocol("set", Chain((GaussianNoise(25), Dark(0.01))), "rgb", "", metrics=("psnr", "ssim"))

    def truth(degraded):
        return np.full(degraded.y.shape, 0.4 * 0.01, np.float32)

    result = next(measure(protocol, truth, data))
    assert result.after["psnr"] > 100
    # Clipped at black and rounded to steps of 1/655 of white, the noise of sigma 25 hardly changes.
    assert result.before["psnr"] == pytest.approx(20 * np.log10(255 / 25), abs=0.5)


def test_spoilt_pixels_are_left_until_half_of_their_error_is_gone(data):
    protocol = Protocol("set", Impulses(0.2), "rgb", "", metrics=("psnr", "left", "max_change"))
    cured = {share: next(measure(protocol, lambda d, s=share: d.y + s * (0.4 - d.y), data)) for share in (0, 0.4, 0.6)}
    assert [result.after["left"] for result in cured.values()] == [1, 1, 0]
    assert cured[0].before["left"] == 1
    assert cured[0.6].after["max_change"] == pytest.approx(0.4 * cured[0].after["max_change"], rel=1e-4)


def test_drawings_need_no_data_and_no_installed_font(monkeypatch, tmp_path):
    from rednet.training.drawings import writing

    monkeypatch.setattr(writing, "typefaces", lambda: pytest.fail("the machine's fonts were asked for"))
    clean = replace(PROTOCOLS["drawings-clean"], drawings=3)
    found = list(cases(clean, tmp_path))
    assert len(found) == 3 and all(np.array_equal(case.x, case.degraded.y) for case in found)
    assert len({case.picture for case in found}) == 3
    results = [next(measure(clean, lambda d, o=offset: d.y + np.float32(o), tmp_path)) for offset in (0, 3 / 255)]
    assert [result.after["max_change"] for result in results] == pytest.approx([0, 3], abs=0.01)
    row = summarise(Measured("drawings-clean", "m", results[:1]))
    assert "| inf |" in row and "nan" not in row
    told = json.dumps(Measured("drawings-clean", "m", results[:1]).as_dict(), allow_nan=False)
    assert json.loads(told)["results"][0]["before"]["psnr"] is None


def test_a_missing_set_says_what_to_give(data):
    with pytest.raises(OptionError, match="give the folder that contains"):
        list(cases(PROTOCOLS["set5-x2"], data))


def test_a_protocol_is_chosen_by_name_beginning_or_group():
    assert choose_protocols(["set5-x2"]) == ["set5-x2"]
    assert choose_protocols(["set5-x"]) == ["set5-x2", "set5-x3", "set5-x4"]
    assert choose_protocols(["smoke", "set5-x2"]) == ["set5-x2", *SMOKE]
    assert set(choose_protocols([])) == set(PROTOCOLS) - set(SMOKE)
    with pytest.raises(OptionError, match="no protocol begins with set6"):
        choose_protocols(["set6"])


@pytest.mark.parametrize("group", GROUPS)
def test_every_entry_of_a_group_fits_a_protocol(group):
    assert all(any(name.startswith(start) for name in PROTOCOLS) for start in GROUPS[group])


@pytest.fixture(scope="session")
def crops(tmp_path_factory):
    return draw_data(tmp_path_factory.mktemp("crops"))


def same_pin(found, kept):
    """Compare two pins: the damage to the bit of a thousandth, each metric to a thousandth of its unit."""
    exact = {name: value for name, value in kept.items() if value is None or isinstance(value, str)}
    near = {name: value for name, value in kept.items() if name not in exact}
    return (
        set(found) == set(kept)
        and all(found[name] == value for name, value in exact.items())
        and all(found[name] == pytest.approx(value, abs=1e-3) for name, value in near.items())
    )


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_is_pinned_on_a_crop(name, crops):
    found = pin(PROTOCOLS[name], crops)
    assert same_pin(found, PINS["crops"][name]), found


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if DATA and PROTOCOLS[name].folder])
def test_every_protocol_is_pinned_on_its_published_set(name):
    found = pin(PROTOCOLS[name], Path(DATA))
    assert same_pin(found, PINS["sets"][name]), found


def other_rules(protocol):
    """Yield protocols that differ from one in one rule."""
    yield "damage", replace(protocol, damage=Identity())
    if protocol.crop_border:
        yield "border", replace(protocol, crop_border=0)
        yield "border", replace(protocol, crop_border=protocol.crop_border - 1)
    if protocol.multiple > 1:
        yield "multiple", replace(protocol, multiple=1)
    if not protocol.drawings:  # which are RGB already
        for colour in {"gray", "luma", "rgb"} - {protocol.colour}:
            yield "colour", replace(protocol, colour=colour)
    yield "metrics", replace(protocol, metrics=protocol.metrics[:-1])


STRICT = ("bsd68-gray-25", "cbsd68-colour-25", "live1-jpeg-10", "live1-jpeg-colour-10", "set5-x2", "set14-x3",
          "bsd100-unshaved-x4", "set5-blur-disk7", "set5-text", "drawings-jpeg90")  # fmt: skip


@pytest.mark.parametrize("name", STRICT)
def test_a_protocol_with_another_rule_misses_its_pin(name, crops):
    missed = [
        rule for rule, other in other_rules(PROTOCOLS[name]) if not same_pin(pin(other, crops), PINS["crops"][name])
    ]
    assert missed == [rule for rule, _ in other_rules(PROTOCOLS[name])]


WRONG = {
    "a wider luma": ("LUMA", metrics.LUMA * 255 / 219),
    "red and blue changed": ("LUMA", metrics.LUMA[::-1]),
    "black at 0": ("LUMA_BLACK", 0.0),
    "another window": ("SSIM_WEIGHTS", np.full(metrics.SSIM_WINDOW, 1 / metrics.SSIM_WINDOW)),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["live1-jpeg-10", "set5-x3", "live1-jpeg-colour-10"])
def test_another_luma_or_window_misses_the_pins(name, wrong, crops, monkeypatch):
    monkeypatch.setattr(metrics, *WRONG[wrong])
    cancels = name == "live1-jpeg-colour-10" and wrong == "black at 0"  # there, luma is only subtracted from luma
    assert same_pin(pin(PROTOCOLS[name], crops), PINS["crops"][name]) == cancels


def test_a_pin_sees_one_pixel(crops, monkeypatch):
    def one_pixel_more(self, x, rng, real=GaussianNoise.__call__):
        degraded = real(self, x, rng)
        degraded.y[0, 0, 0] += 0.002
        return degraded

    monkeypatch.setattr(GaussianNoise, "__call__", one_pixel_more)
    assert not same_pin(pin(PROTOCOLS["smoke-noise"], crops), PINS["crops"]["smoke-noise"])


@pytest.mark.parametrize(
    ("baseline", "damage"),
    [
        ("nlm", GaussianNoise(25)),
        ("nlm-float", GaussianNoise(25)),
        ("tv", GaussianNoise(25)),
        ("wavelet", GaussianNoise(25)),
        ("inverse", Blur(gaussian(1.6), 1.0)),
        ("richardson-lucy", Blur(gaussian(1.6), 1.0)),
        ("wiener", Blur(gaussian(1.6), 1.0)),
        ("telea", MissingPixels("random", 0.5)),
        ("navier-stokes", MissingPixels("random", 0.5)),
        ("biharmonic", MissingPixels("random", 0.5)),
    ],
)
@pytest.mark.parametrize("colour", ["rgb", "gray"])
def test_every_baseline_makes_its_kind_of_damage_less(baseline, damage, colour):
    protocol = Protocol("", damage, colour, "", metrics=("psnr",))
    gains = []
    for case in cases(protocol, Path()):
        y, mask = case.degraded.y, case.degraded.mask
        if mask is not None:
            y[mask] = 0.5  # where our own guess stands
        x_hat = find_method(f"baseline:{baseline}")(case.degraded)
        gains.append(psnr(case.x, x_hat.clip(0, 1)) - psnr(case.x, y.clip(0, 1)))
    assert np.mean(gains) > 0.4


@pytest.mark.parametrize("baseline", ["nlm", "inverse", "telea"])
def test_a_baseline_refuses_damage_that_is_not_its_own(baseline, data):
    with pytest.raises(OptionError, match=f"the baseline {baseline}"):
        next(measure(Protocol("set", Scaling(2), "rgb", ""), find_method(f"baseline:{baseline}"), data))


def test_an_unknown_baseline_is_refused():
    with pytest.raises(OptionError, match="there is no baseline magic"):
        find_method("baseline:magic")


def test_ones_own_pairs_are_measured_by_name(data, make_model):
    model = make_model(depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "quality"))
    restorer = Restorer.from_pretrained(model)
    (data / "damaged").mkdir()
    Image.new("RGB", (13, 11), (112, 102, 102)).save(data / "damaged" / "a.jpg", quality=100)
    assert [result.picture for result in measure_pairs(data / "set", data / "damaged", restorer)] == ["a.jpg"]
    Image.new("RGB", (13, 12)).save(data / "damaged" / "a.jpg")
    with pytest.raises(OptionError, match="the same size"):
        list(measure_pairs(data / "set", data / "damaged", restorer))
    (data / "damaged" / "a.jpg").rename(data / "damaged" / "c.jpg")
    with pytest.raises(OptionError, match="no picture"):
        list(measure_pairs(data / "set", data / "damaged", restorer))


def test_results_are_written_as_csv_table_and_sheets(data, tmp_path):
    measured = Measured("p", "baseline:m", list(measure(noisy(), network(Perfect(0.5)), data)))
    write_results(tmp_path / "out", [measured], worst=1)
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").open(encoding="utf-8")))
    assert [row["picture"] for row in rows] == ["a.png", "b.png"]
    assert float(rows[0]["restored_psnr"]) == pytest.approx(20, abs=1e-3) and rows[0]["restored_psnr_b"] == ""
    assert (tmp_path / "out" / "table.md").read_text("utf-8").splitlines()[2] == summarise(measured)
    sheets = list((tmp_path / "out" / "worst" / "p-baseline-m").iterdir())
    assert len(sheets) == 1 and Image.open(sheets[0]).size == (3 * 13 + 2 * 8, 11)


def test_the_interval_holds_the_mean_and_is_wider_for_less_alike_pictures(data):
    result = next(measure(noisy(), network(Perfect(0.5)), data))

    def interval(gains):
        after = [{**result.after, "psnr": result.before["psnr"] + gain} for gain in gains]
        row = summarise(Measured("p", "m", [type(result)("", result.before, a, 0, result.pictures) for a in after]))
        mean, low, high = (
            float(text) for text in row.split("|")[6].replace("(", "").replace(")", "").replace("to", "").split()
        )
        assert low <= mean <= high
        return high - low

    assert interval([1.0] * 8) == 0
    # The mean of 8 values with the standard deviation 0.5 has the standard error 0.5 / sqrt(8) = 0.18.
    assert interval([1, 2] * 4) == pytest.approx(2 * 1.96 * 0.18, rel=0.25)


def test_the_command_measures_the_smoke_test_beside_baselines(make_model, tmp_path):
    model = make_model(depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "scale", "deconvolved"))
    command = ["evaluate", "--protocol", "smoke", "--model", model, "--model", "baseline:nlm"]
    done = rednet(*command, "--out", tmp_path / "out")
    assert "| smoke-noise | baseline:nlm | 4 |" in done.stdout and f"| smoke-x2 | {model} | 4 |" in done.stdout
    assert "baseline:nlm is not made for: smoke-jpeg, smoke-x2" in done.stderr and "peak memory" in done.stderr
    report = json.loads(rednet("evaluate", "--protocol", "smoke", "--model", "baseline:none", "--json").stdout)
    assert report[0]["protocol"] == "smoke-noise" and report[0]["results"][0]["picture"] == "astronaut.png"


def test_the_command_says_what_is_missing(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "REDNET_DATA"}
    for options, message in (
        (["--protocol", "set5-x2"], "give --data, or set REDNET_DATA"),
        (["--protocol", "smoke", "--worst", "2"], "give --out"),
        (["--told", "all"], "told is 'all'"),
    ):
        done = rednet("evaluate", *options, env=environment)
        assert done.returncode == 1 and message in done.stderr


def test_what_was_measured_before_an_error_is_kept(tmp_path, rng):
    (tmp_path / "test" / "set5").mkdir(parents=True)
    Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(tmp_path / "test" / "set5" / "a.png")
    command = ["evaluate", "--protocol", "set5-x2", "--protocol", "set14-x2", "--model", "baseline:none"]
    done = rednet(*command, "--data", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 1 and "no pictures in" in done.stderr
    assert "set5-x2,baseline:none,a.png" in (tmp_path / "out" / "results.csv").read_text("utf-8")


def test_the_peak_of_memory_is_that_of_the_process_alone():
    """And not that of the larger one that it was started from."""
    ballast = np.ones(50_000_000)
    code = "from rednet.evaluation.tables import peak_memory_mb; print(peak_memory_mb())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 20 < float(done.stdout) < 400 <= ballast.nbytes / 1e6 < peak_memory_mb()
