"""The house keeps its order: imports point one way, and using rednet needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "rednet"

GROUND = {
    "errors",
    "machine",
    "opening",
    "stopping",
    "forking",
    "packages",
    "values",
    "locking",
    "whole_files",
    "private_folder",
    "progress",
    "warning",
}

# What each part may import besides itself, in an order in which each part may use earlier ones only.
ALLOWED = {
    "errors": set(),
    "machine": {"errors"},
    "opening": set(),
    "stopping": set(),
    "forking": {"errors"},
    "packages": {"errors"},
    "values": {"errors"},
    "locking": set(),
    "whole_files": {"opening", "locking"},
    "private_folder": {"errors", "whole_files"},
    "progress": set(),
    "warning": set(),
    "images": GROUND,
    "classical": GROUND | {"images"},
    "network": GROUND,
    "zoo": GROUND | {"network"},
    "engines": GROUND | {"network", "zoo"},
    "tiling": GROUND | {"classical", "network", "engines"},
    "restoring": GROUND | {"images", "classical", "network", "zoo", "engines", "tiling"},
    "degradations": GROUND | {"classical", "network"},
    "training": GROUND | {"images", "classical", "network", "zoo", "degradations"},
    "evaluation": GROUND | {"images", "classical", "restoring", "degradations", "training"},
    "files": GROUND | {"images", "classical", "network", "zoo", "tiling", "restoring"},
    "cluster": GROUND | {"images", "restoring", "files"},
    "web": GROUND | {"images", "classical", "zoo", "restoring", "degradations", "files", "__init__"},
    "cli": GROUND
    | {
        "images",
        "classical",
        "zoo",
        "engines",
        "restoring",
        "evaluation",
        "files",
        "cluster",
        "training",
        "web",
        "__init__",
    },
    "__main__": {"cli"},
    "__init__": {"errors", "restoring"},  # loads them when a name is asked for
}

# Where a part may use but one room of another.
ONLY = {("evaluation", "training"): "rednet.training.drawings", ("web", "degradations"): "rednet.degradations"}

# The rooms of a part, in an order in which each may use earlier ones only.
ROOMS = {
    "images": "formats saving layout picture colour front directories density exif reserved xmp photoshop segments "
    "chunks made_profile tiff_tags tiff_truth metadata tiff_pages doubles foreign encoding reading given "
    "writing __init__",
    "classical": "__init__ luma orientations metrics resize torus conjugate kernels masks filling deconvolution "
    "plausibility",
    "network": "__init__ architecture hints chain model",
    "zoo": "__init__ checking hub shipped model_folder pretrained spandrel",
    "engines": "__init__ engine ncnn_graph ncnn_layers ncnn_engine onnx_graph onnx_engine torch_engine loading "
    "exporting",
    "tiling": "__init__ bands tiles orientations fringes scan budget residual",
    "restoring": "__init__ stacks sampling exposure ranges options noise jpeg_traces spectrum traits judge impulses "
    "finding signatures decision inspection contradictions stripes detail correction network deblur holes scratches "
    "missing task tasks restorer verbs",
    "degradations": "degraded noise sensor grain faults compression scaling missing exposure blurring mixture kinds "
    "__init__",
    "training": "__init__ recipe drawings processes patches balance optimizer start run judging loop pairs noisy "
    "finetuning __main__",
    "evaluation": "__init__ baselines damage protocols methods measure tables",
    "files": "__init__ handling streaming file pyramid looks part proof listing shards ledger many preview frames",
    "cluster": "__init__ storage records remote ray_cluster",
    "web": "__init__ limits jobs api door static app",
    "web/jobs": "__init__ queue counters bench order shelf",
    "web/api": "__init__ options problems status results documents upload examples looking finding jobs service",
    "web/door": "__init__ guesses bodies guard login wire",
    "cli": "__init__ flags hints display scratches command one_file many_files urls verbs evaluate inspect frames "
    "serve train finetune export app",
}


def part_of(module: str) -> str:
    """Return the part of rednet that a module belongs to: rednet.network.chain -> network."""
    return ([*module.split("."), "__init__"])[1]


def room_of(module: str, part: str) -> str | None:
    """Return the room of a part that a module is in: rednet.network.chain -> chain; None if it is elsewhere."""
    inside = f"{module}.".removeprefix(f"rednet.{part.replace('/', '.')}.")
    return None if inside == f"{module}." else inside.partition(".")[0] or "__init__"


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
    return {name for name in found if name.split(".")[0] == "rednet"}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_one_way(path):
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    program = ALLOWED["__main__"] if path.name == "__main__.py" else set()  # `python -m` of a part
    wrong = {name for name in imports(path) if part_of(name) not in ALLOWED[part] | program | {part}}
    assert not wrong, f"{part} may not import {wrong}"
    for name in imports(path):
        assert name.startswith(ONLY.get((part, part_of(name)), name)), f"{part} may not import {name}"


@pytest.mark.parametrize("part", ROOMS)
def test_imports_inside_a_part_point_one_way(part):
    order = ROOMS[part].split()
    paths = {path.stem: path for path in (SOURCE / part).iterdir() if path.suffix == ".py"}
    paths |= {path.parent.name: path for path in (SOURCE / part).glob("*/__init__.py")}
    assert sorted(order) == sorted(paths)
    for number, room in enumerate(order):
        files = paths[room].parent.glob("*.py") if paths[room].parent.name == room else [paths[room]]
        used = {room_of(name, part) for file in files for name in imports(file)}
        later = used - {None, *order[: number + 1]}
        assert not later, f"{part}/{room} may not import {later}"


@pytest.mark.parametrize("part", ALLOWED)
def test_each_part_uses_all_that_it_may(part):
    paths = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0].removesuffix(".py") == part]
    used = {part_of(name) for path in paths for name in imports(path)}
    unused = ALLOWED[part] - used - GROUND
    assert not unused, f"{part} has no need of {unused}"


def test_the_parts_are_told_in_an_order_in_which_each_uses_earlier_ones_only():
    parts = [part for part in ALLOWED if part != "__init__"]
    for number, part in enumerate(parts):
        assert ALLOWED[part] - {"__init__"} <= set(parts[:number]), part


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        ("import rednet", {"numpy", "torch", "ncnn", "pyvips"}),
        ("import rednet; rednet.restore; rednet.Restorer", {"torch", "ncnn", "PIL"}),
        ("import rednet.cli.app", {"numpy", "torch", "ncnn", "pyvips", "fastapi"}),
        ("import rednet.web.app", {"torch", "PIL", "ncnn"}),
        ("import rednet.evaluation.measure", {"torch", "PIL"}),
    ],
)
def test_heavy_packages_load_only_when_they_are_used(command, absent):
    code = f"{command}; import sys; print(*set(sys.modules) & {absent!r})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not loaded


def test_public_names_are_all_there():
    import rednet

    assert all(getattr(rednet, name).__name__ == name for name in rednet.__all__)
    assert sorted(rednet.__all__) == rednet.__all__
    with pytest.raises(AttributeError, match="no attribute 'restoer'"):
        _ = rednet.restoer
