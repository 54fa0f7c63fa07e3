"""The site of the docs builds without a warning, and its references have what the code has."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "site"


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a script of the site."""
    monkeypatch.syspath_prepend(str(SITE))

    def load(name):
        __import__(name)
        return sys.modules[name]

    yield load
    for name in ("build", "figures", "reference"):
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_the_site_builds_strictly_and_every_page_is_in_it(script, tmp_path, monkeypatch, capsys):
    pytest.importorskip("zensical")
    build = script("build")
    monkeypatch.setattr(build, "STAGE", tmp_path / "docs")
    build.main()
    site = tmp_path / "docs" / "site"
    for page in (*(ROOT / "docs").rglob("*.md"), ROOT / "SECURITY.md"):
        assert (site / build.place(page).with_suffix(".html")).is_file(), page
    start = (site / "index.html").read_text("utf-8")
    assert "fonts.g" not in start and "https://unpkg" not in start  # no request to another server
    assert str(site) in capsys.readouterr().out


def test_a_link_to_nothing_and_a_page_without_a_link_are_errors(script, tmp_path, monkeypatch):
    build = script("build")
    monkeypatch.setattr(build.reference, "pages", lambda: {})
    monkeypatch.setattr(build, "pages_of", lambda nav: iter(["a.md"]))
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "DOCS", tmp_path / "docs")
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    page = tmp_path / "docs" / "a.md"
    (tmp_path / "LICENSE").write_text("free")
    page.write_text(
        "see [the licence](../LICENSE), [decisions](decisions) and [itself](a.md#top)\n```\n[no](link.md)\n```\n"
    )
    build.stage(tmp_path / "out")
    text = (tmp_path / "out" / "pages" / "a.md").read_text()
    assert "(project/LICENSE)" in text and "(a.md#top)" in text and "[no](link.md)" in text
    assert "(decisions/index.md)" in text and (tmp_path / "out" / "pages" / "decisions" / "index.md").is_file()
    assert (tmp_path / "out" / "pages" / "project" / "LICENSE").read_text() == "free"
    (tmp_path / "docs" / "b.md").write_text("nobody knows me")
    with pytest.raises(build.BrokenLink, match=r"nothing leads to docs/b\.md"):
        build.stage(tmp_path / "out")
    page.write_text("[gone](c.md)")
    with pytest.raises(build.BrokenLink, match=r"docs/a\.md links to c\.md"):
        build.stage(tmp_path / "out")


def test_the_references_have_every_verb_option_function_and_route(script):
    pytest.importorskip("griffe")
    from typer.main import get_command

    import rednet
    from rednet.cli.app import app

    pages = script("reference").pages()
    command_line, python, http = (pages[f"reference/{name}.md"] for name in ("command-line", "python", "http"))
    for name, verb in get_command(app).commands.items():
        section = command_line.partition(f"\n## `rednet {name}`\n")[2].partition("\n## ")[0]
        assert all(flag in section for parameter in verb.params for flag in parameter.opts if flag.startswith("--")), (
            name
        )
    for name in rednet.__all__:
        assert f"### {name}\n" in python
    assert "- `sigma`: standard deviation of the noise on the 0-255 scale" in python
    assert "## POST /v1/restore" in http and "| `strength` | query | number, 0 to 1.5 |" in http


def test_the_figures_are_what_the_script_draws(script):
    figures = script("figures")
    for name, draw in figures.FIGURES.items():
        assert (figures.IMAGES / f"{name}.svg").read_text("utf-8") == draw(), f"run python {SITE / 'figures.py'}"
        ElementTree.fromstring(draw())


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_figures_can_be_read_on_light_and_on_dark(script):
    """Contrast by WCAG 2: at least 3 to 1 for large text and drawings, and for white text on the boxes."""
    figures = script("figures")
    for colour in figures.COLOURS:
        for ground in (*figures.BACKGROUNDS, "#ffffff"):
            low, high = sorted((luminance(colour), luminance(ground)))
            assert (high + 0.05) / (low + 0.05) >= 3.9, (colour, ground)


def test_the_pictures_of_the_tasks_name_the_command_that_draws_them(monkeypatch):
    for name in ("demo", "failures", "damage", "sheets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import sheets

    known = {case.run.__name__ for case in sheets.CASES} | set(sheets.OTHERS)
    for page in (ROOT / "docs" / "tasks").glob("*.md"):
        shown = {Path(name).stem for name in re.findall(r"\(\.\./images/(\S+)\)", page.read_text("utf-8"))}
        assert shown and shown <= known, page
