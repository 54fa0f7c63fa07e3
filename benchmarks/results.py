"""Writes docs/results.md from committed figures: our own measurements, and published figures of other networks.

rednet evaluate --protocol card --model universal --out /tmp/universal     # then keep results.csv as
cp /tmp/universal/results.csv benchmarks/results/evaluation/universal.csv
rednet evaluate --self-ensemble --protocol set5-x --out /tmp/eight         # set12-gray-25, classic5-jpeg, set14-x,
                                                                           # set5-unshaved-x, set14-unshaved-x, too
cp /tmp/eight/results.csv benchmarks/results/evaluation/universal-8-orientations.csv
python benchmarks/results.py

Each of our networks has a file with its name; the classical methods have a file of their own.
"""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from pathlib import Path

from rednet.evaluation.methods import PREFIX
from rednet.evaluation.protocols import PROTOCOLS

ROOT = Path(__file__).parent.parent
MEASURED = Path(__file__).parent / "results" / "evaluation"
PUBLISHED = ROOT / "docs" / "published.csv"
PAGE = ROOT / "docs" / "results.md"
Figures = dict[tuple[str, str], float]
"""(protocol, method) -> dB."""

LEARNED = "woman"  # of Set5: BSDS500's training picture 302003

TABLES = {
    "Gray noise, PSNR": tuple(f"{name}-gray-{s}" for name in ("bsd68", "set12") for s in (15, 25, 50)),
    "Colour noise, PSNR": tuple(f"cbsd68-colour-{s}" for s in (15, 25, 50)),
    "JPEG, gray, PSNR": tuple(f"{name}-jpeg-{q}" for name in ("classic5", "live1") for q in (10, 20, 30, 40)),
    "Scaling, luma, PSNR": tuple(f"{name}-x{s}" for name in ("set5", "set14") for s in (2, 3, 4)),
    "Scaling, luma, PSNR of the whole picture": tuple(
        f"{name}-unshaved-x{s}" for name in ("set5", "set14") for s in (2, 3, 4)
    ),
    "Deblurring, RGB, PSNR": tuple(
        f"{name}-{kind}"
        for name in ("set5", "set14")
        for kind in ("blur-disk7", "blur-gaussian1.6", "levin-2.55", "levin-7.65")
    ),
    "Inpainting, RGB, PSNR of the missing pixels": tuple(
        f"{name}-{kind}" for name in ("set5", "set14") for kind in ("text", "scratches", "random50", "random80")
    ),
}  # fmt: skip

HEAD = """# Results

PSNR in dB, higher is better. Our networks get the task but not the level as a hint (for deblurring also kernel and
noise) and run without self-ensemble, unless the name says otherwise. Rows marked "published" are their authors'
figures; all others were measured by `rednet evaluate` on the same degraded pictures. `python benchmarks/results.py`
writes this page from `benchmarks/results/evaluation/` (values of each picture) and `docs/published.csv` (published
figures and their sources). The row `none` is the network's input: the degraded picture, enlarged by bicubic
interpolation, with missing pixels filled; for deblurring the input is `inverse`. Both are clipped to 0-255 like all
results; the network's input is not clipped, and noise of sigma 15, 25 and 50 then has 24.61, 20.17 and 14.15 dB, 20
log10(255 / sigma). `one-blur` is the paper's method: a network of universal's shape for each of two blurs, after 16
minutes of training on one core (`recipes/blur-*.toml`).

In scaling, a border of `scale` px is ignored, as is usual since A+; a separate table compares whole pictures, as the
demo of RED30's authors does. We do not know how the figures of their paper were compared, so they are in both tables.

Some figures are not comparable: the paper's BSD200 was "resized to smaller ones" by an unstated factor; its RED30 works
at full resolution, has 128 filters, and is averaged over 8 orientations; DnCNN-B, FFDNet and AR-CNN are trained for one
task. Text and scratches use masks of this project's test data, repeated to the picture's size, and the protocol with
Levin's kernels is our own, so no published figures exist for them. Some published protocols round results to 8 bits
before they compare; we do not. Rounding lowers 37 dB by 0.03 dB and 29 dB by 0.004. In scaling, they round the luma of
the clean picture, too, which lowers our figures as much again: bicubic interpolation of Set5 by 2 then has the
published 33.66 dB and 0.9299 (33.69 and 0.9308 here), `universal` 37.36 dB (37.42 here).

One picture of Set5, the woman, is in BSDS500's training set. Our networks were trained with it until early in run 6,
and other networks that are trained on BSD pictures probably were, too. The last table leaves it out.
"""


def measured_means(without: str | None = None) -> Figures:
    """Return the mean PSNR of each method; where pixels are missing, that of the missing pixels only.

    Args:
        without: prefix of the names of pictures to leave out.
    """
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for path in sorted(MEASURED.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if without is not None and row["picture"].startswith(without):
                    continue
                baseline = row["method"].startswith(PREFIX)
                name = row["method"].removeprefix(PREFIX) if baseline else path.stem
                values[row["protocol"], name].append(float(row["restored_psnr_missing"] or row["restored_psnr"]))
    return {key: statistics.fmean(column) for key, column in values.items()}


def is_network(name: str) -> bool:
    """Return whether a method is one of our networks."""
    return (MEASURED / f"{name}.csv").exists()


def published_rows() -> list[dict[str, str]]:
    """Read the published figures with their sources."""
    with PUBLISHED.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def published() -> Figures:
    """Return the published PSNR of each method."""
    return {(row["protocol"], row["method"]): float(row["psnr"]) for row in published_rows()}


def notes() -> list[str]:
    """Return the sources of the published figures."""
    lines = {
        ": ".join([row["method"], row["source"]]) + f"; {row['note']}" * bool(row["note"]) for row in published_rows()
    }
    return sorted(f"- {line}" for line in lines)


def table(title: str, protocols: tuple[str, ...], ours: Figures, theirs: Figures) -> str:
    """Return one Markdown table: a row for each method, a column for each protocol."""
    assert not set(protocols) - set(PROTOCOLS)
    lines = [f"## {title}", "", "| method | " + " | ".join(protocols) + " |", "|---" * (len(protocols) + 1) + "|"]
    for figures, mark in ((ours, "{}"), (theirs, "{}, published")):
        methods = {method for protocol, method in figures if protocol in protocols}
        for method in sorted(methods, key=lambda name: (not is_network(name), name)):
            cells = [f"{figures[p, method]:.2f}" if (p, method) in figures else "" for p in protocols]
            shown = f"**{method}**" if is_network(method) else mark.format(method)
            lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page() -> str:
    """Return the whole page."""
    ours, theirs = measured_means(), published()
    parts = [HEAD, *(table(title, protocols, ours, theirs) + "\n" for title, protocols in TABLES.items())]
    set5 = tuple(p for protocols in TABLES.values() for p in protocols if p.startswith("set5-") and "unshaved" not in p)
    parts.append(table("Set5 without the woman, PSNR", set5, measured_means(without=LEARNED), {}) + "\n")
    return "\n".join([*parts, "## Sources of the published figures\n", *notes(), ""])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
