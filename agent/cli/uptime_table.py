"""The table of `tocsin uptime`: a row of figures for each service, and beneath it what has no room beside them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from agent.cli import strip
from agent.cli.folding import page_width
from agent.cli.output import coloured
from agent.views.uptime import Shown
from alerting.slo.strip import DAYS
from config.units import show_duration

if TYPE_CHECKING:
    pass

_BAR = 10
_GAP, _INDENT = "  ", "  "
_BUDGET, _DAYS = "budget left", f"{DAYS} days"
_TO_THE_LEFT = {"service", "met", _BUDGET, _DAYS}
_HOURS = "hours"
_NARROWEST = 40


def print_figures(listed: Sequence[Shown], zone: str) -> None:
    """The table, as wide as the terminal at most; in a file or pipe each service has one row, however long."""
    if not listed:
        print("no services configured")
        return
    blocks = strip.blocks_can_be_written()
    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None
    room = None if width is None else max(width, _NARROWEST)
    for line in _lines(listed, zone, room, blocks=blocks):
        print(line)
    print()
    for line in strip.legend(listed[0].days, zone, page_width(), blocks=blocks):
        print(line)


def _lines(listed: Sequence[Shown], zone: str, room: int | None, *, blocks: bool) -> Iterator[str]:
    marks = [strip.written(each.days, each.target, blocks=blocks) for each in listed]
    table = [_cells(each) | {_DAYS: row} for each, row in zip(listed, marks, strict=True)]
    widths = _widths(table, room)
    yield _row({name: name for name in widths}, widths)[0]
    for each, cells, row in zip(listed, table, marks, strict=True):
        yield from _row(cells, widths, each)
        beneath = [*_budget(each, cells, widths), *_notes(each.figure)]
        if _DAYS not in widths and room is not None:
            beneath += strip.rows(each.days, row, zone, room - len(_INDENT))
        yield from (f"{_INDENT}{line}" for line in beneath)


def _cells(each: Shown) -> dict[str, str]:
    """The row as text, by heading, in the order of the table."""
    figure = each.figure
    left, budget = (Fraction(figure[name]) for name in ("budget_left_seconds", "budget_seconds"))
    return {
        "service": figure["service"],
        "uptime": _percent(figure["uptime_percent"]) or "not measured",
        "target": f"{figure['target_percent']} %",
        "met": _met(each),
        "down for": show_duration(float(budget - left)),
        "seen": _percent(figure["coverage_percent"]),
        "outages": str(len(figure["outages"])),
        _BUDGET: f"{_bar(left, budget)} {show_duration(float(left))}" if budget or left else "",
    }


def _widths(table: Sequence[Mapping[str, str]], room: int | None) -> dict[str, int]:
    """The columns for which there is room, the days and the budget going first; long names stand alone."""
    widths = {name: max(len(name), *(len(cells[name]) for cells in table)) for name in table[0]}
    for name in (_DAYS, _BUDGET):
        if room is not None and _taken(widths) > room:
            del widths[name]
    if room is not None:
        widths["service"] = min(
            widths["service"], max(room - _taken(widths | {"service": 0}), len("service"))
        )
    return widths


def _taken(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _row(cells: Mapping[str, str], widths: Mapping[str, int], each: Shown | None = None) -> list[str]:
    """The row, coloured after what it says; a name that is too long goes before it by itself."""
    alone = [cells["service"]] if len(cells["service"]) > widths["service"] else []
    shown = []
    for name, width in widths.items():
        text = "" if alone and name == "service" else cells[name]
        padding = " " * (width - len(text))
        text = text if each is None else _coloured(name, text, each)
        shown.append(text + padding if name in _TO_THE_LEFT else padding + text)
    return [*alone, _GAP.join(shown).rstrip()]


def _coloured(name: str, text: str, each: Shown) -> str:
    if name == _DAYS:
        return strip.painted(text)
    if name in ("uptime", "met") and each.figure["uptime"] is not None:
        return coloured(text, "ok" if _reached(each) else "down")
    if name == _BUDGET and Fraction(each.figure["budget_left_seconds"]) < 0:
        return coloured(text, "down")
    return text


def _budget(each: Shown, cells: Mapping[str, str], widths: Mapping[str, int]) -> Iterator[str]:
    """The budget with its bar, where the row has no room for it."""
    if _BUDGET not in widths and cells[_BUDGET]:
        of = show_duration(float(Fraction(each.figure["budget_seconds"])))
        yield f"{_BUDGET} {_coloured(_BUDGET, cells[_BUDGET], each)} of {of}"


def _notes(figure: Mapping[str, Any]) -> Iterator[str]:
    """What is told of those services only that have it."""
    requests = figure.get("requests")
    if requests and int(requests["valid"]):
        share = f"{int(requests['good']):,} of {int(requests['valid']):,}"
        yield f"by requests {_percent(requests['uptime_percent'])}  ({share})"
    for each in figure.get("excluded") or ():
        if Fraction(each["seconds"]):
            why = "outside of the agreed hours" if each["by"] == _HOURS else f"while {each['by']} was down"
            yield f"not counted: {show_duration(float(each['seconds']))} {why}"
    if blips := figure.get("blips"):
        yield f"blips: {len(blips)}, which were not confirmed and cost nothing"


def _percent(percent: str | None) -> str:
    """Two places, cut off and not rounded; nothing where there is no figure."""
    return f"{percent[: percent.index('.') + 3]} %" if percent else ""


def _reached(each: Shown) -> bool:
    return Fraction(each.figure["uptime"]) >= each.target


def _met(each: Shown) -> str:
    """Whether the target was met; while the period is running, whether it would be if it ended now."""
    if each.figure["uptime"] is None:
        return ""
    if each.figure["met"] is None:
        return "so far" if _reached(each) else "not so far"
    return "yes" if each.figure["met"] else "no"


def _bar(left: Fraction, budget: Fraction) -> str:
    """How much of the budget is left: empty where it is used up, full only where all of it is left."""
    full = max(0, min(_BAR, int(_BAR * left / budget))) if budget > 0 else 0
    return f"[{'#' * full}{'.' * (_BAR - full)}]"
