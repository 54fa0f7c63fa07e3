"""What people install: the source archive and the wheel are built, looked into, and used in a clean environment."""

import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rednet
from rednet.zoo.shipped import shipped_models

ROOT = Path(__file__).parent.parent
MOST_BYTES = 25e6
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Both archives; the wheel is built from the unpacked source archive, so that this has all that a build needs."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    (path,) = dist.glob("*.whl")
    return path


def tracked(*folders):
    """Return the files of folders that are in the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a repository knows which files belong to it")
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(listed.stdout.splitlines())


def test_the_wheel_has_the_package_the_recipes_and_the_photos_to_try_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {name.removeprefix("src/") for name in tracked("src/rednet")}
    photos = {name.replace("examples", "rednet/web") for name in tracked("examples/photos")}
    assert names == package | photos | {f"rednet/{name}" for name in tracked("recipes")}
    assert {f"rednet/zoo/{model}/model.safetensors" for model in shipped_models()} <= names
    assert "rednet/web/page/index.html" in names and "rednet/py.typed" in names
    assert wheel.stat().st_size < MOST_BYTES


def test_the_wheel_describes_itself(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        described = message_from_string(archive.read(name).decode())
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert (described["Name"], described["Version"]) == ("rednet", rednet.__version__)
    assert described["License-Expression"] == "Apache-2.0"
    assert described.get_payload().startswith("# rednet")


def test_the_source_archive_has_all_that_is_built_tested_and_read(dist):
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = tracked("src", "recipes", "tests", "examples", "docs", "benchmarks", "deploy", "*.md", "CITATION.cff")
    assert wanted <= names
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name or name.startswith("build/")]
    assert path.stat().st_size < MOST_BYTES


def test_the_installed_wheel_restores_a_picture_without_the_repository(wheel, tmp_path):
    """Install it by pip into a clean environment, with its dependencies, and run it in an empty folder."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "REDNET"))
    }

    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    run(sys.executable, "-m", "venv", tmp_path / "clean")
    bin = tmp_path / "clean" / "bin"
    run(bin / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel)
    rng = np.random.default_rng(0)
    x = np.asarray(Image.open(ROOT / "examples" / "photos" / "coffee.png").convert("RGB"))[100:260, 200:420]
    y = np.uint8(np.clip(np.rint(x + 25 * rng.standard_normal(x.shape)), 0, 255))
    Image.fromarray(y).save(tmp_path / "photo.png")
    assert run(bin / "rednet", "--version").strip() == f"rednet {rednet.__version__}"
    run(bin / "rednet", "restore", "photo.png", "-o", "better.png")
    error = [np.mean((np.asarray(Image.open(tmp_path / name), float) - x) ** 2) for name in ("photo.png", "better.png")]
    assert error[1] < error[0] / 4  # 6 dB; it gains 9
    where = run(bin / "python", "-c", "import rednet, sys; print(rednet.__file__, *sys.path)")
    assert str(ROOT) not in where and str(tmp_path / "clean") in where
    recipes = run(
        bin / "python", "-c", "import rednet, pathlib as p; print(*p.Path(rednet.__file__).parent.glob('recipes/*'))"
    )
    assert "universal.toml" in recipes
