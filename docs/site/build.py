"""Builds the site of the docs into build/docs/site; every warning is an error.

python docs/site/build.py

The pages of `docs/` stay as they are, so that they can also be read as files. Here they are copied to build/docs, with
the generated references and the list of decisions beside them. A page may link to any file of the project: such a file
is copied, too, below `project/`, and so is what it links to; a folder becomes a list of its files. A link to nothing is
an error, and so is a page that nothing leads to.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import reference

ROOT = Path(__file__).resolve().parents[2]
DOCS, SETTINGS = ROOT / "docs", Path(__file__).with_name("zensical.toml")
STAGE = ROOT / "build" / "docs"  # the site is in its folder site/
LINK = re.compile(r"(\]\()([^)\s]+)(\))")  # also that of a picture, and that around a picture
BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


class BrokenLink(Exception):
    """A page links to a file that is not there."""


def place(file: Path) -> Path:
    """Return where a file of the project is in the site: a page of docs/ at its name, all else below project/.

    Example:
        >>> place(DOCS / "tasks" / "denoise.md").as_posix(), place(ROOT / "SECURITY.md").as_posix()
        ('tasks/denoise.md', 'project/SECURITY.md')
    """
    return file.relative_to(DOCS) if file.is_relative_to(DOCS) else Path("project") / file.relative_to(ROOT)


def origin(page: str) -> Path:
    """Return the file of the project that is at a place of the site."""
    return ROOT / page.removeprefix("project/") if page.startswith("project/") else DOCS / page


def is_elsewhere(target: str) -> bool:
    """Tell whether a link leads out of the project, or to a place of the same page."""
    return target.startswith("#") or re.match(r"[a-z]+:", target) is not None


def move_links(text: str, file: Path, found: list[Path]) -> str:
    """Return a page whose links fit its place in the site, and add the files that it links to.

    Raises:
        BrokenLink: there is no such file in the project.
    """

    def move(link: re.Match[str]) -> str:
        target, _, anchor = link[2].partition("#")
        if is_elsewhere(link[2]):
            return link[0]
        wanted = (file.parent / unquote(target)).resolve()
        if not wanted.exists() or not wanted.is_relative_to(ROOT):
            raise BrokenLink(f"{file.relative_to(ROOT)} links to {target}, which is no file of the project")
        wanted = wanted / "index.md" if wanted.is_dir() else wanted
        found.append(wanted)
        there = Path(os.path.relpath(place(wanted), place(file).parent)).as_posix()
        return f"{link[1]}{there}{'#' * bool(anchor)}{anchor}{link[3]}"

    parts = BLOCK.split(text)
    return "".join(part if number % 2 else LINK.sub(move, part) for number, part in enumerate(parts))


def pages_of(nav: list[dict[str, object]]) -> Iterator[str]:
    """Yield the pages that the site's navigation names."""
    for entry in nav:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            elif isinstance(value, list):
                yield from pages_of(value)


def decisions() -> str:
    """Write the list of the decisions."""
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    titles = [page.read_text("utf-8").partition("\n")[0].removeprefix("# ").partition(". ")[2] for page in pages]
    rows = [f"{int(page.name[:4])}. [{title}]({page.name})" for page, title in zip(pages, titles, strict=True)]
    return "# Decisions\n\nA page for each choice that could be questioned twice.\n\n" + "\n".join(rows) + "\n"


def listing(folder: Path) -> str:
    """Write the page of a folder that a page links to: a list of its files."""
    names = sorted(file.name for file in folder.iterdir() if file.is_file())
    return f"# {folder.relative_to(ROOT).as_posix()}\n\n" + "".join(f"- [{name}]({name})\n" for name in names)


def stage(folder: Path) -> set[Path]:
    """Copy the site's settings and pages into a folder; return the files of the project that are part of the site.

    Raises:
        BrokenLink: a page links to nothing, or nothing leads to a page.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(SETTINGS, folder)
    written = {DOCS / name: text for name, text in {**reference.pages(), "decisions/index.md": decisions()}.items()}
    nav = tomllib.loads(SETTINGS.read_text("utf-8"))["project"]["nav"]
    waiting, done = [origin(page) for page in pages_of(nav)], set[Path]()
    while waiting:
        file = waiting.pop()
        if file in done:
            continue
        done.add(file)
        copy = folder / "pages" / place(file)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            text = file.read_text("utf-8") if file.exists() else written.get(file) or listing(file.parent)
            copy.write_text(move_links(text, file, waiting), "utf-8")
        else:
            shutil.copy(file, copy)
    lonely = set(DOCS.rglob("*.md")) - done
    if lonely:
        raise BrokenLink(f"nothing leads to {', '.join(sorted(str(page.relative_to(ROOT)) for page in lonely))}")
    return done


def main() -> None:
    """Build the site."""
    try:
        stage(STAGE)
    except BrokenLink as error:
        raise SystemExit(f"docs: {error}") from None
    command = [Path(sys.executable).with_name("zensical"), "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=STAGE, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"docs: the build stopped\n{done.stdout}\n{done.stderr}")
    print(f"docs: open {STAGE / 'site' / 'index.html'}")


if __name__ == "__main__":
    main()
