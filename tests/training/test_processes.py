"""Many processes that train together, started by torchrun itself: they are one run."""

import itertools
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rednet.errors import TrainingError
from rednet.training.optimizer import orthogonalise, orthogonalise_together
from rednet.training.patches import Patches, list_pictures, load_pictures, stream
from rednet.training.processes import TIMEOUT_S, Team, check_meeting_place, join_team
from rednet.training.recipe import load_recipe
from rednet.zoo.model_folder import load_network
from tests.training.conftest import RECIPE
from tests.training.member import BREAK, STEPS

MEMBER = str(Path(__file__).parent / "member.py")
BATCH = 4  # of the recipe
pytestmark = pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch has no gloo")


def torchrun(count, *arguments, code=0):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr[-3000:]
    return done


def states(out, count):
    return [torch.load(out.with_name(f"{out.name}-{rank}"), weights_only=True) for rank in range(count)]


def largest_change(state, other):
    return max(
        float((state[part][k] - other[part][k]).abs().max()) for part in ("model", "averaged") for k in state[part]
    )


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["muon", "adam"])
def test_two_processes_are_one_with_the_doubled_batch(data, optimizer):
    def write(batch):
        text = RECIPE.replace("batch = 4", f"batch = {batch}")
        (data / "recipe.toml").write_text(text.replace("[schedule]", f'[schedule]\noptimizer = "{optimizer}"'))

    write(BATCH)
    torchrun(2, MEMBER, "float64", data, data / "two")
    torchrun(1, MEMBER, "float64", data, data / "half")
    write(2 * BATCH)
    torchrun(1, MEMBER, "float64", data, data / "one")
    first, second = states(data / "two", 2)
    (one,), (half,) = states(data / "one", 1), states(data / "half", 1)
    assert largest_change(first, second) == 0  # the processes do not drift apart
    assert largest_change(first, one) < 1e-5
    torch.testing.assert_close(first["balance"], one["balance"], rtol=1e-9, atol=0)
    assert first["status"]["pixels"] == one["status"]["pixels"]
    assert largest_change(first, half) > 1e-3  # so the bound is one that wrong crops would not keep


@pytest.mark.slow
def test_a_killed_process_is_started_again_and_the_run_ends_as_an_unbroken_one(data):
    torchrun(2, MEMBER, "whole", data, data / "whole")
    done = torchrun(2, "--max-restarts", "1", MEMBER, "killed", data, data / "killed")
    assert f"steps {BREAK} to {STEPS}" in done.stdout or f"steps {BREAK + 1} to {STEPS}" in done.stdout
    whole, killed = (load_network(data / name).state_dict() for name in ("whole", "killed"))
    assert max(float((whole[name] - killed[name]).abs().max()) for name in whole) < 1e-5


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(data):
    torchrun(2, MEMBER, "stopped", data, data / "run")  # by one process; the other one agrees
    area = 16 * 16 * BATCH
    for count, first in ((1, BREAK + 1), (3, BREAK + 1)):
        out = data / f"with {count}"
        out.mkdir()
        for path in (data / "run").iterdir():
            (out / path.name).write_bytes(path.read_bytes())
        words = torchrun(count, MEMBER, "resumed", data, out).stdout
        pixels = area * (2 * BREAK + count * (STEPS - BREAK))
        assert words.count(f"steps {first} to {STEPS}, {pixels} pixels") == count, words


@pytest.mark.slow
def test_the_command_trains_with_many_processes_and_one_of_them_speaks(data):
    command = ("-m", "rednet.training", data / "recipe.toml", "--data", data, "--out", data / "run", "--steps", "3")
    done = torchrun(2, *command)
    assert done.stdout.count("done; 3 steps") == 1
    assert len((data / "run" / "log.csv").read_text().splitlines()) == 2
    failed = torchrun(2, *command, code=1)  # a new run would overwrite this one
    assert "holds a run" in failed.stderr
    assert torchrun(2, *command, "--resume").stdout.count("finished already") == 1


def test_processes_take_turns_and_never_draw_the_same_crop(data):
    recipe = load_recipe(data / "recipe.toml")
    pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), 3)
    patches = Patches(pictures, recipe.mixture, recipe.model, recipe.data, 0)
    both = [list(itertools.islice(stream(patches, 8, team=Team(rank, 2)), 2)) for rank in (0, 1)]
    doubled = replace(recipe.data, batch=2 * BATCH)
    whole = stream(Patches(pictures, recipe.mixture, recipe.model, doubled, 0), 8)
    for first, second in zip(*both, strict=True):
        assert torch.equal(torch.cat([first.y, second.y]), next(whole).y)


def test_every_matrix_is_orthogonalised_by_exactly_one_process():
    torch.manual_seed(0)
    matrices = torch.randn(5, 4, 36)
    for first in (0, 3):
        shares = []
        for rank in range(3):
            team = Team(rank, 3)
            object.__setattr__(team, "sum", lambda values: values)  # nobody else is here
            shares.append(orthogonalise_together(matrices, first, team))
        assert [[bool(share[n].any()) for share in shares].index(True) for n in range(5)] == [
            (first + n) % 3 for n in range(5)
        ]
        assert all(sum(bool(share[n].any()) for share in shares) == 1 for n in range(5))
        torch.testing.assert_close(sum(shares), orthogonalise(matrices))


@pytest.mark.slow
def test_a_process_that_hangs_ends_the_others(data):
    assert TIMEOUT_S <= 60
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    shared |= {"TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}
    started = []
    for rank in range(2):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        command = [sys.executable, MEMBER, "hangs", str(data), str(data / "run")]
        environment = {**os.environ, **shared, **own}
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    try:
        _, words = started[0].communicate(timeout=280)  # without the time-out it would wait for ever
        assert torch.load(data / "run" / "state.pt", weights_only=True)["status"]["step"] == BREAK
        assert started[0].returncode and re.search("[Tt]imed out|[Tt]imeout", words), words
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_processes_that_see_different_folders_are_told(monkeypatch):
    team = Team(1, 2)
    monkeypatch.setattr(Team, "sum_numbers", lambda self, *numbers: [5.0, 25.0])  # the other one is at step 5
    with pytest.raises(TrainingError, match="all machines share"):
        team.check_same(0)
    monkeypatch.setattr(Team, "sum_numbers", lambda self, *numbers: [2 * number for number in numbers])
    team.check_same(5)


def test_machines_that_would_not_meet_again_after_a_failure_are_told(monkeypatch):
    for name, value in (("GROUP_WORLD_SIZE", "2"), ("TORCHELASTIC_MAX_RESTARTS", "3")):
        monkeypatch.setenv(name, value)
    check_meeting_place()  # torchrun makes a new store each time
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    with pytest.raises(TrainingError, match="TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"):
        check_meeting_place()
    monkeypatch.setenv("GROUP_WORLD_SIZE", "1")
    check_meeting_place()


@pytest.mark.parametrize(("device", "word"), [("mps", "not on mps"), ("cuda", "graphics processors")])
def test_processes_that_cannot_share_a_device_are_told(device, word, monkeypatch):
    for name, value in (("RANK", "0"), ("LOCAL_RANK", "0"), ("WORLD_SIZE", "2"), ("LOCAL_WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "test")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(TrainingError, match=word), join_team(device):
        pass
