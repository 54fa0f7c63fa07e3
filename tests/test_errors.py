"""The library's errors name no flag; the command line and the service say how the option is given that helps."""

import ast
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from rednet import errors
from rednet.cli.app import app
from rednet.cli.hints import flags_among
from rednet.errors import ImageError, OptionError
from rednet.images import from_array, read_picture, write_picture
from rednet.images.writing import check_place
from rednet.restoring.options import Options
from rednet.web.api.options import RestoreOptions

SOURCE = Path(__file__).parent.parent / "src" / "rednet"
FLAG = re.compile(r"--[A-Za-z]")
LIBRARY = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if path.name != "__main__.py" and path.relative_to(SOURCE).parts[0] != "cli"
]
FLAGS = {
    verb: flags_among(flag for parameter in command.params for flag in parameter.opts)
    for verb, command in get_command(app).commands.items()
}


def texts(path):
    tree = ast.parse(path.read_text("utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def options(path):
    """The options that errors name, wherever they are raised."""
    tree = ast.parse(path.read_text("utf-8"))
    keywords = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "option"]
    return {node.value.value for node in keywords if isinstance(node.value, ast.Constant)}


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_library_names_no_flag(path):
    assert [text for text in texts(path) if FLAG.search(text)] == []


def test_the_search_for_flags_finds_them_where_they_are():
    assert any(FLAG.search(text) for text in texts(SOURCE / "cli" / "verbs.py"))


def test_each_option_that_an_error_names_is_one_of_a_verb():
    named = set().union(*map(options, LIBRARY))
    assert {"max_megapixels", "max_memory", "overwrite", "range", "data", "token", "port"} <= named
    assert named <= set().union(*FLAGS.values(), RestoreOptions.model_fields)


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_keeps_its_option_on_its_way_between_processes(name):
    error = getattr(errors, name)("what is wrong", option="max_memory")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.option) == (type(error), "what is wrong", "max_memory")
    assert getattr(errors, name)("what is wrong").option == ""


def test_errors_name_the_option_that_helps(tmp_path):
    write_picture(tmp_path / "a.tif", from_array(np.zeros((200, 100), np.uint8)))
    with pytest.raises(ImageError, match=r"has 0 megapixels; the limit is 0\.01; raise max_megapixels") as caught:
        read_picture(tmp_path / "a.tif", max_megapixels=0.01)
    assert caught.value.option == "max_megapixels"
    with pytest.raises(OptionError) as caught:
        Options(range=(1, 0))
    assert caught.value.option == "range"
    with pytest.raises(ImageError) as caught:
        check_place(tmp_path / "a.tif", overwrite=False)
    assert caught.value.option == "overwrite"


def test_an_error_about_a_file_keeps_the_option_of_the_error_about_its_values(tmp_path):
    Image.fromarray(np.full((8, 8), 4000, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=re.escape(f"{tmp_path / 'a.tif'}: a float picture")) as caught:
        read_picture(tmp_path / "a.tif")
    assert caught.value.option == "range"


@pytest.fixture
def large(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("L", (200, 100)).save(tmp_path / "in" / "a.png")
    return tmp_path / "in" / "a.png"


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("many", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize("verb", ["denoise", "inspect"])
def test_the_command_line_adds_the_flag(verb, many, as_json, large, make_model):
    place = large.parent if many else large
    words = [verb, place, "--max-megapixels", 0.01, *(["--json"] if as_json else [])]
    if verb == "denoise":
        words += ["-o", large.parent.parent / ("out" if many else "b.png"), "--model", make_model(channels=1, width=4)]
    done = CliRunner().invoke(app, list(map(str, words)))
    said = "raise max_megapixels if the file is trusted (--max-megapixels)"
    assert done.exit_code == 1
    assert done.stderr.count(said) == 1
    assert done.stdout.count(said) == as_json


def test_the_command_line_adds_no_flag_that_the_verb_has_not(large):
    assert "max_megapixels" not in FLAGS["evaluate"]
    Image.new("L", (30000, 4000)).save(large.with_name("b.png"))
    done = CliRunner().invoke(app, ["evaluate", "--pairs", str(large.parent), str(large.parent)])
    assert done.exit_code == 1
    assert done.stderr.endswith("raise max_megapixels if the file is trusted\n")
