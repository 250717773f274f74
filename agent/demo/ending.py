"""What is left at the end: the ticket's timeline, the uptime, real metrics, and whether it all held."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.demo.process import Daemon
from agent.demo.voice import Voice
from agent.store.reader import NoStore, Reader, reading
from agent.uptime import figures
from alerting.desk.ticket import Ticket
from alerting.slo.periods import parse_period
from config.models import Config
from config.units import show_duration

_PERIOD = "30d"
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the store holds one ticket opened and resolved, and a sentence for people."""

    held: bool
    sentence: str


def verdict(config: Config, service: str) -> Verdict:
    """What the store holds in the end. Nothing stored at all is a verdict too."""
    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return judged([ticket for ticket in store.tickets() if ticket.service == service])
    except NoStore:
        return Verdict(False, "nothing was stored")


def judged(tickets: Sequence[Ticket]) -> Verdict:
    """One ticket, opened and resolved; anything else did not hold."""
    if not tickets:
        return Verdict(False, "no ticket was opened")
    if len(tickets) > 1:
        return Verdict(False, f"{len(tickets)} tickets were opened for one outage")
    (ticket,) = tickets
    if ticket.is_open or ticket.resolved_at is None:
        return Verdict(False, f"ticket {ticket.id} is {ticket.state}, not resolved")
    lasted = show_duration((ticket.resolved_at - ticket.opened_at) / _SECOND)
    return Verdict(True, f"the store holds one ticket, {ticket.id}, opened and resolved {lasted} later")


def show_figures(config: Config, service: str, voice: Voice) -> None:
    """The tickets' timelines and the uptime, as the store has them."""
    now = SystemClock().now()
    with reading(Path(config.agent.state_dir), config.agent.id) as store:
        for ticket in store.tickets():
            if ticket.service == service:
                voice.say(f"the timeline of ticket {ticket.id}:")
                voice.quote(_timeline(store, ticket))
        span = parse_period(_PERIOD, config.agent.timezone, now)
        ledger = store.ledger(service, since=span.start)
        figure = figures(config.services[service], ledger, span, now)
    voice.say(f"the uptime of {service} since the daemon watches it:")
    voice.quote(_uptime(figure))


def show_metrics(daemon: Daemon, service: str, voice: Voice) -> None:
    """The lines of the daemon's page of metrics that tell this story."""
    page = daemon.ask("/metrics") or ""
    voice.say(f"what Prometheus reads on {daemon.url}/metrics:")
    voice.quote(_metrics(page, service))


def _timeline(store: Reader, ticket: Ticket) -> list[str]:
    return [f"{_clock(event.at)}  {event.text}" for event in store.timeline(ticket.number)]


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at / _SECOND, UTC):%H:%M:%S}"


def _uptime(figure: dict[str, Any]) -> list[str]:
    """Two lines of a table, and one for each outage."""
    down = show_duration(float(figure["seconds"]["down"]))
    left = show_duration(float(figure["budget_left_seconds"]))
    row = f" {_share(figure['uptime_percent']):>7}  {figure['target_percent'] + ' %':>6}  {down:>8}"
    row += f"  {left:>11}  {_share(figure['coverage_percent']):>8}"
    outages = [f"down from {each['from'][11:23]} to {each['to'][11:23]}" for each in figure["outages"]]
    return ["  uptime  target  down for  budget left      seen", row, *outages]


def _share(percent: str | None) -> str:
    """Cut off after two places, as everywhere: never rounded up."""
    return f"{percent[: percent.index('.') + 3]} %" if percent else "unknown"


def _metrics(page: str, service: str) -> list[str]:
    runs = re.compile(r'tocsin_check_runs_total\{status="(ok|down)"\}')
    state = re.compile(rf'tocsin_(check_up|uptime_ratio)\{{.*service="{service}"(,window="{_PERIOD}")?\}}')
    return [line for line in page.split("\n") if runs.match(line) or state.match(line)]
