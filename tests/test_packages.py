"""What is said to install can be installed: the project is on no package index, so `pip install rednet[...]` cannot."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rednet
from rednet.errors import EngineError
from rednet.packages import EXTRAS, install_command, need

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_extras_are_those_of_the_project():
    declared = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    names = {extra: [re.split("[>=]", package)[0] for package in packages] for extra, packages in declared.items()}
    assert {extra: list(packages) for extra, packages in EXTRAS.items()} == {
        extra: packages for extra, packages in names.items() if extra not in ("dev",)
    }


def test_a_checkout_is_named_by_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shlex.split(install_command("onnx")) == ["pip", "install", "-e", f"{ROOT}[onnx]"]
    assert shlex.split(install_command("")) == ["pip", "install", "-e", str(ROOT)]
    monkeypatch.chdir(ROOT)
    assert install_command("onnx") == "pip install -e '.[onnx]'"


def test_an_installed_copy_names_the_packages(tmp_path):
    shutil.copytree(Path(rednet.__file__).parent, tmp_path / "src" / "rednet", ignore=shutil.ignore_patterns("zoo"))
    code = "from rednet.packages import install_command as c; print(c('onnx')); print(c('')); print(c('train'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path / "src")}, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "pip install onnx onnxruntime",
        "pip install numpy 'pyvips[binary]' ncnn safetensors typer rich",
        "pip install torch pillow",
    ], done.stderr


def test_a_missing_package_is_one_sentence_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError) as caught:
        need("onnxruntime", "onnx", "the engine onnx", EngineError)
    assert str(caught.value) == f"the engine onnx needs the package onnxruntime: {install_command('onnx')}"
    assert need("json", "onnx", "a test", EngineError).loads("1") == 1


def test_nothing_tells_people_to_install_what_is_on_no_index():
    files = [*(ROOT / "src").rglob("*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*")]
    wrong = re.compile(r"pip install[^\n&]*[ '\"]rednet\b")
    named = {path.name for path in files if wrong.search(path.read_text("utf-8"))} - {"CHANGELOG.md"}
    assert named == {"README.md"}  # which shows how it will be, and says beside it that it is not so yet
    assert "rednet is not on a package index yet" in (ROOT / "README.md").read_text("utf-8")
    assert wrong.search("pip install 'rednet[onnx]'")
