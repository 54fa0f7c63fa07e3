"""A network is trained further on somebody's own pictures, and the gain is that on pictures held back."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from rednet import Restorer
from rednet.errors import TrainingError
from rednet.network.model import REDNet, REDNetConfig
from rednet.training.finetuning import CARD, DATA, PATIENCE, SHEET, finetune, shipped_recipe, split
from rednet.training.judging import validate
from rednet.training.loop import Budget
from rednet.training.noisy import NOISY, NoisyPatches, check_independent, noisy_crops
from rednet.training.recipe import Data, Recipe, Schedule, load_recipe
from rednet.training.run import STATE
from rednet.zoo.checking import CONFIG, WEIGHTS
from rednet.zoo.model_folder import load_network, save_network
from tests.command import rednet


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A small network that does nothing yet."""
    torch.manual_seed(0)
    network = REDNet(REDNetConfig(depth=4, width=8, channels=3, hints=("sigma",)))
    with torch.no_grad():
        network.decoder[-1].weight.mul_(0.1)
    folder = tmp_path_factory.mktemp("start")
    save_network(network, folder)
    return folder


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """The rate of these tests suits a network that knows nothing yet, and few steps."""
    schedule = Schedule(optimizer="adam", lr=0.01, warmup_steps=5, averaging=0.9)
    monkeypatch.setattr("rednet.training.finetuning.SCHEDULE", schedule)


def write(folder, pictures):
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{number}.png")


@pytest.fixture(scope="module")
def clean():
    from rednet.training.drawings import Drawings

    drawings = Drawings(3, 96, 96, installed=False)
    return [np.asarray(drawings[number]) for number in range(12)]


def noisy(pictures, seed, sigma=40):
    rng = np.random.default_rng(seed)
    return [np.clip(picture + rng.normal(0, sigma, picture.shape), 0, 255).astype(np.uint8) for picture in pictures]


def mean_gain(folder, clean, degraded):
    restorer = Restorer.from_pretrained(folder)
    gains = []
    for x, y in zip(clean, degraded, strict=True):
        x_hat = restorer.restore(y, facts={})
        before, after = (np.square(z.astype(float) - x).mean() for z in (y, x_hat))
        gains.append(10 * np.log10(before / after))
    return np.mean(gains)


def test_pairs_teach_a_network_what_they_differ_in(clean, start, tmp_path):
    write(tmp_path / "clean", clean)
    write(tmp_path / "noisy", noisy(clean, 0))
    outcome = finetune(
        tmp_path / "clean", tmp_path / "out", Budget(steps=250), degraded=tmp_path / "noisy", start=str(start)
    )
    assert (outcome.pictures, outcome.held_back, outcome.better) == (11, 1, True)
    assert outcome.after["pairs"] > outcome.before["pairs"] + 2
    assert mean_gain(tmp_path / "out", clean, noisy(clean, 9)) > 2  # a noise that it has not seen
    assert not (tmp_path / "out" / STATE).exists()
    words = (tmp_path / "out" / CARD).read_text()
    assert f"| pairs | {outcome.before['pairs']:.2f} | {outcome.after['pairs']:.2f} |" in words
    with Image.open(tmp_path / "out" / SHEET) as sheet:
        assert sheet.width > 4 * 96


def test_two_noisy_pictures_of_the_same_teach_as_well(clean, start, tmp_path):
    """Noise2Noise: nothing clean is ever seen. Clipping shifts the mean of noise near black and white: less gain."""
    write(tmp_path / "one", noisy(clean, 1))
    write(tmp_path / "two", noisy(clean, 2))
    finetune(tmp_path / "one", tmp_path / "out", Budget(steps=250), degraded=tmp_path / "two", start=str(start))
    assert mean_gain(tmp_path / "out", clean, noisy(clean, 9)) > 1


