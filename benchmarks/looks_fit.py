"""Fits the judge of first looks (`rednet.restoring.judge`) to made pictures of known damage.

python benchmarks/looks_fit.py gains runs/gains.npz --data DIR    # half an hour of one processor; once for each `real`
python benchmarks/looks_fit.py traits runs/traits.npz --data DIR  # a quarter of an hour
python benchmarks/looks_fit.py fit runs/traits.npz runs/gains.npz # two minutes

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
from typing import TYPE_CHECKING, Any

import numpy as np
from looks import decibels, shown
from looks_pictures import Case, Made, fitting

from rednet.restoring.decision import FINE_QUALITY, hints
from rednet.restoring.exposure import exposure
from rednet.restoring.finding import Finding
from rednet.restoring.jpeg_traces import Blocks, find_blocks, jpeg_quality
from rednet.restoring.judge import ACTIONS, DAMAGE, KINDS, NOISES, WEIGHTS
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic
from rednet.restoring.traits import traits

if TYPE_CHECKING:
    from torch import Tensor

CROP = 112  # px a side of the part that is restored
LOWEST, HIGHEST = -3.0, 6.0  # dB, within which gains are learned; restoring a clean picture counts as the lowest
CAREFUL = 0.3  # share of the gains that may turn out lower than they are told
MOST_GAINS = 2000  # pictures of which the gains are measured: the network takes most of the time
HIDDEN = (128, 96)
MEMBERS = 3  # of the judge
EPOCHS, BATCH, RATE, DECAY, JITTER = 120, 128, 3e-3, 0.05, 0.05
WRONG: dict[str, tuple[str, ...]] = {
    "white": ("noise",), "dark noise": ("noise",), "sensor": ("noise",), "grain": ("grain",),
    "chroma": ("colour noise",), "impulses": ("impulses",), "banding": ("bands",), "soft": ("blur",),
    "jpeg": ("JPEG",), "jpeg file": ("JPEG",), "fine jpeg": ("JPEG",), "twice": ("JPEG",), "cropped jpeg": ("JPEG",),
    "noise, jpeg file": ("noise", "JPEG"), "sensor, jpeg file": ("noise", "JPEG"),
}  # fmt: skip
"""What each damage of the bench is called in DAMAGE."""


def wrong_with(case: Case, made: Made) -> tuple[str, ...]:
    """Return what is wrong with a picture, of DAMAGE; a fine JPEG is not wrong."""
    return tuple(name for name in WRONG.get(case.damage, ()) if name != "JPEG" or (made.quality or 0) <= FINE_QUALITY)


def truth(case: Case, made: Made) -> dict[str, Any]:
    """Return what is known of a picture: kind, damage, octaves of sigma; NaN for what there is not."""
    wrong = wrong_with(case, made)
    return {
        "kind": KINDS.index(case.kind),
        "damage": [float(name in wrong) for name in DAMAGE],
        "noisy": float(bool(set(NOISES) & set(wrong))),
        "octaves": math.log2(made.sigma / made.white) if made.sigma else math.nan,
    }


def looked_at(made: Made, path: Path) -> tuple[np.ndarray, Blocks, int | None]:
    """Return the pixels that a look sees, the blocks of a JPEG in them, and the quality of the file."""
    quality = None
    if made.saved is not None:
        path.write_bytes(made.saved)
        quality = jpeg_quality(path)
    y = shown(made).pixels
    y = y * np.float32(exposure(y))
    return y, find_blocks(y), quality


def gains(case: Case, made: Made, quality: int | None, restorer: Restorer) -> list[float]:
    """Return what each of ACTIONS gains in the middle of a picture, dB; NaN for what cannot be done.

    Wrong pixels and stripes are repaired, too. The network is told the quality, and of grain the true sigma.
    """
    wrong = wrong_with(case, made)
    measured = []
    for action in ACTIONS:
        if "colours" in action and made.y.shape[2] == 1:
            measured.append(math.nan)
            continue
        facts = hints(action, None if quality is None else float(quality), made.sigma if "grain" in wrong else None)
        found = Finding(facts, "", damage=wrong, colours_only="colours" in action)
        measured.append(gain(made, found, restorer))
    return measured


def gain(made: Made, found: Finding, restorer: Restorer) -> float:
    """Return what is gained in the middle of a picture if that is found in it, dB."""
    top, left = ((side - CROP) // 16 * 8 for side in made.x.shape[:2])
    part = made._replace(x=made.x[top : top + CROP, left : left + CROP], y=made.y[top : top + CROP, left : left + CROP])
    x_hat = restorer.compute(Automatic(), shown(part), found=found).apply().pixels
    return decibels(part, x_hat) - decibels(part, part.y)


def gather_gains(out: Path, data: Path, times: int) -> None:
    """Restore damaged pictures with each of ACTIONS; write what was gained after each hundred."""
    restorer, rows = Restorer.from_pretrained(Automatic.model, threads=1), []
    with tempfile.TemporaryDirectory() as folder:
        for case in fitting(data, times):
            made = case.made()
            if not wrong_with(case, made):
                continue
            _, blocks, quality = looked_at(made, Path(folder) / "a.jpg")
            told = quality if quality is not None and quality <= FINE_QUALITY else blocks.quality
            rows.append({"case": case.name, "gains": gains(case, made, told, restorer)})
            if len(rows) % 100 == 0:
                write(out, rows)
            if len(rows) == MOST_GAINS:
                break


def gather_traits(out: Path, data: Path, times: int) -> None:
    """Measure all pictures; write what was measured after each hundred."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in fitting(data, times):
            made = case.made()
            measured = traits(*looked_at(made, Path(folder) / "a.jpg"))
            rows.append({"case": case.name, **truth(case, made), "traits": measured})
            if len(rows) % 100 == 0:
                write(out, rows)
    write(out, rows)


