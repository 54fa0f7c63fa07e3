"""What the tests of training share: four pictures, and a recipe of a small network."""

import numpy as np
import pytest
from PIL import Image

from rednet.training.patches import Patches, list_pictures, load_pictures
from rednet.training.recipe import load_recipe

RECIPE = """
[model]
depth = 4
width = 32
channels = 3
stride = 2
mask = true
hints = ["sigma"]
[data]
train = ["train"]
validation = "val"
exclude = ["train/9.png"]
patch = 16
margin = 8
batch = 4
workers = 0
[schedule]
lr = 0.003
adam_lr = 0.003
warmup_steps = 5
averaging = 0.9
precision = "float32"
[mixture]
told = 0.5
task_told = 0.5
[[mixture.share]]
name = "noise"
degradation = { kind = "gaussian_noise", sigma = [20, 50] }
[[mixture.share]]
name = "lost"
gray = 1.0
weight = 0.2
degradation = { kind = "missing_pixels", shape = "random", share = 0.5 }
[[validation]]
name = "sigma 30"
degradation = { kind = "gaussian_noise", sigma = 30 }
"""


@pytest.fixture
def data(tmp_path, photo):
    levels = (photo * 255).astype(np.uint8)
    for folder, names in (("train", "0129"), ("val", "5")):
        (tmp_path / folder).mkdir()
        for name in names:
            Image.fromarray(np.roll(levels, int(name) * 7, axis=1)).save(tmp_path / folder / f"{name}.png")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path


@pytest.fixture
def recipe(data):
    return load_recipe(data / "recipe.toml")


def patches_of(recipe, data, seed=0):
    pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), 3)
    return Patches(pictures, recipe.mixture, recipe.model, recipe.data, seed)
