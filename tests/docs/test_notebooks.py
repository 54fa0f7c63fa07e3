"""The notebooks: they have no outputs, and all their cells run, one after the other, in a plain interpreter."""

import ast
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(notebook):
    return json.loads(notebook.read_text("utf-8"))["cells"]


def test_there_are_two_notebooks_without_outputs():
    assert len(NOTEBOOKS) == 2
    for notebook in NOTEBOOKS:
        for cell in cells(notebook):
            assert cell["cell_type"] == "markdown" or (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_all_cells_run_and_each_ends_in_a_picture_or_in_words(notebook, monkeypatch, capsys):
    """Run the cells with `exec`, without Jupyter; the value of a cell's last line is what Jupyter would show."""
    monkeypatch.chdir(FOLDER)
    names, shown = {"__name__": "__main__"}, 0
    for number, cell in enumerate(cells(notebook)):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{notebook.name}, cell {number}", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), f"{notebook.name}, cell {number}", "eval"), names)
            shown += value is None or value.size > (50, 50)
    assert shown >= 5
    assert "dB" in capsys.readouterr().out
