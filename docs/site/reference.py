"""Writes the references of the command line, of Python and of HTTP from the code; `build.py` adds them to the site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "src"

PUBLIC = {  # module: the names that are documented
    "rednet": ("restore", "denoise", "dejpeg", "upscale", "deblur", "inpaint", "inspect", "run"),
    "rednet.restoring.options": ("Options", "Keywords"),
    "rednet.restoring.finding": ("Finding",),
    "rednet.restoring.restorer": (
        "Restorer",
        "Restorer.from_pretrained",
        "Restorer.restore",
        "Restorer.restore_image",
        "Restorer.run",
        "Restorer.compute",
        "Restoration",
        "Restoration.apply",
    ),
    "rednet.restoring.tasks": ("Automatic", "Denoise", "Dejpeg", "Upscale", "Deblur", "Inpaint"),
    "rednet.images": ("read_picture", "write_picture"),
    "rednet.classical.metrics": ("psnr", "ssim"),
    "rednet.network.architecture": ("REDNetConfig",),
    "rednet.errors": ("RednetError", "ImageError", "OptionError", "ModelError", "EngineError", "TrainingError"),
}


def pages() -> dict[str, str]:
    """Return the pages in Markdown, by their places in the site."""
    written = {"command-line": command_line, "python": python, "http": http}
    return {f"reference/{name}.md": write() for name, write in written.items()}


def command_line() -> str:
    """Write the reference of all verbs, with typer."""
    import typer
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from rednet.cli.app import app

    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="rednet", title="Command line")
    text = re.sub(r"^\$ ", "", text, flags=re.MULTILINE).replace("```console", "```text")
    text = re.sub(r"^\* `(--(?:install|show)-completion)`:.*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^\*\*Commands\*\*:\n\n(\* .*\n)+", "", text, flags=re.MULTILINE)  # cut off; the headings say it


def python() -> str:
    """Write the reference of the public names from their signatures and docstrings, with griffe."""
    import griffe

    package = griffe.load("rednet", search_paths=[SOURCE])
    lines = ["# Python", "", "The names that programs use, by the module from which they are imported.", ""]
    for module, names in PUBLIC.items():
        lines += [f"## {module}", ""]
        for name in names:
            path = ".".join([*module.split(".")[1:], *name.split(".")[:1]])
            thing = package[path]
            for member in name.split(".")[1:]:
                thing = thing.all_members[member]
            lines += _described(thing.final_target if thing.is_alias else thing, name)
    return "\n".join(lines)


def _described(thing: Any, name: str) -> Iterable[str]:
    """Yield the lines of one function, method or class: its signature, and the sections of its docstring."""
    yield f"### {name}"
    yield ""
    if thing.is_function or "__init__" in thing.members or thing.parameters:
        yield f"```text\n{_signature(thing)}\n```\n"
    if thing.docstring is None:
        return
    for section in thing.docstring.parse("google", warnings=False):
        kind = section.kind.value
        if kind == "text":
            yield f"{_escaped(section.value)}\n"
        elif kind in ("parameters", "raises", "returns"):
            yield f"**{ {'parameters': 'Arguments', 'raises': 'Raises', 'returns': 'Returns'}[kind] }**\n"
            for entry in section.value:
                name = getattr(entry, "name", "") if kind == "parameters" else str(entry.annotation or "")
                yield f"- {f'`{name}`: ' if name and kind != 'returns' else ''}{_line(entry.description)}"
            yield ""
        elif kind == "admonition" and ">>>" in section.value.description:  # our sections are named "Example"
            yield f"```pycon\n{section.value.description}\n```\n"
        elif kind == "admonition":
            yield f"**{section.title}:** {_line(section.value.description)}\n"


def _signature(thing: Any) -> str:
    """Return a signature as it is written in the code, without `self`; one argument a line if it is long."""
    parts, star = [], False
    for parameter in thing.parameters:
        if parameter.name in ("self", "cls"):
            continue
        kind = parameter.kind.value if parameter.kind else ""
        if kind == "keyword-only" and not star:
            parts.append("*")
            star = True
        prefix = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        text = f"{prefix}{parameter.name}"
        if parameter.annotation is not None:
            text += f": {parameter.annotation}"
        default = str(parameter.default) if parameter.default is not None and not prefix else ""
        if default.startswith("setting("):
            default = default.split(",")[1].strip()
        if default:
            text += f" = {default}"
        parts.append(text)
    after = f" -> {thing.returns}" if thing.is_function and thing.returns else ""
    line = f"{thing.name}({', '.join(parts)}){after}"
    return line if len(line) <= 90 else f"{thing.name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){after}"


def http() -> str:
    """Write the reference of the service from the OpenAPI that it serves."""
    from rednet.restoring.restorer import Restorer
    from rednet.web.app import Settings, make_app

    with TemporaryDirectory() as folder:
        described = make_app(
            Settings(page=False), {"fast": Restorer.from_pretrained("fast")}, Path(folder)
        ).app.openapi()
    lines = [
        "# HTTP",
        "",
        "The routes of `rednet serve`, from the OpenAPI that it serves itself at `/openapi.json`.",
        "",
    ]
    for route, methods in described["paths"].items():
        for method, operation in methods.items():
            lines += [f"## {method.upper()} {route}", "", _escaped(operation.get("description", "")), ""]
            lines += _fields(operation.get("parameters", []))
            body = operation.get("requestBody", {}).get("content", {})
            if body:
                lines += [f"The body: {', '.join(f'`{media}`' for media in body)}.", ""]
            lines += ["| status | answer |", "|---|---|"]
            lines += [
                f"| {status} | {_line(answer['description'])} |" for status, answer in operation["responses"].items()
            ]
            lines.append("")
    return "\n".join(lines)


def _fields(parameters: list[Mapping[str, Any]]) -> list[str]:
    """Return the table of a route's parameters."""
    if not parameters:
        return []
    rows = []
    for parameter in parameters:
        schema = parameter.get("schema", {})
        kinds = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
        words = " or ".join(_values(part) for part in kinds)
        help_text = parameter.get("description") or schema.get("description") or ""
        rows.append(f"| `{parameter['name']}` | {parameter['in']} | {words} | {_line(help_text)} |")
    return ["| field | in | values | meaning |", "|---|---|---|---|", *rows, ""]


def _values(schema: Mapping[str, Any]) -> str:
    """Return the values that a schema allows, in words."""
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    low, high = schema.get("minimum"), schema.get("maximum")
    kind = str(schema.get("type", "any"))
    return f"{kind}, {low:g} to {high:g}" if low is not None and high is not None else kind


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is; what stands in backticks stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if number % 2 else part.replace("<", "&lt;").replace("*", r"\*") for number, part in enumerate(parts)
    )


def _line(text: str) -> str:
    """Return text on one line."""
    return _escaped(" ".join(str(text).split()))