def write(out: Path, rows: list[dict[str, Any]]) -> None:
    """Write one array for each thing that was gathered, and say how many pictures there are."""
    np.savez(out, **{name: np.array([row[name] for row in rows], np.float32) for name in rows[0]})
    print(len(rows), flush=True)


def joined(measured: dict[str, np.ndarray], gained: dict[str, np.ndarray]) -> np.ndarray:
    """Return the gains of the pictures whose traits were measured, (n, ACTIONS); NaN where they are not known."""
    found = np.full((len(measured["case"]), len(ACTIONS)), np.nan, np.float32)
    places = {tuple(name): place for place, name in enumerate(gained["case"].tolist())}
    for number, name in enumerate(measured["case"].tolist()):
        if tuple(name) in places:
            found[number] = gained["gains"][places[tuple(name)]]
    found[~measured["damage"].any(axis=1)] = LOWEST
    return found.clip(LOWEST, HIGHEST)


def fit(measured: Path, gained: Path, out: Path) -> None:
    """Fit the members of the judge, and write their weights."""
    import torch
    from safetensors.torch import save_file

    known = dict(np.load(measured))
    given = {name: torch.from_numpy(values) for name, values in known.items()}
    mean, spread = given["traits"].mean(dim=0), given["traits"].std(dim=0) + 1e-3
    values = ((given["traits"] - mean) / spread).clamp(-4, 4)
    wrong = torch.cat([given["damage"], given["noisy"][:, None]], dim=1)
    numbers = torch.cat([given["octaves"][:, None], torch.from_numpy(joined(known, dict(np.load(gained))))], dim=1)
    members = [member(values, given["kind"].long(), wrong, numbers, seed) for seed in range(MEMBERS)]
    layers = {name: torch.stack([weights[name] for weights in members]) for name in members[0]}
    out.parent.mkdir(exist_ok=True)
    save_file({**layers, "mean": mean, "spread": spread}, out)
    print(f"{len(values)} pictures, {sum(layer.numel() for layer in layers.values())} parameters")


def member(values: Tensor, kind: Tensor, damage: Tensor, numbers: Tensor, seed: int) -> dict[str, Tensor]:
    """Fit one member of the judge, and return its weights.

    Args:
        values: (n, traits), of mean 0 and spread 1.
        kind: (n,), places in KINDS.
        damage: (n, len(DAMAGE) + 1), 1 for what there is; the last is any noise.
        numbers: (n, 1 + ACTIONS), sigma and gains; NaN for what is not known.
        seed: of the beginning and of the order of the pictures.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    torch.manual_seed(seed)
    sizes = (values.shape[1], *HIDDEN, len(KINDS) + damage.shape[1] + numbers.shape[1])
    first, second, last = (torch.nn.Linear(*pair) for pair in pairwise(sizes))
    quantile = torch.tensor([0.5, *[CAREFUL] * len(ACTIONS)])
    weight = torch.tensor([2.0, *[1.0] * len(ACTIONS)])
    net = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        for batch in torch.randperm(len(values)).split(BATCH):
            told = net(values[batch] + JITTER * torch.randn(len(batch), sizes[0]))
            kinds, wrong, guessed = told.split((len(KINDS), damage.shape[1], numbers.shape[1]), dim=1)
            known = ~numbers[batch].isnan()
            off = (guessed - numbers[batch].nan_to_num()) * known
            off = torch.maximum(off * (1 - quantile), -off * quantile)
            loss = cross_entropy(kinds, kind[batch]) + 3 * binary_cross_entropy_with_logits(wrong, damage[batch])
            loss = loss + (off * weight).mean(dim=0).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.state_dict()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("gains", "traits", "fit"))
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=os.environ.get("REDNET_DATA"))
    parser.add_argument("--times", type=int, default=8, help="How many times as many pictures as the bench has.")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    if options.what == "fit":
        fit(*options.files, options.out)
    else:
        {"gains": gather_gains, "traits": gather_traits}[options.what](*options.files, options.data, options.times)


if __name__ == "__main__":
    main()
