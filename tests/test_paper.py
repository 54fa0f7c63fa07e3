"""The experiments of the paper run, end to end, on a few pictures and steps; their page says what was measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.paper import __main__ as command
from benchmarks.paper import page, questions, training
from benchmarks.paper.crops import DeviceCrops, suits
from benchmarks.paper.questions import SCALES, load_question, question_names, trainings_of
from benchmarks.paper.records import PUBLISHED, SETS, published_rows, read_table
from PIL import Image

from rednet.degradations import JPEG, GaussianNoise, Identity, Mixture, Scaling, Share
from rednet.evaluation.protocols import PROTOCOLS, choose_protocols
from rednet.network.hints import hint_vector
from rednet.network.model import REDNetConfig
from rednet.training.recipe import Data


@pytest.fixture
def data(tmp_path, rng):
    for name in ("train/bsds500-train/12003.jpg", "train/bsds500-train/a.png", "val/val20/a.png", "val/val20/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (100, 110, 3), np.uint8)).save(tmp_path / name)
    return tmp_path


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return the trainings of a question with small networks, 2 steps and 2 measurements; states go to a folder."""
    monkeypatch.setattr(training, "MEASUREMENTS", 2)
    monkeypatch.setattr(command, "STATES", tmp_path / "states")

    def make(name, scale="laptop", steps=2):
        return [
            replace(
                one,
                tables={
                    **one.tables,
                    "model": {**one.tables["model"], "width": 4},
                    "data": {**one.tables["data"], "batch": 2},
                },
                plan={**one.plan, "steps": steps, "crop": 24},
            )
            for one in trainings_of(name, scale)
            if one.seed == 0
        ]

    return make


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", question_names())
def test_every_question_has_variants_that_make_recipes(name, scale):
    question, trainings = load_question(name, scale), trainings_of(name, scale)
    assert len({one.variant for one in trainings}) == len(question["variant"]) >= 2
    assert len({one.name for one in trainings}) == len(trainings)
    assert question["question"].endswith("?") and question["paper"] and question["answer"].count(". ") >= 1
    assert all(("steps" in one.plan) != ("minutes" in one.plan) and one.recipe for one in trainings)


def test_at_the_papers_scale_each_question_holds_the_papers_network():
    paper = {"depth": 30, "width": 64, "channels": 1, "stride": 1}
    compared = [name for name in question_names() if name not in ("details", "levels", "recipe")]
    assert all(any(one.tables["model"] == paper for one in trainings_of(name, "paper")) for name in compared)
    assert (
        len({one.name for name in compared for one in trainings_of(name, "paper") if one.tables["model"] == paper}) >= 3
    )


def test_what_was_measured_is_still_the_answer_to_a_question():
    kept = read_table(page.RESULTS / "trainings.csv")
    asked = {one.name: one for name in question_names() for scale in SCALES for one in trainings_of(name, scale)}
    assert set(kept) <= set(asked)
    ends = {name: rows[-1]["step"] for name, rows in kept.items() if "steps" in asked[name].plan}
    assert ends == {name: str(asked[name].plan["steps"]) for name in ends} and len(ends) > 20


@pytest.mark.parametrize(("name", "scale"), [("skips", "laptop"), ("rivals", "paper")])
def test_a_question_is_trained_measured_and_kept(name, scale, small, data, tmp_path, monkeypatch):
    trainings, table = small(name, scale), tmp_path / "results" / "trainings.csv"
    command.run(trainings, data, "cpu", table)
    kept = read_table(table)
    assert list(kept) == [one.name for one in trainings]
    for rows in kept.values():
        assert [row["step"] for row in rows] == ["0", "1", "2"] and all(float(row["psnr"]) > 3 for row in rows)
        assert rows[0]["loss"] == "" and float(rows[1]["loss"]) > 0
        assert not rows[0]["gradients"] and rows[1]["gradients"] and rows[2]["gradients"]
    monkeypatch.setattr(command, "train", lambda *_: pytest.fail("trained twice"))
    command.run(trainings, data, "cpu", table)
    assert read_table(table) == kept


@pytest.mark.parametrize("scale", SCALES)
def test_a_training_that_was_cut_short_goes_on_and_ends_as_if_it_had_not_been(
    scale, small, data, tmp_path, monkeypatch
):
    trainings = small("width", scale, steps=6)[:1]
    command.run(trainings, data, "cpu", tmp_path / "whole" / "trainings.csv")
    clock = iter(range(10**6))
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(clock))
    table = tmp_path / "cut" / "trainings.csv"
    calls = 0
    while not table.exists():
        command.run(trainings, data, "cpu", table, minutes=7 / 60)  # by a clock that goes on a second at each look
        calls += 1
    assert calls > 1
    columns = ("step", "loss", "psnr", "gradients")
    whole, cut = (read_table(tmp_path / way / "trainings.csv")[trainings[0].name] for way in ("whole", "cut"))
    assert [[row[c] for c in columns] for row in cut] == [[row[c] for c in columns] for row in whole]


