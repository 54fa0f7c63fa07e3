"""The loop: small runs on a few pictures, stopped, killed and resumed."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from rednet.errors import EngineError, OptionError, TrainingError
from rednet.training import loop, run
from rednet.training.loop import Budget, train
from rednet.training.patches import load_pictures, stream
from rednet.training.recipe import Distillation, Schedule
from rednet.training.run import rate
from rednet.training.start import load_teacher, starting_network
from rednet.zoo.model_folder import load_network
from tests.command import rednet
from tests.training.conftest import RECIPE, patches_of


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
    command = ["train", data / "recipe.toml", "--data", data, "--out", tmp_path / "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rednet", *command, "--steps", "1000000"],
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
    done = rednet(*command, "--steps", resumed, "--resume")
    assert f"done; {resumed} steps" in done.stdout


def saved_step(run):
    return torch.load(run / "state.pt", weights_only=True)["status"]["step"]


def test_a_run_that_is_killed_right_after_it_began_goes_on(data, tmp_path):
    command = ["train", data / "recipe.toml", "--data", data, "--out", tmp_path / "run"]
    words = [sys.executable, "-m", "rednet", *command, "--steps", "1000000"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    process.kill()
    process.communicate(timeout=60)
    assert "step 1 " in line and "nan" not in line and " dB" not in line
    assert saved_step(tmp_path / "run") == 1 and load_network(tmp_path / "run").config.depth == 4
    done = rednet(*command, "--steps", "1", "--resume")
    assert "finished already" in done.stdout and "nan" not in done.stdout
    done = rednet(*command, "--steps", "3", "--resume")
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
    command = ["train", data / "recipe.toml", "--data", data, "--out", tmp_path / "run"]
    done = rednet(*command, "--minutes", "0.00001", "--resume")
    assert done.returncode == 0 and "run: finished already; to go on, give a larger budget; 2 steps" in done.stdout
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    done = rednet(*command, "--steps", "3", "--resume")
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


@pytest.mark.parametrize("options", [{}, {"minutes": 1, "steps": 1}, {"minutes": 0}, {"steps": -1}])
def test_a_budget_is_minutes_or_steps_and_positive(options):
    with pytest.raises(TrainingError, match="budget"):
        Budget(**options)
