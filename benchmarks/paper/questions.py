"""A question is a file in `recipes/paper/questions/`: variants of one training, at a laptop's scale and at the paper's.

`base.toml` is what all trainings share at a laptop's scale, `paper.toml` at the paper's. A question's table `[full]`
holds what is otherwise at the paper's scale.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rednet.training.recipe import Recipe, lay_over, load_tables, recipe_from

ROOT = Path(__file__).parent.parent.parent
QUESTIONS = ROOT / "recipes" / "paper" / "questions"
SCALES = {"laptop": "base", "paper": "paper"}
TABLES = ("model", "data", "schedule", "mixture")
PLAN = ("mapping", "steps", "minutes", "crop", "network", "crops")
HALF_A_MILLION = 15_625  # steps of 32 crops: the paper's set of crops, once


@dataclass(frozen=True)
class Training:
    """One network to train: a variant of a question, with a seed.

    Args:
        question, variant, seed, scale: what it is for.
        tables: its recipe.
        plan: what no recipe says: steps or minutes, what the network gives, which network, who prepares its crops.
    """

    question: str
    variant: str
    seed: int
    scale: str
    tables: Mapping[str, Any]
    plan: Mapping[str, Any]

    @cached_property
    def name(self) -> str:
        """A hash of all that shapes the training: what two questions share is trained once."""
        whole = json.dumps([self.tables, self.plan], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    @property
    def recipe(self) -> Recipe:
        """Its recipe, checked."""
        return recipe_from(self.tables)


def question_names(folder: Path = QUESTIONS) -> list[str]:
    """List the questions of a folder."""
    return sorted(path.stem for path in folder.glob("*.toml") if path.stem not in SCALES.values())


def load_question(name: str, scale: str = "laptop", folder: Path = QUESTIONS) -> dict[str, Any]:
    """Read a question as it is asked at one scale."""
    question = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    full = question.pop("full", {})
    return lay_over(question, {"steps": HALF_A_MILLION, "crops": "device", **full}) if scale == "paper" else question


def trainings_of(name: str, scale: str = "laptop", folder: Path = QUESTIONS) -> list[Training]:
    """List the trainings of a question, seed by seed."""
    question = load_question(name, scale, folder)
    base = load_tables(folder / f"{SCALES[scale]}.toml")
    return [
        Training(
            name, variant["name"], seed, scale, tables_of(base, question, variant, seed), plan_of(question, variant)
        )
        for seed in question["seeds"]
        for variant in question["variant"]
    ]


def tables_of(
    base: Mapping[str, Any], question: Mapping[str, Any], variant: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Lay the question's settings over the base, and the variant's over both: the tables of a recipe."""
    tables = lay_over({}, base)
    for layer in (question, variant):
        tables = lay_over(tables, {table: layer[table] for table in TABLES if table in layer})
    tables["schedule"] = {**tables["schedule"], "seed": seed}
    if "paper" not in question:  # then the base says what is learned
        return tables
    damage = question.get("degradation")
    sigmas = variant.get("sigma", [30])
    kinds = [damage] if damage else [{"kind": "gaussian_noise", "sigma": sigma} for sigma in sigmas]
    shares = [{"name": str(number), "degradation": kind} for number, kind in enumerate(kinds)]
    judged = question.get("validation", [30])
    if "validation" in question or not damage:
        exams = {f"sigma {sigma}": {"kind": "gaussian_noise", "sigma": sigma} for sigma in judged}
    else:
        exams = {"picture": damage}
    tables["mixture"] = {**tables["mixture"], "share": shares}
    tables["validation"] = [{"name": name, "degradation": kind} for name, kind in exams.items()]
    return tables


def plan_of(question: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long a variant is trained and what it learns to give; the variant's own word holds."""
    both = {"mapping": "residual", **question, **variant}
    if "minutes" in variant:
        both.pop("steps", None)
    return {key: both[key] for key in PLAN if key in both}
