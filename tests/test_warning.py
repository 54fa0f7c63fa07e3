"""What users should know of a result reaches them, whichever way they asked."""

import json
import logging
from pathlib import Path

import numpy as np
from PIL import Image

from rednet.warning import heard, warn
from tests.command import rednet


def test_a_warning_is_logged_unless_somebody_listens(caplog):
    with caplog.at_level(logging.WARNING):
        warn("100 % of it")
        with heard([]) as sentences:
            warn("heard")
            warn("heard")
    assert caplog.messages == ["100 % of it"] and sentences == ["heard"]


def large_hole(folder: Path) -> Path:
    """Write a picture whose middle is so far from all that is known that it is made up."""
    pixels = np.full((140, 140, 4), 255, np.uint8)
    pixels[10:130, 10:130, 3] = 0
    Image.fromarray(pixels).save(folder / "hole.png")
    return folder / "hole.png"


def test_the_command_line_tells_a_warning_with_the_name_of_the_picture(tmp_path):
    picture = large_hole(tmp_path)
    one = rednet("inpaint", picture, "--mask-alpha", "-o", tmp_path / "a.png", "--json")
    assert f"rednet: {picture}: some missing pixels" in one.stderr
    assert any("made up" in sentence for sentence in json.loads(one.stdout)[0]["warnings"])
    many = rednet("inpaint", picture, "--mask-alpha", "-o", tmp_path / "out", "--recursive", tmp_path / "a.png")
    assert many.stderr.count(f"rednet: {picture}: some missing pixels") == 1
