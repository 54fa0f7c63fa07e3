"""The plug-ins for other programs, in hosts that make the same calls as those programs."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import rednet

PLUGINS = Path(__file__).parents[2] / "examples" / "plugins"


def load(name):
    spec = importlib.util.spec_from_file_location(name, PLUGINS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def noisy(photo, rng):
    return np.clip(photo * 255 + rng.normal(0, 25, photo.shape), 0, 255).round().astype(np.uint8)


@pytest.fixture
def command(tmp_path):
    """`rednet` as a command, in a folder with a name that needs care."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    path = folder / "rednet"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rednet "$@"\n')
    path.chmod(0o755)
    return path


class Viewer:
    """As napari's, as far as the widget needs it."""

    def __init__(self):
        self.layers, self.widgets = [], []
        self.window = SimpleNamespace(add_dock_widget=lambda widget, name: self.widgets.append(widget))

    def add_image(self, data, **settings):
        self.layers.append(SimpleNamespace(data=data, **settings))


@pytest.fixture
def viewer(monkeypatch):
    monkeypatch.setitem(sys.modules, "magicgui", SimpleNamespace(magicgui=lambda **_: lambda function: function))
    viewer = Viewer()
    load("napari_rednet").add_widget(viewer)
    return viewer


def layer(data, rgb, limits):
    return SimpleNamespace(
        data=data, rgb=rgb, name="cells", scale=(1, 2), translate=(3, 4), contrast_limits=(0, 9), colormap="gray",
        contrast_limits_range=limits,
    )  # fmt: skip


def test_napari_restores_a_colour_layer(viewer, noisy):
    viewer.widgets[0](layer(noisy, True, (0, 255)), "fast", 25.0)
    [new] = viewer.layers
    assert (new.name, new.rgb, new.scale, new.translate) == ("cells, restored", True, (1, 2), (3, 4))
    np.testing.assert_array_equal(new.data, rednet.Restorer.from_pretrained("fast").restore(noisy, facts={"sigma": 25}))


def test_napari_restores_a_stack_of_any_range(viewer, noisy):
    stack = np.stack([noisy[:40, :40, 0], noisy[40:80, :40, 0]])[:, None].astype(np.float32) * 100 - 50
    viewer.widgets[0](layer(stack, False, (-50, 25450)), "fast", 0.0, 0.5)
    [new] = viewer.layers
    assert (new.data.shape, new.data.dtype, new.colormap) == (stack.shape, np.float32, "gray")
    restorer = rednet.Restorer.from_pretrained("fast")
    for before, after in zip(stack[:, 0], new.data[:, 0], strict=True):
        expected = restorer.restore(before, facts={"sigma": None}, strength=0.5, range=(-50, 25450))
        np.testing.assert_array_equal(after, expected)
        assert np.abs(after - before).mean() > 300


def test_napari_runs_a_model_folder(viewer, noisy, make_model):
    folder = str(make_model(depth=4, width=4, channels=3, hints=("sigma",)))
    viewer.widgets[0](layer(noisy, True, (0, 255)), folder, 25.0)
    [new] = viewer.layers
    np.testing.assert_array_equal(new.data, rednet.Restorer.from_pretrained(folder).restore(noisy, facts={"sigma": 25}))


class Picture:
    """As GIMP's image: layers, the top one first."""

    def __init__(self, *layers):
        self.layers, self.steps = list(layers), []

    def duplicate(self):
        return Picture(*self.layers)

    def merge_visible_layers(self, kind):
        assert kind == "clip to image"
        self.layers = self.layers[:1]

    def insert_layer(self, layer, parent, position):
        assert parent is None
        self.layers.insert(position, layer)

    def undo_group_start(self):
        self.steps.append("start")

    def undo_group_end(self):
        self.steps.append("end")

    def delete(self):
        self.layers = None


class Procedure:
    """As GIMP's; it keeps what it is told."""

    def __init__(self, plugin, name, kind, run, data):
        self.name, self.run, self.told = name, run, {}

    def get_name(self):
        return self.name

    def new_return_values(self, status, error):
        return status, str(error)

    def __getattr__(self, setter):
        return lambda *values: self.told.update({setter: values})


@pytest.fixture
def gimp(monkeypatch):
    """The plug-in in a host that calls as GIMP does."""

    def load_layer(mode, image, path):
        loaded = SimpleNamespace(levels=np.asarray(Image.open(path)))
        loaded.set_name = lambda name: setattr(loaded, "name", name)
        return loaded

    host = SimpleNamespace(
        PlugIn=object, RunMode=SimpleNamespace(NONINTERACTIVE="quietly"), PDBProcType=SimpleNamespace(PLUGIN="plug-in"),
        PDBStatusType=SimpleNamespace(SUCCESS="success", EXECUTION_ERROR="error"), displays_flush=lambda: None,
        MergeType=SimpleNamespace(CLIP_TO_IMAGE="clip to image"), ImageProcedure=SimpleNamespace(new=Procedure),
        file_save=lambda mode, image, path, options: Image.fromarray(image.layers[0]).save(path),
        file_load_layer=load_layer,
    )  # fmt: skip
    repository = ModuleType("gi.repository")
    repository.Gimp, repository.GLib = host, SimpleNamespace(Error=lambda words="": words)
    repository.Gio = SimpleNamespace(File=SimpleNamespace(new_for_path=str))
    gi = ModuleType("gi")
    gi.repository, gi.require_version = repository, lambda name, version: None
    monkeypatch.setitem(sys.modules, "gi", gi)
    monkeypatch.setitem(sys.modules, "gi.repository", repository)
    return load("gimp_rednet").Rednet()


