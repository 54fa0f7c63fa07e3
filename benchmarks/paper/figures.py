"""The figures of docs/paper.md: on white, so that they can be read on a dark page, and told apart in print.

Each variant has a colour, a dash and a mark of its own; the colours differ in lightness, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.paper.questions import Training

# Source: Okabe and Ito, "Color universal design", 2008, from dark to light.
STYLES = (("#000000", "-", "o"), ("#0072B2", "--", "s"), ("#D55E00", "-.", "^"), ("#009E73", ":", "D"),
          ("#56B4E9", "-", "v"), ("#E69F00", "--", "P"))  # fmt: skip
Runs = Mapping[str, Sequence[Mapping[str, str]]]


def draw(path: Path, question: Mapping[str, Any], trainings: Sequence[Training], runs: Runs) -> None:
    """Draw PSNR over steps (or time, where all had equal time), and the gradients if the question asks for them."""
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 11, "figure.facecolor": "white", "axes.grid": True, "grid.alpha": 0.3})
    panels = 2 if question.get("gradients") else 1
    figure, axes = pyplot.subplots(1, panels, figsize=(1 + 6 * panels, 4.2), squeeze=False)
    names = list(dict.fromkeys(training.variant for training in trainings))
    measured = [training for training in trainings if training.name in runs]
    draw_psnr(axes[0, 0], names, measured, runs)
    axes[0, 0].set_title(question["question"], fontsize=11)
    if panels == 2:
        draw_gradients(axes[0, 1], names, measured, runs)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def draw_psnr(axes: Any, names: Sequence[str], trainings: Sequence[Training], runs: Runs) -> None:
    """Draw how PSNR on the validation crops rises, a style for each variant and a line for each seed."""
    across = "seconds" if "minutes" in trainings[0].plan else "step"
    drawn = set()
    for training in trainings:
        colour, dash, mark = STYLES[names.index(training.variant)]
        points = [(float(row[across]), float(row["psnr"])) for row in runs[training.name][1:]]
        label = None if training.variant in drawn else training.variant
        drawn.add(training.variant)
        axes.plot(*zip(*points, strict=True), dash, color=colour, marker=mark, markevery=3, markersize=5, label=label)
    axes.set(xlabel="training step" if across == "step" else "seconds of training", ylabel="PSNR on validation, dB")
    axes.legend(fontsize=9)


def draw_gradients(axes: Any, names: Sequence[str], trainings: Sequence[Training], runs: Runs) -> None:
    """Draw the norm of the gradient layer by layer, at the first step (hollow marks) and at the last (filled)."""
    for training in (training for training in trainings if training.seed == trainings[0].seed):
        colour, dash, mark = STYLES[names.index(training.variant)]
        rows = [row["gradients"] for row in runs[training.name] if row["gradients"]]
        for when, row, inside in (("first step", rows[0], "white"), ("last", rows[-1], colour)):
            norms = [float(norm) for norm in row.split()]
            style = {"color": colour, "marker": mark, "markersize": 4, "markerfacecolor": inside, "linewidth": 1}
            layers = range(1, len(norms) + 1)
            axes.semilogy(layers, norms, dash, label=f"{training.variant}, {when}", **style)
    axes.set(xlabel="layer, from the picture to the residual", ylabel="norm of the weight's gradient")
    axes.legend(fontsize=8)