def test_noisy_pictures_alone_teach(clean, start, tmp_path, monkeypatch):
    """Nothing clean is ever seen; it says about how much was gained."""
    monkeypatch.setattr("rednet.training.finetuning.DATA", replace(DATA, patch=32))
    large = [64 + picture.repeat(2, axis=0).repeat(2, axis=1) // 2 for picture in clean]  # no noise is clipped
    write(tmp_path / "noisy", noisy(large, 1))
    outcome = finetune(tmp_path / "noisy", tmp_path / "out", Budget(steps=150), noisy_only=True, start=str(start))
    gain = mean_gain(tmp_path / "out", large, noisy(large, 9))
    assert gain > 1
    assert outcome.after["noise"] - outcome.before["noise"] == pytest.approx(gain, abs=1)
    assert "without a clean one (so PSNR is an estimate" in (tmp_path / "out" / CARD).read_text()


def test_two_noisy_pictures_judge_like_the_clean_one(clean):
    """The estimate of PSNR equals that from the clean picture; that from one noisy picture would be far off."""
    x = np.full((1, 192, 192, 3), 0.5, np.float32)
    x += np.linspace(-0.2, 0.2, 192, dtype=np.float32)[None, None, :, None]
    y = np.rint(255 * (x + np.random.default_rng(0).normal(0, 0.1, x.shape))).astype(np.uint8)
    config = REDNetConfig(depth=4, width=4, channels=3)
    same = REDNet(config)
    with torch.no_grad():
        same.decoder[-1].weight.zero_()
    recipe = Recipe(config, Data(train=("x",), validation="x"), Schedule(), NOISY, NOISY.shares)
    [crop] = noisy_crops(list(y), config, 96)
    found = validate(same, [crop], recipe)["noise"]
    assert found == pytest.approx(20, abs=0.3)  # sigma 0.1
    once = crop._replace(x=crop.x[:, :3])
    assert validate(same, [once], recipe)["noise"] == pytest.approx(17, abs=0.3)  # both have noise


def test_noise_that_is_alike_in_neighbours_is_refused(clean, start, tmp_path):
    dull = [64 + picture // 2 for picture in clean]
    coarse = [picture.repeat(2, axis=0).repeat(2, axis=1) for picture in noisy(dull, 1)]
    write(tmp_path / "coarse", coarse)
    with pytest.raises(TrainingError, match="neighbouring pixels is alike"):
        finetune(tmp_path / "coarse", tmp_path / "out", Budget(steps=1), noisy_only=True, start=str(start))
    assert not (tmp_path / "out").exists()
    check_independent(noisy(dull, 1))


def test_neighbours_are_different_pixels_of_one_square():
    rows, columns = np.mgrid[:64, :64]
    picture = np.stack([rows, columns, rows], axis=2).astype(np.uint8)
    config = REDNetConfig(depth=4, width=4, channels=3)
    patches = NoisyPatches([picture], config, Data(train=("x",), validation="x", patch=32, margin=0), 0)
    for number in range(8):
        crop = patches[number]
        apart = (255 * (crop.y - crop.x)).round().abs()[:2]
        assert (apart.sum(dim=0) == 1).all()  # beside, or above or below
        assert 0.3 < apart[0].mean() < 0.7


def test_clean_pictures_are_damaged_by_a_recipe(clean, start, tmp_path):
    write(tmp_path / "clean" / "below", clean)
    (tmp_path / "noise.toml").write_text("""
        model = {}
        data = { train = ["x"], validation = "x" }
        [[mixture.share]]
        name = "noise"
        degradation = { kind = "gaussian_noise", sigma = 40 }
        [[validation]]
        name = "sigma 40"
        degradation = { kind = "gaussian_noise", sigma = 40 }
    """)
    out = tmp_path / "out"
    outcome = finetune(tmp_path / "clean", out, Budget(steps=250), start=str(start), recipe=tmp_path / "noise.toml")
    assert outcome.after["sigma 40"] > outcome.before["sigma 40"] + 2


def test_what_gets_no_better_keeps_the_weights_of_the_start(clean, start, tmp_path, monkeypatch):
    monkeypatch.setattr("rednet.training.finetuning.mean_of_damaged", lambda psnr, shares: 20.0)
    write(tmp_path / "clean", clean)
    write(tmp_path / "noisy", noisy(clean, 0))
    outcome = finetune(
        tmp_path / "clean", tmp_path / "out", Budget(steps=3), degraded=tmp_path / "noisy", start=str(start)
    )
    assert not outcome.better
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == (start / WEIGHTS).read_bytes()
    assert outcome.after == outcome.before
    assert "Nothing was better" in (tmp_path / "out" / CARD).read_text()


@pytest.mark.parametrize("warmup_steps", [1, 5])
def test_a_run_gives_up_after_three_validations_without_gain_but_not_while_its_rate_rises(
    warmup_steps, clean, start, tmp_path, monkeypatch
):
    monkeypatch.setattr("rednet.training.finetuning.SCHEDULE", Schedule(warmup_steps=warmup_steps))
    monkeypatch.setattr("rednet.training.finetuning.LEAST_S", 0.0)  # a validation after every step
    monkeypatch.setattr("rednet.training.finetuning.mean_of_damaged", lambda psnr, shares: 20.0)
    write(tmp_path / "clean", clean[:3])
    write(tmp_path / "noisy", noisy(clean[:3], 0))
    given = {"degraded": tmp_path / "noisy", "start": str(start)}
    outcome = finetune(tmp_path / "clean", tmp_path / "out", Budget(steps=20), **given)
    assert outcome.status.step == warmup_steps + PATIENCE  # it is asked whether to stop after the next step


def test_the_same_pictures_are_held_back_when_others_come(tmp_path):
    names = [f"{number}.png" for number in range(40)]
    learn, judge = split(names, str)
    assert (len(learn), len(judge)) == (36, 4)
    assert not set(learn) & set(judge)
    _, more = split([*names, *(f"new {number}.png" for number in range(10))], str)
    assert len(set(more) & set(judge)) >= 3


def test_what_cannot_be_learned_from_is_told(clean, start, tmp_path):
    write(tmp_path / "one", clean[:1])
    with pytest.raises(TrainingError, match="at least two"):
        finetune(tmp_path / "one", tmp_path / "out", Budget(steps=1), start=str(start))
    write(tmp_path / "clean", clean[:3])
    write(tmp_path / "small", [picture[:50] for picture in clean[:3]])
    with pytest.raises(TrainingError, match="96x96 and 96x50"):
        finetune(tmp_path / "clean", tmp_path / "out", Budget(steps=1), degraded=tmp_path / "small", start=str(start))
    assert not (tmp_path / "out").exists()
    with pytest.raises(TrainingError, match="need neither"):
        finetune(tmp_path / "clean", tmp_path / "out", Budget(steps=1), degraded=tmp_path / "small", noisy_only=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note").write_text("mine")
    with pytest.raises(TrainingError, match="holds something"):
        finetune(tmp_path / "clean", tmp_path / "mine", Budget(steps=1), start=str(start))


@pytest.mark.parametrize("name", ["universal", "real", "fast"])
def test_the_damage_of_a_shipped_model_is_at_hand(name):
    assert len(load_recipe(shipped_recipe(name)).mixture.shares) > 5


def test_the_command_line_says_what_it_was_worth(clean, start, tmp_path):
    write(tmp_path / "clean", clean)
    write(tmp_path / "noisy", noisy(clean, 0))
    given = [tmp_path / "clean", "--degraded", tmp_path / "noisy", "--from", start]
    ended = rednet("finetune", *given, "-o", tmp_path / "out", "--minutes", "0.1")
    assert ended.returncode == 0, ended.stderr
    assert "PSNR on 1 pictures held back" in ended.stdout
    assert load_network(tmp_path / "out").config == load_network(start).config
    assert (tmp_path / "out" / CONFIG).exists()
