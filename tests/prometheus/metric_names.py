"""Which metrics a query names, and which there are."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"\btocsin_\w+")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


def named_in(query: str) -> set[str]:
    """Families that the query asks for; a bucket stands for its histogram."""
    return {_SUFFIX.sub("", name) for name in _NAME.findall(query)}


def documented(root: Path) -> set[str]:
    """Every family of the table in docs/metrics.md."""
    lines = (root / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()
    return {name for line in lines if line.startswith("| `") for name in named_in(line)}
