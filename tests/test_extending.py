"""A task of one class, the one of docs/extending.md, and an option of one line are there for everybody."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DOCUMENT = Path(__file__).parent.parent / "docs" / "extending.md"
SOURCE = Path(__file__).parent.parent / "src"
LEVELS = np.full((20, 30, 3), 200, np.uint8)

PYTHON = """
import numpy as np, rednet, darken
from rednet.errors import OptionError
y = np.full((20, 30, 3), 200, np.uint8)
print(*np.unique(rednet.run(y, darken.Darken(share=0.25))), *np.unique(rednet.run(y, darken.Darken(), strength=0.5)))
try:
    darken.Darken(share=2)
except OptionError as error:
    print(error)
"""
COMMAND = "import darken; from rednet.cli.app import main; main()"
HTTP = """
import io, sys, tempfile, pathlib
import numpy as np, darken
from PIL import Image
from starlette.testclient import TestClient
from rednet.restoring.restorer import Restorer
from rednet.web.app import Settings, make_app
restorer = Restorer.from_pretrained("fast", threads=1)
with tempfile.TemporaryDirectory() as folder:
    app = make_app(Settings(page=False), {"fast": restorer}, pathlib.Path(folder))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        body = pathlib.Path("y.png").read_bytes()
        answer = client.post("/v1/restore?task=darken&share=0.25", content=body)
        print(answer.status_code, *np.unique(np.asarray(Image.open(io.BytesIO(answer.content)))))
        print(answer.headers["content-disposition"])
        refused = client.post("/v1/restore?task=darken&share=2", content=body)
        print(refused.status_code, refused.json()["detail"])
        print(client.post("/v1/restore?task=denoise&share=0.2", content=body).json()["detail"])
        print([p["schema"] for p in client.get("/openapi.json").json()["paths"]["/v1/restore"]["post"]["parameters"]
               if p["name"] == "share"])
"""

MORE = """
from dataclasses import dataclass
from rednet.{module} import {table}
from rednet.values import setting
import rednet.{module} as module

@dataclass(frozen=True, kw_only=True)
class More({table}):
    grain: int = setting(int, 3, "Grain to add.", 0, 9, called="coarse_grain")
    secret: bool = setting(bool, False, "Only here.", remote=False)

module.{table} = More
"""
FIELDS = """
from rednet.web.api.options import RestoreOptions, read_options
from rednet.web.limits import Limits
print(*RestoreOptions.model_fields)
handling = read_options({"coarse_grain": "7"}).handling(Limits(), "rednet")
print({"Options": handling.options, "Saving": handling.saving, "Handling": handling}[TABLE].grain)
"""


@pytest.fixture
def place(tmp_path):
    code, *_ = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    (tmp_path / "darken.py").write_text(code, "utf-8")
    Image.fromarray(LEVELS).save(tmp_path / "y.png")
    return tmp_path


def run(place, code, *arguments):
    path = os.pathsep.join([str(place), str(SOURCE)])
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=place, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def test_a_new_task_is_there_in_python(place):
    done = run(place, PYTHON)
    assert done.stdout.splitlines() == ["150 150", "share is 2; it must be from 0 to 1"], done.stderr


def test_a_new_task_is_a_verb_with_all_options_and_a_folder_knows_what_is_done(place):
    fast = ("--model", "fast", "--threads", "1")
    said = run(place, COMMAND, "darken", "--help").stdout
    assert "Darken a picture, or those of a folder." in said and "0<=x<=1" in said and "--strength" in said
    assert "darken " in run(place, COMMAND, "--help").stdout
    done = run(place, COMMAND, "darken", "y.png", "--share", "0.25", *fast)
    assert done.returncode == 0, done.stderr
    assert set(np.unique(np.asarray(Image.open(place / "y-darkened.png")))) == {150}
    assert run(place, COMMAND, "darken", "y.png", "--share", "2", *fast).returncode == 2
    (place / "in").mkdir()
    (place / "y.png").rename(place / "in" / "y.png")
    for share, status in (("0.25", "1 restored"), ("0.25", "1 kept"), ("0.5", "1 restored")):
        done = run(place, COMMAND, "darken", "in", "-o", "out", "--share", share, *fast)
        assert status in done.stdout, done.stderr
    assert set(np.unique(np.asarray(Image.open(place / "out" / "y.png")))) == {100}


def test_a_new_task_is_there_over_http(place):
    done = run(place, HTTP)
    assert done.returncode == 0, done.stderr
    picture, name, refused, strange, schema = done.stdout.splitlines()
    assert picture == "200 150" and name.endswith('-darkened.png"')
    assert refused == "422 share is '2'; input should be less than or equal to 1"
    assert strange == "share belongs to the task darken, and the task is denoise"
    assert "'maximum': 1" in schema and "Fraction of the light" in schema


@pytest.mark.parametrize(
    ("table", "module"), [("Options", "restoring.options"), ("Saving", "images.saving"), ("Handling", "files.handling")]
)
def test_a_new_option_of_all_tasks_is_one_line(place, table, module):
    more = MORE.format(table=table, module=module)
    for verb in ("denoise", "inpaint"):
        said = run(place, more + COMMAND, verb, "--help").stdout
        assert "--coarse-grain" in said and "0<=x<=9" in said and "Grain to add." in said and "--secret" in said
    assert "--coarse-grain" not in run(place, COMMAND, "denoise", "--help").stdout
    done = run(place, more + COMMAND, "denoise", "y.png", "--coarse-grain", "10")
    assert done.returncode == 2 and "less than or equal to 9" in done.stderr
    fields, grain = run(place, more + FIELDS.replace("TABLE", repr(table))).stdout.splitlines()
    assert "coarse_grain" in fields.split() and "secret" not in fields.split() and grain == "7"
