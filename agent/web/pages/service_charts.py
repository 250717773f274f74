"""The charts of a service's page: its states, and how long each check's answers took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from agent.store.reader import Reader
from agent.uptime import Ledger
from agent.views.latency import latency
from agent.web.charts.lines import Band, Chart, lines
from agent.web.charts.timeline import timeline
from alerting.incidents.incident import Incident
from alerting.slo.spans import Klass, clip
from config.units import show_duration

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class History:
    """Of one service between two moments, microseconds; incidents are the newest first."""

    service: str
    between: tuple[int, int]
    zone: str
    ledger: Ledger
    incidents: list[Incident]


def state_chart(history: History) -> Markup:
    start, end = history.between
    spans = clip(history.ledger.closed(end), start, end)
    lasted: dict[Klass, int] = {}
    for span in spans:
        lasted[span.klass] = lasted.get(span.klass, 0) + span.end - span.start
    told = ", ".join(f"{klass.value} {show_duration(us / 1_000_000)}" for klass, us in lasted.items())
    return timeline(spans, history.between, history.zone, f"States: {told or 'nothing known'}")


def latency_chart(store: Reader, check: str, history: History) -> Markup:
    """Percentiles over time with incidents and planned work behind them; nothing where nothing answered."""
    start, end = history.between
    steps = latency(store, history.service, check, start, end)
    if not steps:
        return Markup("")
    names = list(steps[-1].shares)
    found = {
        name: [
            (min(end, step.at + step.width // 2), step.shares[name]) for step in steps if name in step.shares
        ]
        for name in names
    }
    latest = ", ".join(f"{name} {show_duration(value)}" for name, value in steps[-1].shares.items())
    apart = max(step.width for step in steps) * 3 // 2
    words = f"Latency of {check} in percentiles; at last {latest}"
    return lines(Chart(start, end, found, words, apart, [*_bands(history)]), history.zone, show_duration)


def _bands(history: History) -> Iterable[Band]:
    start, end = history.between
    for each in history.incidents:
        over = each.resolved_at or end
        if each.opened_at < end and over > start:
            yield Band(
                max(start, each.opened_at),
                min(end, over),
                "incident",
                f"incident {each.id}: {each.reason}"[:200],
            )
    for span in clip(history.ledger.closed(end), start, end):
        if span.klass is Klass.MAINTENANCE:
            yield Band(span.start, span.end, "maintenance", "planned work")
