"""The house keeps its order: imports point one way, and using rednet needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "rednet"

# What each part may import, besides itself. A later line may use all earlier ones that it names.
ALLOWED = {
    "errors": set(),
    "machine": {"errors"},
    "opening": set(),
    "options": {"errors"},
    "forking": {"errors"},
    "stopping": set(),
    "packages": {"errors"},
    "architecture": {"errors"},
    "hints": {"errors", "options"},
    "resize": {"errors", "stopping"},
    "metrics": {"errors"},
    "masks": {"errors", "packages"},
    "conjugate": {"stopping"},
    "filling": {"conjugate", "stopping"},
    "kernels": {"errors", "images", "opening", "options"},
    "deconvolution": {"conjugate", "errors", "kernels", "options", "stopping"},
    "images": {"errors", "forking", "opening", "stopping"},
    "model": {"architecture"},
    "degradations": {"deconvolution", "errors", "filling", "hints", "kernels", "masks", "resize"},
    "zoo": {"architecture", "errors", "model", "opening", "packages"},
    "inference": {
        "architecture",
        "deconvolution",
        "errors",
        "filling",
        "forking",
        "hints",
        "images",
        "kernels",
        "machine",
        "masks",
        "metrics",
        "opening",
        "options",
        "packages",
        "resize",
        "stopping",
        "zoo",
    },
    "training": {"architecture", "degradations", "errors", "hints", "images", "machine", "masks", "model", "zoo"},
    "evaluation": {
        "deconvolution",
        "degradations",
        "errors",
        "filling",
        "images",
        "inference",
        "kernels",
        "masks",
        "metrics",
        "packages",
        "resize",
        "training",
    },
}
ALLOWED["batch"] = {"errors", "hints", "images", "inference"}
ALLOWED["web"] = {"batch", "degradations", "errors", "images", "inference", "kernels", "masks", "stopping", "__init__"}
ALLOWED["cli"] = {
    "batch",
    "errors",
    "evaluation",
    "images",
    "inference",
    "kernels",
    "machine",
    "masks",
    "packages",
    "training",
    "web",
    "__init__",
}
ALLOWED["__main__"] = {"cli"}
ALLOWED["__init__"] = {"errors", "inference"}


# Where a part may use but one room of another.
ONLY = {("evaluation", "training"): "rednet.training.drawings"}

# The rooms of a part, and what each may import of the others.
KIND_OF_DAMAGE = {"degraded"}
ROOMS = {
    "degradations": {
        "degraded": set(),
        "noise": KIND_OF_DAMAGE,
        "sensor": KIND_OF_DAMAGE,
        "grain": KIND_OF_DAMAGE,
        "faults": KIND_OF_DAMAGE,
        "compression": KIND_OF_DAMAGE,
        "scaling": KIND_OF_DAMAGE,
        "missing": KIND_OF_DAMAGE,
        "exposure": KIND_OF_DAMAGE,
        "blurring": KIND_OF_DAMAGE | {"noise"},
        "mixture": KIND_OF_DAMAGE,
    }
}
KINDS = set(ROOMS["degradations"])
ROOMS["degradations"] |= {"kinds": KINDS, "__init__": KINDS | {"kinds"}}


def part_of(module: str) -> str:
    """Gives the part of rednet that a module belongs to: rednet.zoo.chain -> zoo."""
    return ([*module.split("."), "__init__"])[1]


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
    wrong = {name for name in imports(path) if part_of(name) not in ALLOWED[part] | {part}}
    assert not wrong, f"{part} may not import {wrong}"
    for name in imports(path):
        assert name.startswith(ONLY.get((part, part_of(name)), name)), f"{part} may not import {name}"


@pytest.mark.parametrize(("part", "room"), [(part, room) for part, rooms in ROOMS.items() for room in rooms])
def test_imports_inside_a_part_point_one_way(part, room):
    assert {path.stem for path in (SOURCE / part).glob("*.py")} == set(ROOMS[part])
    inside = {name.split(".")[2] for name in imports(SOURCE / part / f"{room}.py") if part_of(name) == part}
    assert inside <= ROOMS[part][room]


def test_the_order_has_no_cycle():
    order: list[str] = []
    rest = dict(ALLOWED)
    for part in ("cli", "web"):
        rest[part] = rest[part] - {"__init__"}
    while rest:
        free = [part for part, needs in rest.items() if needs <= set(order)]
        assert free, f"a cycle among {sorted(rest)}"
        order += free
        for part in free:
            del rest[part]


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        ("import rednet", {"numpy", "torch", "ncnn", "pyvips"}),
        ("import rednet; rednet.restore; rednet.Restorer", {"torch", "ncnn", "PIL"}),
        ("import rednet.cli.app", {"numpy", "torch", "ncnn", "pyvips", "fastapi", "gradio"}),
        ("import rednet.web.app", {"torch", "gradio"}),
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
