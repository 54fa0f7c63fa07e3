"""Reads a recipe: a .toml file with all settings of a training."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from rednet.degradations import Mixture, Share, degradation_from
from rednet.errors import OptionError
from rednet.network.model import REDNetConfig

__all__ = ["Data", "Distillation", "Recipe", "Schedule", "lay_over", "load_recipe", "load_tables", "recipe_from"]

T = TypeVar("T")


@dataclass(frozen=True)
class Data:
    """The pictures, and how they are cut.

    Args:
        train: folders in the data folder, searched recursively.
        validation: folder in the data folder, searched recursively.
        exclude: files in the data folder that are not used.
        patch: side of the training crops, px.
        margin: px cut from the degraded crop in each direction, at random on both sides, so that the network sees no
            borders, and JPEG blocks and the sampling of scaling have random positions.
        batch: crops per step.
        workers: number of processes that prepare crops, at most one for each processor.
        drawings: fraction of the crops that are cut from drawings, see `rednet.training.drawings`.
    """

    train: tuple[str, ...]
    validation: str
    exclude: tuple[str, ...] = ()
    patch: int = 64
    margin: int = 16
    batch: int = 8
    workers: int = 1
    drawings: float = 0.0

    def __post_init__(self) -> None:
        for name, lowest in (("patch", 1), ("margin", 0), ("batch", 1), ("workers", 0)):
            if getattr(self, name) < lowest:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be at least {lowest}")
        if not 0 <= self.drawings <= 1:
            raise OptionError(f"drawings is {self.drawings}; it must be a fraction from 0 to 1")


@dataclass(frozen=True)
class Schedule:
    """The optimiser, its learning rate, and the loss.

    Args:
        optimizer: "muon" or "adam", see `rednet.training.optimizer`.
        lr: learning rate of Muon, or of Adam for all weights.
        adam_lr: with Muon, Adam's learning rate for the first and the last layer; biases have a tenth of it.
        warmup_steps: number of steps in which the learning rate rises from 0.
        decay: last fraction of the budget, in which the learning rate falls to 0.
        averaging: decay of the exponential average of the weights, per step.
        balance: divide each crop's squared error by the running mean of its task; otherwise the task with the largest
            errors dominates.
        initialisation: how random weights are drawn: "damped" makes the network start near the identity, "he" is He's
            initialisation alone, for the paper's networks; see `REDNet.initialise`.
        precision: precision of the hidden layers; "auto" is bfloat16 where the processor supports it natively.
        seed: seed of the random weights and of all crops.
    """

    optimizer: Literal["muon", "adam"] = "muon"
    lr: float = 0.0015
    adam_lr: float = 5e-4
    warmup_steps: int = 200
    decay: float = 0.5
    averaging: float = 0.999
    balance: bool = True
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0
    # repr: no part of the settings that a run is resumed by; a run that goes on has its weights.
    initialisation: Literal["damped", "he"] = field(default="damped", repr=False)

    def __post_init__(self) -> None:
        for name, choices in (
            ("optimizer", ("muon", "adam")),
            ("precision", ("auto", "float32", "bfloat16")),
            ("initialisation", ("damped", "he")),
        ):
            if getattr(self, name) not in choices:
                raise OptionError(f"{name} is {getattr(self, name)!r}; it must be one of: {', '.join(choices)}")
        if not (self.lr > 0 and self.adam_lr > 0 and self.warmup_steps >= 0):
            raise OptionError("lr and adam_lr must be above 0, warmup_steps at least 0")
        if not (0 <= self.decay <= 1 and 0 <= self.averaging < 1):
            raise OptionError("decay must be from 0 to 1, averaging from 0 to below 1")


@dataclass(frozen=True)
class Distillation:
    """A larger network, the teacher, whose output the smaller network learns beside the clean picture.

    Args:
        teacher: a shipped model's name, or a model folder, of a network with the same inputs.
        share: weight of the teacher's output in the target; the rest is the clean picture.

    Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015, here for squared error. The
    clean picture has detail that cannot be predicted from the degraded one; the teacher's output does not.
    """

    teacher: str
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise OptionError(f"share is {self.share}; it must be from 0 to 1")


@dataclass(frozen=True)
class Recipe:
    """All settings of a training: network, pictures, schedule, damage for training and for validation, teacher."""

    model: REDNetConfig
    data: Data
    schedule: Schedule
    mixture: Mixture
    validation: tuple[Share, ...]
    distillation: Distillation | None = None


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    A recipe may name another recipe in the same folder as its `base`, and overrides the base's settings. Its
    `added.share` and `added.validation` do not override the base's entries but are appended to them.

    Raises:
        OptionError: the file is missing, is not TOML, or has an unknown name; the message says where.
    """
    tables = load_tables(path)
    try:
        return recipe_from(tables)
    except KeyError as error:
        raise OptionError(f"the recipe {path} lacks {error}") from error
    except (ValueError, TypeError) as error:
        raise OptionError(f"the recipe {path}: {error}") from error


