"""Markdown for pages that are made from the models: tables, and parts between markers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; bars inside cells are escaped."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def filled_in(page: str, parts: Mapping[str, str]) -> str:
    """The page with each part put between `<!-- options: NAME -->` and `<!-- end -->`.

    Raises KeyError for a marker that has no part.
    """
    marked = re.compile(r"(<!-- options: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return marked.sub(lambda found: f"{found[1]}{parts[found[2]]}\n{found[3]}", page)


def write(file: Path, text: str) -> None:
    """Write the file when it differs, and say so."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {file}\n")
