"""A recipe is read from a file, may stand on another one, and each mistake in it is named."""

from dataclasses import replace

import pytest

from rednet.degradations import JPEG, Share
from rednet.errors import OptionError
from rednet.training.recipe import load_recipe
from tests.training.conftest import RECIPE


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("depth = 4", "depht = 4", "depht"),
        ("depth = 4", "depth = 5", "even"),
        ('kind = "missing_pixels"', 'kind = "rain"', "rain"),
        ("[mixture]", "[mixtures]", "mixtures"),
        ("[model]", "[model", "TOML"),
        ("[schedule]", "[schedule]\nspeed = 3", "speed"),
        ("[schedule]", '[schedule]\noptimizer = "sgd"', "muon"),
        ("depth = 4", 'depth = "4"', "whole number"),
        ("batch = 4", "batch = 0", "batch"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(data, old, new, word):
    (data / "bad.toml").write_text(RECIPE.replace(old, new))
    with pytest.raises(OptionError, match=word) as caught:
        load_recipe(data / "bad.toml")
    assert "bad.toml" in str(caught.value)


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(OptionError, match=r"no\.toml"):
        load_recipe(tmp_path / "no.toml")


def test_a_recipe_says_only_where_it_differs_from_its_base(data, recipe):
    (data / "child.toml").write_text('base = "recipe.toml"\n[model]\ndepth = 6\n[mixture]\ntold = 0.25')
    child = load_recipe(data / "child.toml")
    assert child.model == replace(recipe.model, depth=6)
    assert child.mixture.told == 0.25 and child.mixture.shares == recipe.mixture.shares
    assert (child.data, child.schedule, child.validation) == (recipe.data, recipe.schedule, recipe.validation)
    (data / "other.toml").write_text('base = "child.toml"')
    for base in ("child.toml", "./child.toml", "other.toml"):
        (data / "child.toml").write_text(f'base = "{base}"')
        with pytest.raises(OptionError, match="its own base"):
            load_recipe(data / "child.toml")
    (data / "child.toml").write_text('base = "none.toml"')
    with pytest.raises(OptionError, match=r"none\.toml"):
        load_recipe(data / "child.toml")


def test_a_recipe_can_add_to_the_shares_of_its_base(data, recipe):
    more = '[[added.share]]\nname = "JPEG"\ndegradation = { kind = "jpeg", quality = 20 }\n'
    (data / "child.toml").write_text('base = "recipe.toml"\n' + more + more.replace("share", "validation"))
    child = load_recipe(data / "child.toml")
    assert child.mixture.shares == (*recipe.mixture.shares, Share("JPEG", JPEG(20)))
    assert child.validation == (*recipe.validation, Share("JPEG", JPEG(20)))
    assert child.mixture.told == recipe.mixture.told
    (data / "grandchild.toml").write_text('base = "child.toml"\n' + more)
    assert len(load_recipe(data / "grandchild.toml").mixture.shares) == len(recipe.mixture.shares) + 2
    (data / "child.toml").write_text('base = "recipe.toml"\n[added]\nmodel = 3')
    with pytest.raises(OptionError, match="adds model"):
        load_recipe(data / "child.toml")
