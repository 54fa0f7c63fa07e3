"""One process of a team, as the tests of many processes start it: `member.py WHAT DATA OUT`."""

import os
import signal
import sys
from pathlib import Path

import torch

from rednet.training import loop, processes
from rednet.training.loop import Budget, train
from rednet.training.patches import Patches, list_pictures, load_pictures, stream
from rednet.training.processes import join_team, restarted
from rednet.training.recipe import load_recipe
from rednet.training.run import Run
from rednet.training.start import starting_network

STEPS, BREAK = 20, 7
RANK = int(os.environ.get("RANK", "0"))


def step_in_float64(recipe, data, out):
    """Make some steps in float64, and keep the weights."""
    torch.set_default_dtype(torch.float64)
    pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), 3)
    patches = Patches(pictures, recipe.mixture, recipe.model, recipe.data, 0)
    with join_team("cpu") as team:
        run = Run(recipe, starting_network(recipe).double(), team=team)
        crops = stream(patches, 0, team=team)
        for _ in range(STEPS):
            crop = next(crops)
            run.step(crop._replace(**{name: getattr(crop, name).double() for name in ("y", "x", "mask", "hints")}))
        torch.save(run.state(), out.with_name(f"{out.name}-{team.rank}"))


def main():
    what, data, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    recipe = load_recipe(data / "recipe.toml")
    loop.SAVE_EVERY_S = 0.0
    reached = []

    def meet(status):
        reached.append(status.step)
        if status.step == BREAK and RANK == 1 and what == "killed" and not restarted():
            os.kill(os.getpid(), signal.SIGKILL)
        if status.step == BREAK and RANK == 1 and what == "hangs":
            os.kill(os.getpid(), signal.SIGSTOP)

    if what == "float64":
        return step_in_float64(recipe, data, out)
    if what == "hangs":
        processes.TIMEOUT_S = 20.0
    stop_at = BREAK if what == "stopped" else STEPS
    status = train(
        recipe, data, out, Budget(steps=STEPS), report=meet, resume=what == "resumed",
        should_stop=lambda: RANK == 1 and reached[-1:] == [stop_at - 1],
    )  # fmt: skip
    sys.stdout.write(f"rank {RANK}: steps {reached[0]} to {reached[-1]}, {status.pixels} pixels\n")
    return None


if __name__ == "__main__":
    main()
