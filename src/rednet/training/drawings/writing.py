"""Writes text without meaning in several scripts, with the installed fonts or with Pillow's own font only."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rednet.classical.masks import font, pillow

__all__ = ["OWN_TYPEFACE", "Typeface", "Writer", "typefaces"]

SCRIPTS: dict[str, tuple[str, str, str]] = {  # consonants, vowels, and other letters
    "Latin": ("bcdfghklmnprstvwz", "aeiou", "qxyj"),
    "Latin with accents": ("bcdfghjlmnprstvzčšžßçñ", "aeiouäöüéèàôåø", "ýłđœ"),
    "Cyrillic": ("бвгджзклмнпрстфхцчшщ", "аеиоуыэюя", "ъьй"),
    "Greek": ("βγδζθκλμνξπρστφχψ", "αεηιουω", "άέήίόύώ"),
    "Hebrew": ("בגדזחטכלמנסעפצקרשת", "אהוי", "םןץ"),
    "Armenian": ("բգդզթժլխծկհձղճմյնշչպջռսվտրց", "աեէըիոու", "օֆ"),
    "Georgian": ("ბგდვზთკლმნპჟრსტფქღყშჩცძწჭხჯჰ", "აეიოუ", ""),
    "Chinese": (
        "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可",
        "",
        "",
    ),
    "Japanese": (
        "かきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもらりるれろ",
        "アイウエオ",
        "日本語東京山川",
    ),
    "Hangul": ("가나다라마바사아자차카타파하한글서울국어", "이오", "은는을를"),
}
UNCASED = {"Hebrew", "Georgian", "Chinese", "Japanese", "Hangul"}
FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
)
SUFFIXES = {".ttf", ".otf", ".ttc"}
MAX_TYPEFACES = 120  # if more are installed, we take every n-th: to inspect one takes 30 ms
NO_LETTER = "\uffff"  # not a character, so a typeface shows its sign for a missing letter


@dataclass(frozen=True)
class Typeface:
    """A font file, or Pillow's own font, with weight and letter spacing.

    Args:
        path: path of the font file; "" for Pillow's own font.
        bold: additional stroke width, in hundredths of the size.
        spacing: distance from letter to letter, as a fraction of the size; None for the font's own.
    """

    path: str = ""
    bold: int = 0
    spacing: float | None = None

    def write(self, pen: Any, x: int, y: int, words: str, size: int, colour: tuple[int, int, int]) -> float:
        """Write a line, and return its width, px."""
        letters, stroke = loaded(self.path, max(size, 4)), size * self.bold // 100
        if self.spacing is None:
            pen.text((x, y), words, colour, letters, stroke_width=stroke)
            return self.measure(words, size)
        step = size * self.spacing
        for number, letter in enumerate(words):
            pen.text((x + round(number * step), y), letter, colour, letters, stroke_width=stroke)
        return len(words) * step

    def measure(self, words: str, size: int) -> float:
        """Return the width of a line, px."""
        if self.spacing is not None:
            return len(words) * size * self.spacing
        return float(loaded(self.path, max(size, 4)).getlength(words))


OWN_TYPEFACE = Typeface()


class Writer:
    """Generates and writes text in one script and one typeface.

    Args:
        rng: draws script, typeface and words.
        installed: use the machine's fonts, too; if False, only Pillow's own, so that all machines draw the same.
    """

    def __init__(self, rng: np.random.Generator, installed: bool) -> None:
        self.rng = rng
        paths = [path for path, _ in typefaces()] if installed else []
        path = paths[rng.integers(len(paths))] if paths and rng.random() < 0.85 else ""
        scripts = dict(typefaces())[path] if path else ("Latin",)
        self.script = scripts[rng.integers(len(scripts))] if rng.random() < 0.6 else "Latin"
        if self.script not in scripts:
            self.script = scripts[0]
        bold = int(rng.choice([0, 0, 2, 5])) if not path else 0
        self.face = Typeface(path, bold)
        self.typewriter = Typeface(path, bold, float(rng.uniform(0.55, 0.65)))
        self.heading = Typeface(path, int(rng.choice([0, 4, 6])))

    def word(self) -> str:
        """Return a random word."""
        consonants, vowels, others = SCRIPTS[self.script]
        rng = self.rng
        letters = []
        for _ in range(int(rng.integers(1, 5))):
            letters.append(consonants[rng.integers(len(consonants))])
            if vowels:
                letters.append(vowels[rng.integers(len(vowels))])
            if others and rng.random() < 0.1:
                letters.append(others[rng.integers(len(others))])
        word = "".join(letters)[int(rng.integers(0, 2)) if vowels else 0 :]
        style = rng.random()
        return self.capital(word) if style < 0.12 else self.capital(word, len(word)) if style < 0.14 else word

    def capital(self, words: str, letters: int = 1) -> str:
        """Convert the first letters to capitals, in scripts that have capitals."""
        return words if self.script in UNCASED else words[:letters].upper() + words[letters:]

    def number(self) -> str:
        """Return a random number, formatted as in tables."""
        rng = self.rng
        value = float(10 ** rng.uniform(-1, 5)) * (-1 if rng.random() < 0.1 else 1)
        return (f"{value:,.2f}", f"{value:.0f}", f"{value:.1f} %", f"{value:.3g}")[rng.integers(4)]

    def sentence(self, words: int) -> str:
        """Return a random sentence with this number of words."""
        rng = self.rng
        parts = [self.word() if rng.random() < 0.95 else self.number() for _ in range(max(1, words))]
        for place in np.flatnonzero(rng.random(len(parts)) < 0.1).tolist():
            parts[place] += ","
        return self.capital(" ".join(parts)) + (".", ".", ".", "?", "!", ":")[rng.integers(6)]


@lru_cache(maxsize=256)
def loaded(path: str, size: int) -> Any:
    """Load a font in a size, px; Pillow's own font replaces a file that cannot be read."""
    try:
        return pillow("ImageFont").truetype(path, size) if path else font(size)
    except (OSError, ValueError):
        return font(size)


@lru_cache(maxsize=1)
def typefaces() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the machine's readable font files, sorted, each with the scripts that it supports; may be empty."""
    folders = [Path(folder).expanduser() for folder in FOLDERS]
    if sys.platform == "win32":
        folders.append(Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts")
    files = sorted(
        path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES
    )
    found = ((str(path), scripts_of(str(path))) for path in files[:: -(-len(files) // MAX_TYPEFACES) or 1])
    return tuple((path, scripts) for path, scripts in found if scripts)


def scripts_of(path: str) -> tuple[str, ...]:
    """Return the scripts that a font file supports, for which it has every letter."""
    try:
        letters = pillow("ImageFont").truetype(path, 16)
        missing = bytes(letters.getmask(NO_LETTER))
        return tuple(
            script
            for script, parts in SCRIPTS.items()
            if all(bytes(letters.getmask(letter)) not in (missing, b"") for letter in "".join(parts))
        )
    except (OSError, ValueError):
        return ()