def load_tables(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a recipe's tables, merged with those of its base.

    Args:
        path: of the recipe.
        above: the recipes that have led to it as their base.

    Raises:
        OptionError: it cannot be read, adds what cannot be added, or is its own base, be it by way of other recipes.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise OptionError(f"cannot read the recipe {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"the recipe {path} is not valid TOML: {error}") from error
    if "base" not in tables:
        return tables
    base, led = path.parent / str(tables.pop("base")), (*above, path.resolve())
    if base.resolve() in led:
        raise OptionError(f"the recipe {base} is its own base")
    added = tables.pop("added", {})
    merged = lay_over(load_tables(base, led), tables)
    unknown = set(added) - {"share", "validation"}
    if unknown:
        raise OptionError(f"the recipe {path} adds {', '.join(sorted(unknown))}; it can add share and validation")
    mixture = merged.get("mixture", {})
    merged["mixture"] = {**mixture, "share": [*mixture.get("share", []), *added.get("share", [])]}
    merged["validation"] = [*merged.get("validation", []), *added.get("validation", [])]
    return merged


def lay_over(base: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables into others: within a table, key by key; any other value replaces the base's."""
    merged = dict(base)
    for name, table in tables.items():
        both = isinstance(table, dict) and isinstance(base.get(name), dict)
        merged[name] = {**base[name], **table} if both else table
    return merged


def recipe_from(tables: Mapping[str, Any]) -> Recipe:
    """Build a recipe from its tables.

    Raises:
        OptionError, ValueError, TypeError: a name is unknown or a value out of range. KeyError: a table or key is
            missing.
    """
    unknown = set(tables) - {"model", "data", "schedule", "mixture", "validation", "distillation"}
    if unknown:
        raise OptionError(f"unknown table {', '.join(sorted(unknown))}")
    mixture = tables["mixture"]
    return Recipe(
        model=build(REDNetConfig, tables["model"]),
        data=build(Data, tables["data"]),
        schedule=build(Schedule, tables.get("schedule", {})),
        mixture=Mixture(shares(mixture["share"]), mixture.get("told", 0.4), mixture.get("task_told", 0.4)),
        validation=shares(tables["validation"]),
        distillation=build(Distillation, tables["distillation"]) if "distillation" in tables else None,
    )


def build(kind: type[T], table: Mapping[str, Any]) -> T:
    """Build a dataclass from a recipe's table; raise OptionError on an unknown key."""
    unknown = sorted(set(table) - {f.name for f in fields(kind)})  # type: ignore[arg-type]
    if unknown:
        raise OptionError(f"{kind.__name__} has no field {', '.join(unknown)}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})


def shares(tables: Sequence[Mapping[str, Any]]) -> tuple[Share, ...]:
    """Build the entries of a mixture."""
    return tuple(build(Share, {**table, "degradation": degradation_from(table["degradation"])}) for table in tables)
