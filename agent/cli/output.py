"""How commands print: one JSON document, or a table that fits; colours only on terminals."""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from config.conditions import Leaf

_COLOURS = {
    "ok": "green", "up": "green", "resolved": "green", "closed": "dim",
    "degraded": "yellow", "acknowledged": "yellow", "in_progress": "yellow", "pending": "yellow",
    "watching": "yellow",
    "down": "bold red", "open": "bold red", "new": "bold red", "critical": "bold red", "high": "red",
    "unknown": "magenta",
}  # fmt: skip
_PIPE_WIDTH = 200
VERDICTS = {True: "true", False: "false", None: "unknown"}


def print_json(document: Any) -> None:
    """The document and nothing else; where stdout is not UTF-8, other letters as JSON's own escapes."""
    escaped = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
    sys.stdout.write(json.dumps(document, ensure_ascii=escaped, indent=2, default=str) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table; words that name a state are coloured on a terminal. `empty` is said when there is no row."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = list(rows)
    if not listed:
        print(empty)
        return
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in listed:
        table.add_row(*(Text(shown, style=_COLOURS.get(shown, "")) for shown in map(_cell, row)))
    console.print(table)


def coloured(word: str, like: str = "") -> str:
    """The word in its state's colour, or in that of the state that it is `like`, when stdout is a terminal.

    NO_COLOR is heeded: https://no-color.org.
    """
    codes = {"green": "32", "yellow": "33", "bold red": "1;31", "red": "31", "magenta": "35", "dim": "2"}
    colour = codes.get(_COLOURS.get(like or word, ""))
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[{colour}m{word}\x1b[0m" if colour and wanted else word


def can_be_written(signs: str) -> bool:
    """Whether stdout takes signs that are not ASCII. Where the locale is said to be C it does not, though Python goes
    on to write UTF-8 there.
    """
    if (os.environ.get("LC_ALL") or os.environ.get("LANG")) in ("C", "POSIX"):
        return False
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def rfc3339(at: int | None) -> str | None:
    """A moment as JSON has it: `2026-11-21T22:04:05.123456Z`, null when there is none."""
    if at is None:
        return None
    moment = datetime.fromtimestamp(at // 1_000_000, UTC).replace(microsecond=at % 1_000_000)
    return moment.isoformat().replace("+00:00", "Z")


def local(at: int | None, zone: str) -> str:
    """A moment for people, in the configured zone."""
    return "" if at is None else f"{datetime.fromtimestamp(at / 1_000_000, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def told(at: str | None, zone: str) -> str:
    """A moment of a document for people, in the configured zone."""
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}" if at else ""


def leaf_document(leaf: Leaf) -> dict[str, Any]:
    """One comparison of a condition as the contract has it."""
    return {"text": leaf.text, "value": leaf.value, "verdict": VERDICTS[leaf.verdict]}


def leaf_line(leaf: Leaf) -> str:
    """One comparison for people: the verdict, what was asked, what was seen."""
    return f"{coloured(VERDICTS[leaf.verdict])}  {leaf.text}  {leaf_seen(leaf)}"


def leaf_seen(leaf: Leaf) -> str:
    """What a comparison looked at, or why it could not."""
    seen = ", ".join(
        f"{name} = {shown}" if name not in leaf.text else f"seen {shown}" for name, shown in leaf.seen
    )
    return leaf.why or seen or "nothing seen"


def _cell(value: object) -> str:
    return "" if value is None else str(value)
