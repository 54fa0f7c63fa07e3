"""The experiments of the paper run, end to end, on a few pictures and steps."""

import csv
import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).parent.parent


@pytest.fixture
def paper(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("paper", ROOT / "benchmarks" / "paper.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(module, "MEASUREMENTS", 2)
    return module


@pytest.fixture
def data(tmp_path, rng):
    for folder in ("train/bsds500-train", "val/val20"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (100, 110, 3), np.uint8)).save(tmp_path / folder / "12003.jpg")
        Image.fromarray(rng.integers(0, 256, (100, 110, 3), np.uint8)).save(tmp_path / folder / "a.png")
    return tmp_path


QUESTIONS = sorted(
    path.stem for path in (ROOT / "recipes" / "paper" / "questions").glob("*.toml") if path.stem != "base"
)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_variants_that_make_recipes(paper, name):
    question = paper.load_question(name)
    recipes = [paper.recipe_from(paper.tables_of(question, variant, 0)) for variant in question["variant"]]
    assert len({variant["name"] for variant in question["variant"]}) == len(recipes) >= 2
    assert (
        question["question"].endswith("?")
        and question["paper"]
        and all(
            ("steps" in plan) != ("minutes" in plan)
            for plan in map(partial(paper.plan_of, question), question["variant"])
        )
    )


def test_a_question_is_trained_measured_and_kept(paper, data, monkeypatch):
    question = {**paper.load_question("skips"), "steps": 2}
    for variant in question["variant"]:
        variant["model"] |= {"width": 4}
    monkeypatch.setattr(paper, "load_question", lambda name: question)
    paper.run_question("skips", data)
    rows = list(csv.DictReader((paper.RESULTS / "skips.csv").open(encoding="utf-8")))
    assert [row["step"] for row in rows] == ["0", "1", "2"] * 4
    assert [row["variant"] for row in rows[::3]] == [variant["name"] for variant in question["variant"]]
    assert all(float(row["psnr"]) > 5 for row in rows) and rows[0]["loss"] == "" and float(rows[1]["loss"]) > 0
    assert [len(row["gradients"].split()) for row in rows] == [0, 20, 20] * 2 + [0, 30, 30] * 2
    paper.plot_question("skips")
    assert (paper.RESULTS / "skips.png").stat().st_size > 1000
    monkeypatch.setattr(paper, "train", lambda *_: pytest.fail("trained twice"))
    paper.run_question("skips", data)
    assert rows == list(csv.DictReader((paper.RESULTS / "skips.csv").open(encoding="utf-8")))


def test_questions_share_the_network_that_all_compare_with(paper):
    shared = [("depth", 2), ("skips", 0), ("residual", 0), ("stride", 0), ("width", 0)]
    questions = [(paper.load_question(name), number) for name, number in shared]
    assert len({repr(paper.tables_of(q, q["variant"][number], 0)) for q, number in questions}) == 1


def test_a_direct_mapping_gives_the_residual_networks_residual(paper):
    recipe = paper.recipe_from(paper.tables_of(paper.load_question("residual"), {}, 0))
    y = torch.rand(1, 1, 8, 8)
    residual, direct = (paper.network_of(recipe, mapping) for mapping in ("residual", "direct"))
    torch.testing.assert_close(direct(y), residual(y) - y)