def test_a_rehearsal_says_how_much_work_a_training_is_and_keeps_nothing_else(small, data, tmp_path):
    trainings = small("residual", "paper", steps=10**6)
    command.rehearse(trainings, data, "cpu", tmp_path / "r.csv", seconds=0.2)
    rows = read_table(tmp_path / "r.csv")
    assert list(rows) == [one.name for one in trainings] and not list((tmp_path / "states").iterdir())
    for [row] in rows.values():
        assert int(row["pixels"]) == int(row["steps"]) * 2 * 50 * 50 > 0 and float(row["core_seconds"]) > 0
        speed, hours = page.work(row, 10**6)
        assert float(hours) == pytest.approx(10**6 * 2 * 50 * 50 / float(speed) / 3600, rel=0.05, abs=0.1)


def test_questions_share_the_network_that_all_compare_with():
    shared = [("depth", 2), ("skips", 0), ("residual", 0), ("stride", 0), ("width", 0), ("start", 0)]
    assert len({trainings_of(name)[number].name for name, number in shared}) == 1


def test_a_direct_mapping_gives_the_residual_networks_residual():
    [residual, direct] = trainings_of("residual")
    y = torch.rand(1, 1, 8, 8)
    a, b = (training.network_of(one, one.recipe) for one in (residual, direct))
    torch.testing.assert_close(b(y), a(y) - y)


def test_rivals_have_their_published_sizes():
    networks = {one.variant: training.network_of(one, one.recipe) for one in trainings_of("rivals")}
    sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}
    # DnCNN-B: 18 x (64 x 64 x 9 + 2 x 64) + 2 x 64 x 9 + 64 + 1; FFDNet: 13 such, (5 + 4) x 64 x 9 + 64 + 4.
    assert sizes["DnCNN-B"] == 18 * (36_864 + 128) + 2 * 576 + 65
    assert sizes["FFDNet"] == 13 * (36_864 + 128) + 9 * 576 + 68
    y, hints = torch.rand(2, 1, 9, 7), torch.tensor([[1.0, 0.5], [1.0, 1.0]])
    assert all(network(y, None, hints).shape == y.shape for network in networks.values())
    with torch.no_grad():
        ffdnet = networks["FFDNet"].eval()
        assert (ffdnet(y, None, hints) - ffdnet(y, None, hints.flip(0))).abs().max() > 1e-4  # it hears the level


