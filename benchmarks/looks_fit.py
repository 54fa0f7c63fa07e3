"""Fits the judge of first looks (`rednet.restoring.judge`) to made pictures of known damage.

python benchmarks/looks_fit.py gather runs/looks.npz --data DIR    # about ten minutes of one processor
python benchmarks/looks_fit.py fit runs/looks.npz                            # a minute

What is gathered of a picture: its traits, what it shows, what is wrong, and what restoring a part of it gains for each
thing that the network can be told. Pictures come from `looks_pictures.fitting`; none of the bench is among them.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from looks import decibels, shown
from looks_pictures import Case, Made, fitting

from rednet.restoring.exposure import exposure
from rednet.restoring.inspection import FINE_QUALITY, Finding, hints
from rednet.restoring.jpeg_traces import find_blocks, jpeg_quality
from rednet.restoring.judge import ACTIONS, DAMAGE, KINDS, WEIGHTS
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic
from rednet.restoring.traits import traits

CROP = 112  # px a side of the part that is restored
GAINS = (-3.0, 6.0)  # dB, within which gains are learned: what is worse than -3 is never done
CAREFUL = 0.3  # share of the gains that may turn out lower than they are told
GAINED = 4  # the network restores one of so many pictures, since that takes most of the time
HIDDEN = (128, 96)
EPOCHS, BATCH, RATE, DECAY, JITTER = 160, 64, 3e-3, 0.05, 0.05
WRONG: dict[str, tuple[str, ...]] = {
    "white": ("noise",), "dark noise": ("noise",), "sensor": ("noise",), "grain": ("grain",),
    "chroma": ("colour noise",), "impulses": ("impulses",), "banding": ("bands",), "soft": ("blur",),
    "jpeg": ("JPEG",), "jpeg file": ("JPEG",), "fine jpeg": ("JPEG",), "twice": ("JPEG",), "cropped jpeg": ("JPEG",),
    "noise, jpeg file": ("noise", "JPEG"), "sensor, jpeg file": ("noise", "JPEG"),
}  # fmt: skip
"""What each damage of the bench is called in DAMAGE."""


def truth(case: Case, made: Made) -> dict[str, Any]:
    """Return what is known of a picture: kind, damage, octaves of sigma, quality; NaN for what there is not."""
    wrong = [name for name in WRONG.get(case.damage, ()) if name != "JPEG" or (made.quality or 0) <= FINE_QUALITY]
    return {
        "kind": KINDS.index(case.kind),
        "damage": [float(name in wrong) for name in DAMAGE],
        "levels": [
            math.log2(made.sigma / made.white) if made.sigma else math.nan,
            made.quality / 100 if made.quality is not None else math.nan,
        ],
    }


def gains(made: Made, wrong: tuple[str, ...], quality: int | None, restorer: Restorer) -> list[float]:
    """Return what each of ACTIONS gains in the middle of a picture, dB; wrong pixels and stripes are repaired, too."""
    top, left = ((side - CROP) // 16 * 8 for side in made.x.shape[:2])
    part = made._replace(x=made.x[top : top + CROP, left : left + CROP], y=made.y[top : top + CROP, left : left + CROP])
    y, measured = shown(part), []
    level = float(quality) if quality is not None and quality <= FINE_QUALITY else None
    for action in ACTIONS:
        found = Finding(hints(action, level), "", damage=wrong, colours_only="colours" in action)
        x_hat = restorer.compute(Automatic(), y, found=found).apply().pixels.clip(0, 1)
        x_hat = np.rint(x_hat * 255) / np.float32(255) if made.white == 1 else x_hat
        measured.append(decibels(part, x_hat) - decibels(part, part.y))
    return measured


def gather(out: Path, data: Path, times: int, every: int) -> None:
    """Measure all pictures, and write what was measured after each hundred."""
    restorer, rows = Restorer.from_pretrained(Automatic.model, threads=1), []
    cases = list(fitting(data, times).cases())
    np.random.default_rng(0).shuffle(cases)  # type: ignore[arg-type]
    cases = cases[::every]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        for number, case in enumerate(cases, 1):
            made, quality = case.made(), None
            if made.saved is not None:
                path.write_bytes(made.saved)
                quality = jpeg_quality(path)
            y = shown(made).pixels
            y = y * np.float32(exposure(y))
            wrong = WRONG.get(case.damage, ())
            gained = gains(made, wrong, quality, restorer) if number % GAINED == 0 else [math.nan] * len(ACTIONS)
            rows.append({**truth(case, made), "traits": traits(y, find_blocks(y), quality), "gains": gained})
            if number % 100 == 0 or number == len(cases):
                np.savez(out, **{name: np.array([row[name] for row in rows], np.float32) for name in rows[0]})
                print(f"{number} of {len(cases)}", flush=True)


def fit(measured: Path, out: Path) -> None:
    """Fit the network and write its weights."""
    import torch
    from safetensors.torch import save_file
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    torch.manual_seed(0)
    given = {name: torch.from_numpy(values) for name, values in np.load(measured).items()}
    mean, spread = given["traits"].mean(dim=0), given["traits"].std(dim=0) + 1e-3
    values = ((given["traits"] - mean) / spread).clamp(-4, 4)
    kind, damage = given["kind"].long(), given["damage"]
    numbers = torch.cat([given["levels"], given["gains"].clamp(*GAINS)], dim=1)
    sizes = (values.shape[1], *HIDDEN, len(KINDS) + len(DAMAGE) + numbers.shape[1])
    first, second, last = (torch.nn.Linear(*pair) for pair in pairwise(sizes))
    quantile = torch.tensor([0.5, 0.5, *[CAREFUL] * len(ACTIONS)])
    weight = torch.tensor([2.0, 6.0, *[1.0] * len(ACTIONS)])
    net = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        for batch in torch.randperm(len(values)).split(BATCH):
            told = net(values[batch] + JITTER * torch.randn(len(batch), sizes[0]))
            kinds, wrong, guessed = told.split((len(KINDS), len(DAMAGE), numbers.shape[1]), dim=1)
            known = ~numbers[batch].isnan()
            off = (guessed - numbers[batch].nan_to_num()) * known
            off = torch.maximum(off * (1 - quantile), -off * quantile) * known
            loss = cross_entropy(kinds, kind[batch]) + 3 * binary_cross_entropy_with_logits(wrong, damage[batch])
            loss = loss + (off * weight).mean(dim=0).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    out.parent.mkdir(exist_ok=True)
    save_file({**net.state_dict(), "mean": mean, "spread": spread}, out)
    print(f"{len(values)} pictures, {sum(p.numel() for p in net.parameters())} parameters")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("gather", "fit"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("REDNET_DATA"))
    parser.add_argument("--times", type=int, default=6, help="How many times as many pictures as the bench has.")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--every", type=int, default=1, help="Gather one of so many pictures.")
    options = parser.parse_args()
    if options.what == "gather":
        gather(options.file, options.data, options.times, options.every)
    else:
        fit(options.file, options.out)


if __name__ == "__main__":
    main()
