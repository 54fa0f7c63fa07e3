"""Recipes, crops and the loop: small runs on a few pictures."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rednet.degradations import JPEG, Dark, Mixture, Share
from rednet.errors import EngineError, OptionError, TrainingError
from rednet.images import from_array, write_picture
from rednet.training import loop, run
from rednet.training.loop import Budget, train
from rednet.training.patches import Patches, list_pictures, load_pictures, stream
from rednet.training.recipe import Distillation, Schedule, load_recipe
from rednet.training.run import rate
from rednet.training.start import load_teacher, starting_network
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model

RECIPES = sorted((Path(__file__).parent.parent.parent / "recipes").glob("*.toml"))
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


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_every_recipe_that_we_ship_can_be_read(path):
    assert load_recipe(path).mixture.shares


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


def test_real_damage_leaves_seventy_percent_to_the_tasks_of_universal():
    recipes = {path.stem: load_recipe(path) for path in RECIPES}
    old, new = recipes["universal"], recipes["real"]
    count = len(old.mixture.shares)
    assert new.mixture.shares[:count] == old.mixture.shares and new.validation[: len(old.validation)] == old.validation
    assert sum(new.mixture.weights[:count]) == pytest.approx(0.7, abs=0.01)
    assert new.data.drawings <= 0.1 and new.data.train == ("train/open", "train/photos")
    told = {name for share in new.mixture.shares[count:] for name in facts_of(share)}
    assert told <= set(new.model.hints)


def facts_of(share):
    return share.degradation(np.full((40, 40, 3), 0.5, np.float32), np.random.default_rng(0)).facts


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_pupil_learns_from_the_truth_and_its_teacher(recipe, data, make_model, share):
    shape = {"channels": 3, "stride": 2, "mask": True, "hints": ("sigma",)}
    teacher = make_model(depth=6, width=4, **shape)
    run = loop.Run(replace(recipe, distillation=Distillation(str(teacher), share)), starting_network(recipe))
    crop = next(stream(patches_of(recipe, data), 0))
    with torch.no_grad():
        answer = load_network(teacher)(crop.y, crop.mask, crop.hints)
    torch.testing.assert_close(run.target(crop, crop.y), crop.x + share * (answer - crop.x), atol=1e-5, rtol=0)
    assert not run.target(crop, crop.y).requires_grad


def test_a_teacher_must_take_the_same_inputs(recipe, make_model):
    teacher = make_model(depth=4, width=4, channels=3, stride=2)
    with pytest.raises(TrainingError, match="the teacher's"):
        load_teacher(replace(recipe, distillation=Distillation(str(teacher))))


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
    from dataclasses import replace

    patches = patches_of(recipe, data)
    alone = stream(patches, 3 * recipe.data.batch)
    patches_with_workers = patches_of(recipe, data)
    patches_with_workers.data = replace(recipe.data, workers=2)
    together = stream(patches_with_workers, 3 * recipe.data.batch)
    for _ in range(3):
        assert torch.equal(next(alone).y, next(together).y)


def test_the_rate_warms_up_stays_and_falls_to_zero():
    schedule = Schedule(warmup_steps=10, decay=0.5)
    assert rate(0, 0.0, schedule) == pytest.approx(0.1)
    assert rate(9, 0.1, schedule) == rate(500, 0.5, schedule) == 1
    assert rate(500, 0.75, schedule) == pytest.approx(0.5)
    assert rate(500, 1.0, schedule) == 0


def test_training_learns_and_leaves_a_usable_model(recipe, data, tmp_path):
    status = train(recipe, data, tmp_path / "run", Budget(steps=400))
    assert status.step == 400 and status.pixels == 400 * 4 * 16 * 16
    untouched = 10 * np.log10(255**2 / 30**2)
    assert status.psnr["sigma 30"] > untouched + 3
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    assert float(rows[-1]["sigma 30"]) == pytest.approx(status.psnr["sigma 30"], abs=1e-3)
    exam = loop.validation_crops(load_pictures([data / "val" / "5.png"], 3), recipe.validation, recipe.model, 96)
    kept = loop.validate(load_network(tmp_path / "run"), exam, recipe)
    assert kept["sigma 30"] == pytest.approx(status.psnr["sigma 30"], abs=1e-4)


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(recipe, data, tmp_path):
    whole = train(recipe, data, tmp_path / "whole", Budget(steps=12))
    seen = []

    def after_five():
        seen.append(None)
        return len(seen) == 5

    stopped = train(recipe, data, tmp_path / "parts", Budget(steps=12), should_stop=after_five)
    assert stopped.step == 5
    resumed = train(recipe, data, tmp_path / "parts", Budget(steps=12), resume=True)
    assert resumed.step == whole.step == 12
    a, b = (load_network(tmp_path / name).state_dict() for name in ("whole", "parts"))
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=0, atol=1e-6)


def test_a_device_that_is_not_there_is_told_before_anything_is_made(recipe, data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(EngineError, match="device cpu"):
        train(recipe, data, tmp_path / "run", Budget(steps=1), device="gpu")
    with pytest.raises(OptionError, match="cpu or gpu"):
        train(recipe, data, tmp_path / "run", Budget(steps=1), device="tpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_graphics_processor_learns_the_same_and_its_run_goes_on_anywhere(recipe, data, tmp_path):
    for name, device in (("here", "cpu"), ("there", "gpu")):
        train(recipe, data, tmp_path / name, Budget(steps=20), device=device)
    a, b = (load_network(tmp_path / name).state_dict() for name in ("here", "there"))
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=0, atol=2e-3)
    for steps, device in ((25, "cpu"), (30, "gpu")):
        assert train(recipe, data, tmp_path / "there", Budget(steps=steps), resume=True, device=device).step == steps


def test_a_run_goes_on_with_its_own_recipe_alone(recipe, data, tmp_path):
    train(recipe, data, tmp_path / "run", Budget(steps=2))
    faster = replace(recipe, schedule=replace(recipe.schedule, lr=0.1), model=replace(recipe.model, width=16))
    with pytest.raises(TrainingError, match="another model and schedule"):
        train(faster, data, tmp_path / "run", Budget(steps=3), resume=True)
    more_workers = replace(recipe, data=replace(recipe.data, workers=1))
    assert train(more_workers, data, tmp_path / "run", Budget(steps=3), resume=True).step == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_stops_the_command_ready_to_resume(number, data, tmp_path):
    (data / "recipe.toml").write_text(RECIPE.replace("workers = 0", "workers = 1"))
    command = [sys.executable, "-m", "rednet", "train", data / "recipe.toml", "--data", data, "--out", tmp_path / "run"]
    process = subprocess.Popen(
        [*command, "--steps", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert "step 1 " in process.stderr.readline()
    os.killpg(process.pid, number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "stopped; go on with --resume" in stdout
    resumed = torch.load(tmp_path / "run" / "state.pt", weights_only=True)["status"]["step"] + 2
    done = subprocess.run([*command, "--steps", str(resumed), "--resume"], capture_output=True, text=True, check=True)
    assert f"done; {resumed} steps" in done.stdout


def saved_step(run):
    return torch.load(run / "state.pt", weights_only=True)["status"]["step"]


def test_a_run_that_is_killed_right_after_it_began_goes_on(data, tmp_path):
    command = [sys.executable, "-m", "rednet", "train", data / "recipe.toml", "--data", data, "--out", tmp_path / "run"]
    process = subprocess.Popen([*command, "--steps", "1000000"], stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    process.kill()
    process.communicate(timeout=60)
    assert "step 1 " in line and "nan" not in line and " dB" not in line
    assert saved_step(tmp_path / "run") == 1 and load_network(tmp_path / "run").config.depth == 4
    done = subprocess.run([*command, "--steps", "1", "--resume"], capture_output=True, text=True)
    assert "finished already" in done.stdout and "nan" not in done.stdout
    done = subprocess.run([*command, "--steps", "3", "--resume"], capture_output=True, text=True)
    assert done.returncode == 0 and "done; 3 steps" in done.stdout and "nan" not in done.stdout + done.stderr


@pytest.mark.parametrize(("pause", "expected"), [(0.0, [1, 2, 3, 4]), (1e9, [1, 1, 1, 4])])
def test_a_run_is_saved_early_again_and_again_and_before_its_last_validation(
    pause, expected, recipe, data, tmp_path, monkeypatch
):
    seen, judged, validate = [], [], loop.validate

    def judge(*arguments):
        judged.append(saved_step(tmp_path / "run"))
        return validate(*arguments)

    monkeypatch.setattr(loop, "validate", judge)
    monkeypatch.setattr(loop, "SAVE_EVERY_S", pause)
    train(recipe, data, tmp_path / "run", Budget(steps=4), report=lambda _: seen.append(saved_step(tmp_path / "run")))
    assert seen == expected and judged == [4]


def test_a_run_that_is_killed_while_it_saves_for_the_first_time_goes_on(recipe, data, tmp_path, monkeypatch):
    def killed(model, out):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(run, "save_network", killed)
        train(recipe, data, tmp_path / "run", Budget(steps=2))
    assert train(recipe, data, tmp_path / "run", Budget(steps=2), resume=True).step == 2


def test_a_finished_run_that_is_resumed_says_so_and_changes_nothing(recipe, data, tmp_path):
    first = train(recipe, data, tmp_path / "run", Budget(steps=2))
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    again = train(recipe, data, tmp_path / "run", Budget(steps=2), resume=True)
    assert (again.step, again.progress, again.mean_psnr) == (2, 1, first.mean_psnr)
    command = [sys.executable, "-m", "rednet", "train", data / "recipe.toml", "--data", data, "--out", tmp_path / "run"]
    done = subprocess.run([*command, "--minutes", "0.00001", "--resume"], capture_output=True, text=True)
    assert done.returncode == 0 and "run: finished already; to go on, give a larger budget; 2 steps" in done.stdout
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    done = subprocess.run([*command, "--steps", "3", "--resume"], capture_output=True, text=True)
    assert "run: done; 3 steps" in done.stdout


def test_a_run_is_never_overwritten_and_none_is_invented(recipe, data, tmp_path):
    train(recipe, data, tmp_path / "run", Budget(steps=1))
    with pytest.raises(TrainingError, match="holds a run or a model already"):
        train(recipe, data, tmp_path / "run", Budget(steps=1))
    with pytest.raises(TrainingError, match="no run to resume"):
        train(recipe, data, tmp_path / "other", Budget(steps=1), resume=True)


def test_training_starts_from_given_weights(recipe, data, tmp_path, make_model):
    train(recipe, data, tmp_path / "first", Budget(steps=2))
    train(recipe, data, tmp_path / "second", Budget(steps=1), weights=tmp_path / "first")
    a, b = (load_network(tmp_path / n).encoder[1].weight for n in ("first", "second"))
    assert 0 < (a - b).abs().max() < 0.05
    with pytest.raises(TrainingError, match="shape"):
        train(recipe, data, tmp_path / "third", Budget(steps=1), weights=make_model(depth=4, width=2))


def test_the_lineage_goes_on_from_the_shipped_weights_with_new_crops():
    recipes = {path.stem: load_recipe(path) for path in RECIPES}
    first, following = recipes["universal"], recipes["universal-next"]
    assert (
        first.mixture.told > following.mixture.told
        and first.schedule.seed != following.schedule.seed
        and first.mixture.shares == following.mixture.shares
    )
    shipped = load_network(find_model("universal"))
    started = starting_network(following, "universal")
    assert all(torch.equal(a, b) for a, b in zip(started.parameters(), shipped.parameters(), strict=True))


def test_divergence_stops_the_run_and_keeps_the_last_good_weights(recipe, data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "VALIDATE_EVERY_S", 0.0)
    poisoned = []

    def poison(status):
        if status.step == 3:
            poisoned.append((tmp_path / "run" / "model.safetensors").read_bytes())
            monkeypatch.setattr(run, "forward", lambda model, config, crop, y: model(y * float("nan")))

    with pytest.raises(TrainingError, match="diverged at step 3"):
        train(recipe, data, tmp_path / "run", Budget(steps=9), report=poison)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == poisoned[0]


def test_weights_that_are_not_finite_are_never_kept(recipe, data, tmp_path, monkeypatch):
    """The step that breaks the weights may be the very one before a validation, where no loss has told of it yet."""
    monkeypatch.setattr(loop, "VALIDATE_EVERY_S", 0.0)
    step, good = loop.Run.step, []

    def broken_step(run, crop):
        if run.status.step == 2:
            good.append((tmp_path / "run" / "model.safetensors").read_bytes())
        step(run, crop)
        if run.status.step == 3:
            next(run.model.parameters()).data.fill_(float("nan"))

    monkeypatch.setattr(loop.Run, "step", broken_step)
    with pytest.raises(TrainingError, match="no longer finite"):
        train(recipe, data, tmp_path / "run", Budget(steps=9))
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == good[0]


def test_a_model_folder_is_never_the_folder_of_a_new_run(recipe, data, make_model):
    folder = make_model(depth=4, width=2)
    with pytest.raises(TrainingError, match="a model already"):
        train(recipe, data, folder, Budget(steps=1))


def test_sixteen_bit_pictures_are_read_as_what_they_show(tmp_path):
    Image.fromarray(np.full((4, 4), 0x8080, np.uint16)).save(tmp_path / "a.png")
    assert (load_pictures([tmp_path / "a.png"], 3)[0] == 0x80).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_bands_that_are_no_colours_is_refused_by_name(channels, tmp_path):
    write_picture(tmp_path / "bands.tif", from_array(np.zeros((9, 9, 5), np.uint8)))
    with pytest.raises(TrainingError, match=r"bands\.tif has 5 bands"):
        load_pictures([tmp_path / "bands.tif"], channels)


@pytest.mark.parametrize("options", [{}, {"minutes": 1, "steps": 1}, {"minutes": 0}, {"steps": -1}])
def test_a_budget_is_minutes_or_steps_and_positive(options):
    with pytest.raises(TrainingError, match="budget"):
        Budget(**options)
