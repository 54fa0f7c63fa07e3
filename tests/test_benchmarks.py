"""The scripts that write our figures: what they count, and that the committed page is what they write."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rednet.degradations import KINDS, Blur, Identity
from rednet.evaluation.protocols import PROTOCOLS
from rednet.network.architecture import REDNetConfig
from rednet.zoo.model_folder import load_chain

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name):
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


def test_the_results_page_is_what_its_figures_say(script):
    results = script("results")
    assert results.PAGE.read_text("utf-8") == results.page()
    assert {protocol for protocol, _ in results.published()} <= set(PROTOCOLS)
    assert all(row["source"] for row in results.published_rows())


def test_a_table_has_a_row_for_each_method_and_ours_first(script):
    results = script("results")
    ours = {("set5-x2", "universal"): 37.0, ("set5-x2", "none"): 33.0}
    text = results.table("T", ("set5-x2", "set5-x3"), ours, {("set5-x3", "VDSR"): 33.66})
    assert text.splitlines()[4:] == [
        "| **universal** | 37.00 |  |",
        "| none | 33.00 |  |",
        "| VDSR, published |  | 33.66 |",
    ]


def test_every_kind_of_real_damage_is_shown_and_timed(script):
    damage = script("damage")
    steps = [step for kind in damage.DAMAGE.values() for step in getattr(kind, "steps", (kind,))]
    assert {type(step) for step in steps} == {*KINDS.values()} - {Identity, Blur}
    width, height = damage.sheet().size
    rows = -(-(len(damage.SHOWN) + 1) // damage.COLUMNS)
    assert width > damage.COLUMNS * damage.TILE * damage.ZOOM and height > rows * damage.TILE * damage.ZOOM


@pytest.mark.parametrize(
    "shape", [{"depth": 20, "width": 8, "channels": 3, "stride": 2, "mask": True}, {"depth": 6, "width": 5}]
)
def test_arithmetic_is_counted_by_the_weights(script, make_model, shape):
    chain = load_chain(make_model(**shape))
    weights = sum(layer.weight.size for layer in chain.layers)
    expected = 2 * weights / REDNetConfig(**shape).stride ** 2
    assert script("speed").flops_a_pixel(chain.config) == pytest.approx(expected)


def test_dncnn_is_twenty_plain_layers_at_full_resolution(script):
    speed = script("speed")
    # 64 channels in and out of 18 layers, one channel at both ends; 9 weights, a multiplication and an addition each.
    assert speed.flops_a_pixel(speed.OTHERS["DnCNN-3"]) == 2 * 9 * (18 * 64 * 64 + 2 * 64)


def test_a_contestant_restores_the_photograph(script, tmp_path):
    speed = script("speed")
    who = speed.Contestant("universal", "ncnn", 1, 128, 1.0)
    assert who.label == "universal/ncnn/1/128"
    assert np.isfinite(speed.make_runner(who, tmp_path)()).all()


def test_the_plot_shows_ours_beside_the_published(script, tmp_path, monkeypatch):
    speed = script("speed")
    path = tmp_path / "speed-test.csv"
    rows = [
        ",".join(speed.COLUMNS),
        "universal,ncnn,2,0,0.7,0.6,0.8,1,0.1,100",
        "DnCNN-3,onnx,2,0,0.1,0.1,0.1,1,0.1,100",
    ]
    path.write_text("\n".join(rows) + "\n")
    from matplotlib.axes import Axes

    shown = []
    monkeypatch.setattr(Axes, "annotate", lambda self, text, *rest, **options: shown.append(text))
    speed.plot(path)
    assert shown == ["universal", "DnCNN-3"] and path.with_suffix(".png").stat().st_size > 1000


def test_a_golden_set_tells_what_differs(script, tmp_path, capsys):
    golden, sets = script("golden"), {}
    same = {"version": "1", "processor": "one", "roads": ["a"]}
    for name, value, line in (("first", 0, "a"), ("other-ledger", 0, "b"), ("other-pixels", 1, "a")):
        made = golden.Golden()
        made.call("a/picture", lambda value=value: np.full((2, 3), value, np.uint8))
        made.call("a/refused", lambda: 1 / 0)
        made.add("a/line", line, "ledger")
        sets[name] = tmp_path / name
        sets[name].write_text(json.dumps({**same, **made.sections}))
    assert golden.compare(sets["first"], sets["other-ledger"])
    assert "ledger, may differ: a/line: 'a', then 'b'" in capsys.readouterr().out
    assert not golden.compare(sets["first"], sets["other-pixels"])
    assert "differs: a/picture / sha256: " in capsys.readouterr().out
    assert golden.differences({"a": 1}, {"b": {"c": 2}}) == ["a: only in the first", "b: only in the second"]
    assert golden.differences({"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}) == ["a / 1 / b: 1, then 2"]


def test_a_golden_set_sees_each_pixel_the_shape_and_the_type(script):
    hashed = script("golden_set").hash_array
    values = np.zeros((2, 3), np.uint8)
    others = [values.T, values.astype(np.int8), np.eye(2, 3, dtype=np.uint8)]
    assert hashed(values) == hashed(values.copy()) and all(hashed(values) != hashed(other) for other in others)


def test_the_bench_of_first_looks_has_600_pictures_and_makes_the_same_one_twice(script, tmp_path):
    pictures = script("looks_pictures").bench(tmp_path)
    cases = list(pictures.cases())
    assert len(cases) == 600
    drawn = next(case for case in cases if case.kind == "page" and case.damage == "jpeg file")
    one, two = drawn.made(), drawn.made()
    assert one.saved == two.saved and np.array_equal(one.y, two.y)
    assert one.quality is not None and not np.array_equal(one.x, one.y)