def crops_of(degradation, *, told=1.0, channels=1, margin=0, pictures=None, batch=64):
    model = REDNetConfig(depth=4, channels=channels, hints=("scale", "sigma"))
    shares = (degradation,) if not isinstance(degradation, tuple) else degradation
    mixture = Mixture(tuple(Share(str(n), one) for n, one in enumerate(shares)), told, 1 - told)
    data = Data(("a",), "b", patch=24, margin=margin, batch=batch)
    if pictures is None:
        levels = np.random.default_rng(1).integers(0, 256, (31, 40, channels), np.uint8)
        pictures = [levels, levels[:29, :27] // 2]
    return DeviceCrops(pictures, mixture, model, data, 5, "cpu"), mixture, data


def windows(picture, side):
    """All crops of a picture in all 8 orientations, as bytes."""
    crops = set()
    for top in range(picture.shape[0] - side + 1):
        for left in range(picture.shape[1] - side + 1):
            crop = picture[top : top + side, left : left + side]
            for turned in (crop, crop.transpose(1, 0, 2)):
                crops |= {turned[a, b].tobytes() for a in (slice(None), slice(None, None, -1))
                          for b in ((slice(None), slice(None, None, -1)))}  # fmt: skip
    return crops


@pytest.mark.parametrize("channels", [1, 3])
def test_the_device_cuts_crops_of_the_pictures_in_every_orientation(channels):
    levels = np.random.default_rng(1).integers(0, 256, (27, 26, channels), np.uint8)
    crops, *_ = crops_of(Identity(), channels=channels, pictures=[levels, np.full((24, 30, channels), 7, np.uint8)])
    known, seen = windows(levels, 24), set()
    for step in range(40):
        x = np.rint(crops[step].x.numpy().transpose(0, 2, 3, 1) * 255).astype(np.uint8)
        seen |= {one.tobytes() for one in x if not (one == 7).all()}
        assert torch.equal(crops[step].x, crops[step].y)
    assert len(known) == 4 * 3 * 8 and seen == known  # 2560 draws: one of 96 is missed with less than 1e-9


def test_the_device_adds_noise_of_the_level_that_it_tells():
    crops, *_ = crops_of(GaussianNoise((10, 50)))
    batch = crops[3]
    sigma = 255 * (batch.y - batch.x).std(dim=(1, 2, 3))
    told = batch.hints.reshape(-1, 2, 2)
    torch.testing.assert_close(50 * told[:, 1, 1], sigma, rtol=0.15, atol=0)  # of 576 values: 3 % is one standard error
    assert told[:, 1, 0].eq(1).all() and told[:, 0].eq(0).all() and sigma.max() > 2 * sigma.min()
    unknown = crops_of(GaussianNoise((10, 50)), told=0.0)[0][3].hints.reshape(-1, 2, 2)
    assert unknown[:, 1, 0].eq(1).all() and unknown[:, :, 1].eq(0).all()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_device_scales_as_the_degradation_does(scale):
    batch = crops_of(Scaling(scale), batch=4)[0][0]
    for x, y, hints in zip(batch.x, batch.y, batch.hints, strict=True):
        expected = Scaling(scale)(x.numpy().transpose(1, 2, 0), np.random.default_rng(0))
        np.testing.assert_allclose(y.numpy().transpose(1, 2, 0), expected.y, atol=2e-6)
        assert np.allclose(hints, hint_vector(expected.facts, ("scale", "sigma")))


def test_the_device_cuts_the_margin_off_after_the_damage():
    whole = np.random.default_rng(1).integers(0, 256, (30, 30, 1), np.uint8)
    batch = crops_of(Scaling(3), margin=6, pictures=[whole])[0][0]
    known = windows(whole, 24)
    assert all(np.rint(x.numpy().transpose(1, 2, 0) * 255).astype(np.uint8).tobytes() in known for x in batch.x)
    assert len({x.numpy().tobytes() for x in batch.x}) > 8  # orientations and offsets


def test_a_batch_of_the_device_follows_from_its_number_alone():
    first, second = (crops_of((GaussianNoise(25), Scaling(2)), told=0.5)[0] for _ in range(2))
    batches = [next(first.stream(4)), second[4]]
    assert all(torch.equal(a, b) for a, b in zip(*batches, strict=True)) and not torch.equal(first[5].x, batches[0].x)
    assert set(batches[0].task.tolist()) == {0, 1}


@pytest.mark.parametrize("other", [JPEG(10), GaussianNoise(25, clip=True), Scaling((2, 3)), Scaling(2, JPEG(50))])
def test_what_the_device_cannot_do_is_left_to_workers(other):
    _, mixture, data = crops_of(GaussianNoise(25))
    assert suits(mixture, data)
    assert not suits(replace(mixture, shares=(*mixture.shares, Share("other", other))), data)
    assert not suits(mixture, replace(data, drawings=0.1))


def test_the_page_is_what_its_figures_say():
    runs, rehearsal = (read_table(page.RESULTS / f"{name}.csv") for name in ("trainings", "rehearsal"))
    assert page.PAGE.read_text("utf-8") == page.page(runs, rehearsal)
    lower = {name: [{**row, "psnr": f"{float(row['psnr']) - 1:.3f}"} for row in rows] for name, rows in runs.items()}
    red10 = "| RED10, no skips (the paper's) | 1 | 2000 | {} |"
    assert red10.format("24.94") in page.page(runs, rehearsal) and red10.format("23.94") in page.page(lower, rehearsal)
    shown = [name for name in page.ORDER if f"paper/{name}.png" in page.page(runs, {})]
    assert len(shown) > 5 and all((page.RESULTS / f"{name}.png").exists() for name in shown)


def test_every_training_is_on_the_page_measured_or_waiting():
    runs = read_table(page.RESULTS / "trainings.csv")
    nothing = page.waiting({}, {})
    assert all(f"{one.question}: " in nothing for name in question_names() for one in trainings_of(name))
    assert "skips: RED20, none | 0 | 2000" not in page.waiting(runs, {}) and "skips: RED20, none | 0 | 2000" in nothing


def test_a_figure_is_drawn_of_what_was_measured(tmp_path):
    runs = read_table(page.RESULTS / "trainings.csv")
    page.figures.draw(tmp_path / "a.png", load_question("skips"), trainings_of("skips"), runs)
    with Image.open(tmp_path / "a.png") as figure:
        corner = figure.convert("RGBA").getpixel((0, 0))
        assert figure.width > 1000 and corner == (255, 255, 255, 255)  # to be read on a dark page, too


def test_published_rows_stand_beside_protocols_of_ours():
    assert (
        {protocol for rows in SETS.values() for protocol in rows} == set(choose_protocols(["paper"])) <= set(PROTOCOLS)
    )
    shown = {protocol for rows in SETS.values() for protocol in rows}
    assert {row["protocol"] for row in published_rows()} <= shown and PUBLISHED.exists()
    text = page.PAGE.read_text("utf-8")
    assert "29.35†" in text and "| 37.56 |" in text


def test_minutes_to_a_goal_lie_between_two_measurements():
    rows = [{"seconds": "60", "psnr": "20"}, {"seconds": "120", "psnr": "22"}]
    assert page.minutes_to(rows, 21) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="never"):
        page.minutes_to(rows, 23)


def test_the_folder_of_questions_is_the_papers():
    assert Path("recipes/paper/questions") == questions.QUESTIONS.relative_to(questions.ROOT)
