"""`/reports`: each service's uptime in a period against its target, to read, to print, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response

from agent.access.person import Right
from agent.store.reader import NoStore
from agent.views.desk import DAYS, desk_figures
from agent.views.uptime import figures
from agent.web.sight import seen_services
from agent.web.visit import Address, Visit
from alerting.slo.periods import Period, parse_period

_LONGEST = 40
_FIGURES = (
    "service", "uptime_percent", "target_percent", "met", "coverage_percent", "budget_seconds",
    "budget_left_seconds",
)  # fmt: skip
# A cell that begins with one of these is a formula to a spreadsheet.
_MOST_DAYS = 1000
_FORMULA = ("=", "+", "-", "@", "\t")


def report(visit: Visit) -> Response:
    """`?period=2026-10`, or any other that `tocsin uptime --period` knows; this month where nothing is asked."""
    asked = visit.request.query_params.get("period", "")[:_LONGEST]
    try:
        period = _period(visit, asked)
    except ValueError as error:
        return visit.page(
            "reports.html", 400, period=None, asked=asked, wrong=str(error), listed=[], missed=0
        )
    listed = _figures(visit, period)
    missed = sum(each["met"] is False for each in listed)
    titles = {name: each.title for name, each in visit.daemon.config().services.items()}
    return visit.page(
        "reports.html", period=period, asked=asked, wrong="", listed=listed, missed=missed, titles=titles
    )


def as_csv(visit: Visit) -> Response:
    """The same as a file."""
    asked = visit.request.query_params.get("period", "")[:_LONGEST]
    try:
        listed = _figures(visit, _period(visit, asked))
    except ValueError as error:
        return Response(f"{error}\n", 400, media_type="text/plain")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*_FIGURES, "outages", "down_seconds"])
    for each in listed:
        down = float(Fraction(str(each["seconds"].get("down", "0"))))
        cells = [*(each[name] for name in _FIGURES), len(each["outages"]), down]
        writer.writerow([_plain(cell) for cell in cells])
    headers = {"Content-Disposition": 'attachment; filename="uptime.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def _figures(visit: Visit, period: Period) -> Sequence[Mapping[str, Any]]:
    config = visit.daemon.config()
    seen = {each.name for each in seen_services(config, visit.person)}
    try:
        with visit.daemon.store() as store:
            found = figures(config, store, None, (period, ()), visit.now)
    except NoStore:
        return []
    return [each.figure for each in found if each.figure["service"] in seen]


def _period(visit: Visit, asked: str) -> Period:
    """Raises ValueError."""
    zone = visit.daemon.config().agent.timezone
    month = datetime.fromtimestamp(visit.now / 1_000_000, UTC).astimezone(ZoneInfo(zone))
    return parse_period(asked or f"{month:%Y-%m}", zone, visit.now)


def _plain(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def desk(visit: Visit) -> Response:
    """The figures of the desk; `?days=90`."""
    asked = visit.request.query_params.get("days", "")
    days = int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked[:4]) <= _MOST_DAYS else DAYS
    config = visit.daemon.config()
    try:
        with visit.daemon.store() as store:
            found = desk_figures(store, config.policies, visit.now, days, visit.sees_ticket)
    except NoStore:
        raise HTTPException(404, "nothing is stored yet") from None
    return visit.page("desk.html", found=found, days=days)


ADDRESSES = (
    Address("/reports/desk", "GET", Right.LOOK, desk),
    Address("/reports", "GET", Right.LOOK, report),
    Address("/reports.csv", "GET", Right.LOOK, as_csv),
)
