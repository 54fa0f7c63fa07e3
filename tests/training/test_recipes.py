"""The recipes that come with the project: each can be trained as it is, and those of old runs stay what they were."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rednet.network.architecture import REDNetConfig
from rednet.training.loop import Budget, train
from rednet.training.recipe import load_recipe, load_tables
from rednet.training.start import starting_network
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model

RECIPES = Path(__file__).parent.parent.parent / "recipes"
SHIPPED = sorted(RECIPES.glob("*.toml"))
PAPER = sorted((RECIPES / "paper").glob("*.toml"))
LINEAGE = sorted((RECIPES / "lineage").glob("*.toml"))
OLD_RUNS = {
    "fast-1": "69954375a4d8",
    "fast-2": "a250bfc63625",
    "real-1": "3b5fe588c87d",
    "real-2": "52a5d2a3b92b",
    "real-3": "3fffdab54f21",
    "universal-1": "31dfdcc4a6dc",
    "universal-2": "9da5de7b9cde",
    "universal-3": "4f865a232620",
    "universal-4": "23cb6b6429c6",
    "universal-5": "9ad9dbc3b1eb",
    "universal-6": "d5ee3cbeadaf",
    "universal-7": "fdfa2b4ca814",
}


@pytest.mark.parametrize("path", [*SHIPPED, *PAPER, *LINEAGE], ids=lambda path: path.stem)
def test_every_recipe_can_be_read(path):
    assert load_recipe(path).mixture.shares


def test_the_papers_recipes_are_the_papers_networks_and_nothing_of_ours():
    recipes = {path.stem: load_recipe(path) for path in PAPER}
    assert {name: recipe.model for name, recipe in recipes.items()} == {
        "red10": REDNetConfig.paper(10),
        "red20": REDNetConfig.paper(20),
        "red30": REDNetConfig.paper(30),
        "red30-w128": REDNetConfig.paper(30, width=128),
    }
    assert len({repr(replace(recipe, model=REDNetConfig())) for recipe in recipes.values()}) == 1
    schedule = recipes["red30"].schedule
    assert (schedule.optimizer, schedule.lr, schedule.decay, schedule.averaging) == ("adam", 1e-4, 0, 0)
    assert not schedule.balance and schedule.initialisation == "he" and recipes["red30"].data.patch == 50


@pytest.mark.parametrize("initialisation", ["he", "damped"])
def test_hes_initialisation_keeps_its_spread_in_every_layer_and_the_damped_one_in_the_encoder_alone(initialisation):
    recipe = load_recipe(RECIPES / "paper" / "red20.toml")
    recipe = replace(recipe, schedule=replace(recipe.schedule, initialisation=initialisation))
    network = starting_network(recipe)
    spread = torch.stack([layer.weight.std() for layer in [*network.encoder[1:], *network.decoder[:-1]]])
    gains = spread / (2 / (9 * 64)) ** 0.5  # of 36,864 weights: 0.4 % is one standard error
    damped = torch.tensor([1.0] * 9 + [1.0 if initialisation == "he" else 0.3] * 9)
    torch.testing.assert_close(gains, damped, rtol=0.02, atol=0)


def test_a_recipe_of_the_paper_is_trained_as_it_is(tmp_path, rng):
    for name in ("train/bsds500-train/12003.jpg", "train/bsds500-train/a.png", "val/val20/b.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (60, 70, 3), np.uint8)).save(path)
    train(load_recipe(RECIPES / "paper" / "red10.toml"), tmp_path, tmp_path / "run", Budget(steps=1))
    assert load_network(tmp_path / "run").config == REDNetConfig.paper(10)


@pytest.mark.parametrize("name", ["universal-7", "fast-2", "real-3"])
def test_a_shipped_network_has_the_shape_of_its_last_recipe(name):
    model = load_network(find_model(name.partition("-")[0]))
    assert model.config == load_recipe(RECIPES / "lineage" / f"{name}.toml").model


@pytest.mark.parametrize("path", LINEAGE, ids=lambda path: path.stem)
def test_the_recipe_of_an_old_run_stays_what_it_was(path):
    """Also when a recipe changes on which it stands."""
    tables = json.dumps(load_tables(path), sort_keys=True)
    assert hashlib.sha256(tables.encode()).hexdigest()[:12] == OLD_RUNS[path.stem]


def test_real_damage_leaves_seventy_percent_to_the_tasks_of_universal():
    recipes = {path.stem: load_recipe(path) for path in SHIPPED}
    old, new = recipes["universal"], recipes["real"]
    count = len(old.mixture.shares)
    assert new.mixture.shares[:count] == old.mixture.shares and new.validation[: len(old.validation)] == old.validation
    assert sum(new.mixture.weights[:count]) == pytest.approx(0.7, abs=0.01)
    assert new.data.drawings <= 0.1 and new.data.train == ("train/open", "train/photos")
    told = {name for share in new.mixture.shares[count:] for name in facts_of(share)}
    assert told <= set(new.model.hints)


def facts_of(share):
    return share.degradation(np.full((40, 40, 3), 0.5, np.float32), np.random.default_rng(0)).facts


def test_the_lineage_goes_on_from_the_shipped_weights_with_new_crops():
    recipes = {path.stem: load_recipe(path) for path in SHIPPED}
    first, following = recipes["universal"], recipes["universal-next"]
    assert (
        first.mixture.told > following.mixture.told
        and first.schedule.seed != following.schedule.seed
        and first.mixture.shares == following.mixture.shares
    )
    shipped = load_network(find_model("universal"))
    started = starting_network(following, "universal")
    assert all(torch.equal(a, b) for a, b in zip(started.parameters(), shipped.parameters(), strict=True))
