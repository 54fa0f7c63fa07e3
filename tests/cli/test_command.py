"""What the ledger is told of a command: all that shapes an output, without anybody keeping a list."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from rednet.cli.command import Command
from rednet.files.handling import Handling
from rednet.files.ledger import Ledger, OutputState, hash_file
from rednet.images.saving import Saving
from rednet.restoring.options import Keywords, Options
from rednet.restoring.tasks import Deblur, Denoise, Inpaint, Upscale
from rednet.values import setting, settings


@pytest.fixture(scope="module")
def command(make_model):
    model = make_model(depth=4, width=2)
    return Command(pictures=[Path("in")], task=Denoise(sigma=25), handling=Handling(), model=str(model))


@dataclass(frozen=True, kw_only=True)
class More(Options):
    grain: float = setting(float, 0.0, "Grain to add.", 0, 1)
    limit: float = setting(float, 0.0, "What is only a limit.", 0, 1, shapes=False)


@dataclass(frozen=True, kw_only=True)
class MoreDenoise(Denoise):
    twice: bool = setting(bool, False, "Denoise twice.")


def test_a_new_option_is_part_of_the_fingerprint_unless_it_says_otherwise(command):
    def fingerprint(**given):
        return replace(command, handling=Handling(options=More(**given))).fingerprint()

    assert fingerprint() == fingerprint(limit=0.5)
    assert fingerprint() != fingerprint(grain=0.5)
    once, twice = (replace(command, task=MoreDenoise(twice=twice)).fingerprint() for twice in (False, True))
    assert once != twice


def test_all_that_shapes_an_output_is_part_of_the_fingerprint_and_no_limit_is(command, make_model):
    shaping = [
        {"task": Denoise(sigma=26)}, {"task": Denoise(quality=25)}, {"task": Upscale()}, {"engine": "onnx"},
        {"device": "gpu"}, {"model": make_model(depth=4, width=4)},
        *({"handling": Handling(options=Options(**option))}
          for option in ({"strength": 0.5}, {"detail": 0.5}, {"self_ensemble": True}, {"range": (0, 5)})),
        *({"handling": Handling(saving=Saving(**saving))}
          for saving in ({"quality": 5}, {"strip_metadata": True}, {"software": "other"})),
        {"handling": Handling(skip_clean=True)},
    ]  # fmt: skip
    prints = [replace(command, **change).fingerprint() for change in ({}, *shaping)]
    assert len(set(prints)) == len(prints)
    limits = Handling(
        saving=Saving(overwrite=True), max_megapixels=3, max_memory=5, show_removed=Path("a"), uncertainty=Path("b")
    )
    free = replace(command, handling=limits, threads=1, suffix="-x", format="png", recursive=True, yes=True)
    assert free.fingerprint() == prints[0]
    tested = {name for change in shaping if "handling" in change for name in ("options", "saving")}
    tested |= {"skip_clean", "max_megapixels", "max_memory", "show_removed", "uncertainty"}
    assert tested == {field.name for field in fields(Handling)}


def test_what_stands_in_a_file_of_an_option_is_part_of_the_fingerprint(command, tmp_path):
    path, folder = tmp_path / "k.npy", tmp_path / "masks"
    folder.mkdir()
    prints = []
    for size in (3, 5):
        np.save(path, np.ones((size, size)))
        (folder / "a.png").write_bytes(bytes(size))
        tasks = (Deblur(kernel=str(path)), Inpaint(mask=folder), Deblur(kernel=np.ones((size, size))))
        prints += [replace(command, task=task).fingerprint() for task in tasks]
    assert len(set(prints)) == len(prints)


def test_lines_of_an_older_ledger_count_as_made_in_another_way(command, tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    source.write_text("input")
    target.write_text("output")
    line = {"output": "out.png", "input_sha256": hash_file(source), "output_sha256": hash_file(target)}
    for fingerprint, state in (
        ("9a37169a563ce4e4f0f16c8e38209eec", OutputState.STALE),
        (command.fingerprint(), OutputState.DONE),
    ):
        (tmp_path / ".rednet-ledger.jsonl").write_text(json.dumps({**line, "job": fingerprint}) + "\n")
        assert Ledger(tmp_path, command.fingerprint()).read().state(source, target) is state


def test_the_keywords_of_python_are_the_options_and_those_about_arrays():
    assert set(Keywords.__annotations__) == {*settings(Options), "channel_axis", "out", "progress"}
