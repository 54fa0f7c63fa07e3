"""Crops of pictures and drawings: each follows from the seed and its number, and has what the network takes."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from rednet.degradations import Dark, Mixture, Share
from rednet.errors import OptionError, TrainingError
from rednet.images import from_array, write_picture
from rednet.training.patches import Patches, list_pictures, load_pictures, stream
from tests.training.conftest import patches_of


def test_excluded_pictures_are_left_out_and_must_exist(recipe, data):
    assert [p.name for p in list_pictures(data, ["train"], ["train/9.png"])] == ["0.png", "1.png", "2.png"]
    with pytest.raises(TrainingError, match="do not exist"):
        list_pictures(data, ["train"], ["train/x.png"])
    with pytest.raises(TrainingError, match="give the folder that contains"):
        list_pictures(data, ["nosuch"])


def test_crop_n_is_always_the_same_and_differs_from_its_neighbours(recipe, data):
    one, two = patches_of(recipe, data), patches_of(recipe, data)
    for n in range(6):
        assert all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(one[n], two[n], strict=True))
    assert not torch.equal(one[0].x, one[1].x)
    assert not torch.equal(one[0].y, patches_of(recipe, data, seed=1)[0].y)


def test_a_crop_has_the_shape_that_the_network_takes(recipe, data):
    for n in range(8):
        crop = patches_of(recipe, data)[n]
        assert crop.y.shape == crop.x.shape == (3, 16, 16)
        assert crop.mask.shape == (1, 16, 16) and crop.hints.shape == (2,)
        if recipe.mixture.shares[crop.task].name == "lost":
            assert crop.mask.any() and torch.equal(crop.x[0], crop.x[2])  # gray fills all channels
        else:
            assert not crop.mask.any() and crop.hints[0] == 1


def test_a_share_of_the_crops_is_cut_from_drawings(recipe, data):
    photographs = patches_of(recipe, data).pictures
    drawn = replace(recipe, data=replace(recipe.data, drawings=0.25))

    def sources(patches):
        patches.drawings = defaultdict(object)  # for drawing hundreds takes long
        found = [patches.picture(n, np.random.default_rng((0, n))) for n in range(800)]
        return [not any(picture is photograph for photograph in patches.pictures) for picture in found]

    assert not any(sources(patches_of(recipe, data))) and photographs
    share = np.mean(sources(patches_of(drawn, data)))
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 800)
    with pytest.raises(OptionError, match="drawings"):
        replace(recipe.data, drawings=1.5)


def test_crops_of_drawings_follow_from_the_seed_and_their_number_alone(recipe, data):
    drawn = replace(recipe, data=replace(recipe.data, drawings=1.0))
    one, two = patches_of(drawn, data), patches_of(drawn, data)
    backwards = [two[n] for n in reversed(range(5))][::-1]
    assert all(torch.equal(one[n].y, backwards[n].y) for n in range(5))
    assert not torch.equal(one[0].x, patches_of(drawn, data, seed=1)[0].x)
    later = patches_of(drawn, data)
    assert later.picture(0, np.random.default_rng(0)) is not later.picture(8192, np.random.default_rng(0))


def test_without_drawings_the_crops_are_those_of_before(recipe, data):
    """A run that was stopped before there were drawings goes on with the crops that it would have had."""
    patches = patches_of(recipe, data)
    rng = np.random.default_rng((0, 7))
    picture = patches.pictures[rng.choice(len(patches.pictures), p=patches.odds)]
    assert patches.picture(7, np.random.default_rng((0, 7))) is picture


def test_a_gray_network_gets_gray_drawings(recipe, data):
    gray = replace(recipe, model=replace(recipe.model, channels=1), data=replace(recipe.data, drawings=1.0))
    pictures = load_pictures(list_pictures(data, ["train"]), 1)
    assert Patches(pictures, gray.mixture, gray.model, gray.data, 0)[0].y.shape == (1, 16, 16)


def test_a_dark_crop_is_compared_with_the_dark_truth(recipe, data):
    dark = replace(recipe, mixture=Mixture((Share("dark", Dark(0.02)),)))
    crop = patches_of(dark, data)[0]
    assert 0 < crop.x.max() <= 0.02 and (crop.y - crop.x).abs().max() < 1e-5


def test_webp_is_read_and_lists_beside_the_pictures_are_passed_over(data, photo):
    levels = np.rint(photo * 255).astype(np.uint8)
    (data / "open" / "source").mkdir(parents=True)
    Image.fromarray(levels).save(data / "open" / "source" / "a.webp", lossless=True)
    (data / "open" / "manifest.csv").write_text("file,terms\nsource/a.webp,CC0\n")
    paths = list_pictures(data, ["open"])
    assert [path.name for path in paths] == ["a.webp"]
    assert np.array_equal(load_pictures(paths, 3)[0], levels)


def test_workers_do_not_change_the_crops(recipe, data):
    patches = patches_of(recipe, data)
    alone = stream(patches, 3 * recipe.data.batch)
    patches_with_workers = patches_of(recipe, data)
    patches_with_workers.data = replace(recipe.data, workers=2)
    together = stream(patches_with_workers, 3 * recipe.data.batch)
    for _ in range(3):
        assert torch.equal(next(alone).y, next(together).y)


def test_sixteen_bit_pictures_are_read_as_what_they_show(tmp_path):
    Image.fromarray(np.full((4, 4), 0x8080, np.uint16)).save(tmp_path / "a.png")
    assert (load_pictures([tmp_path / "a.png"], 3)[0] == 0x80).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_bands_that_are_no_colours_is_refused_by_name(channels, tmp_path):
    write_picture(tmp_path / "bands.tif", from_array(np.zeros((9, 9, 5), np.uint8)))
    with pytest.raises(TrainingError, match=r"bands\.tif has 5 bands"):
        load_pictures([tmp_path / "bands.tif"], channels)