def test_gimp_gets_a_restored_layer(gimp, noisy, command, monkeypatch):
    monkeypatch.setenv("REDNET", str(command))
    assert gimp.do_query_procedures() == ["rednet-restore", "rednet-denoise", "rednet-dejpeg"]
    procedure = gimp.do_create_procedure("rednet-denoise")
    assert procedure.told["add_menu_path"] == ("<Image>/Filters/Enhance/rednet",)
    image = Picture(noisy, "below")
    assert procedure.run(procedure, None, image, [], None, None) == ("success", "")
    top, *rest = image.layers
    assert (top.name, rest[1], image.steps) == ("rednet denoise", "below", ["start", "end"])
    np.testing.assert_array_equal(top.levels, rednet.denoise(noisy))


@pytest.mark.parametrize(
    ("program", "words"), [("/nowhere/rednet", "install rednet, or set REDNET"), ("false", "ended with 1")]
)
def test_gimp_is_told_what_went_wrong(gimp, noisy, program, words, monkeypatch):
    monkeypatch.setenv("REDNET", program)
    image = Picture(noisy)
    procedure = gimp.do_create_procedure("rednet-restore")
    status, error = procedure.run(procedure, None, image, [], None, None)
    assert status == "error"
    assert words in error
    assert len(image.layers) == 1
    assert not image.steps


DARKTABLE = """
local told = {}
package.preload["darktable"] = function()
  return {
    configuration = { running_os = "linux" },
    preferences = {
      register = function(script, name, kind, label, tooltip, default) told.command = default end,
      read = function() return os.getenv("COMMAND") or told.command end,
    },
    control = { execute = function(command)
      local _, how, code = os.execute(command)
      return how == "exit" and code or -1
    end },
    database = { import = function(path)
      return { group_with = function(_, leader) print("imported " .. path .. " " .. leader) end }
    end },
    print = function(words) print(words) end,
    register_storage = function(name, label, store, finalize) told.finalize = finalize end,
  }
end
dofile(arg[1])
local image = { path = arg[2], filename = "raw.nef", group_leader = "leader" }
told.finalize(nil, { [image] = arg[3] }, {})
"""


@pytest.fixture
def darktable(tmp_path, noisy):
    """Return a function that exports a picture to the plug-in; it returns what is printed, and the exported file."""
    lua = shutil.which("lua5.4") or shutil.which("lua")
    if lua is None:
        pytest.skip("there is no Lua; apt-get install lua5.4")
    (tmp_path / "host.lua").write_text(DARKTABLE)
    photos = tmp_path / "my 'best' photos"
    photos.mkdir()

    def export(command):
        exported = tmp_path / "it's raw.png"
        Image.fromarray(noisy).save(exported)
        line = [lua, str(tmp_path / "host.lua"), str(PLUGINS / "darktable_rednet.lua"), str(photos), str(exported)]
        ended = subprocess.run(line, capture_output=True, text=True, env={"COMMAND": command, "PATH": "/usr/bin:/bin"})
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines(), exported, photos

    return export


def test_darktable_gets_a_restored_picture_beside_its_original(darktable, command, noisy):
    words, exported, photos = darktable(f"{shlex.quote(str(command))} denoise --sigma 25")
    first = photos / "it's raw-restored.png"
    assert words[-2:] == [f"imported {first} leader", "rednet: 1 restored, 0 failed"]
    np.testing.assert_array_equal(np.asarray(Image.open(first)), rednet.denoise(noisy, sigma=25))
    assert not exported.exists()
    first.write_bytes(b"mine")
    darktable(f"{shlex.quote(str(command))} denoise --sigma 25")
    assert first.read_bytes() == b"mine"  # nothing is overwritten
    assert (photos / "it's raw-restored-2.png").exists()


def test_darktable_is_told_what_went_wrong(darktable):
    words, exported, photos = darktable("false")
    assert words[-2:] == ["rednet could not restore raw.nef; run in a terminal: false", "rednet: 0 restored, 1 failed"]
    assert not any(photos.iterdir())
    assert not exported.exists()


def test_the_widget_for_napari_stays_small():
    assert len((PLUGINS / "napari_rednet.py").read_text().splitlines()) < 80
