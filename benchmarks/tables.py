"""Figures in columns, and as JSON when asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def show(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table: the first column to the left, figures to the right."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(row[number]) for row in [list(columns), *texts]) for number in range(len(columns))]
    for row in [list(columns), *texts]:
        first, *rest = [
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join([first, *rest]).rstrip(), flush=True)


def keep(path: Path | None, figures: Any) -> None:
    """Write the figures as JSON, when a file is named."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n")


def _text(cell: object) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
