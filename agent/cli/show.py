"""`tocsin incidents`, `uptime`, `version`: what the store says, read-only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completion import check_names
from agent.cli.output import local, print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from alerting.incidents import Incident

_USAGE = 64


def incidents(
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first.

    Example: tocsin incidents --open
    """
    from agent.store.reader import NoStore, reading

    configuration = loaded(config)
    agent = configuration.agent
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            found = [each for each in store.incidents() if not only_open or each.state == "open"]
    except NoStore as error:
        fail(str(error), 1)
    if as_json:
        print_json([_incident(each) for each in found])
        return
    rows = [
        [f"{e.service}.{e.rule}", e.state, e.severity, local(e.opened_at, agent.timezone),
         local(e.resolved_at, agent.timezone), f"T-{e.ticket}", e.reason]
        for e in found
    ]  # fmt: skip
    print_table(
        ["incident", "state", "severity", "opened", "resolved", "ticket", "reason"],
        rows,
        empty="no incidents",
    )


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "service": incident.service,
        "rule": incident.rule,
        "occurrence": incident.occurrence,
        "state": incident.state.value,
        "severity": incident.severity,
        "opened_at": rfc3339(incident.opened_at),
        "resolved_at": rfc3339(incident.resolved_at),
        "ticket": f"T-{incident.ticket}",
        "affected": [incident.service],
        "reason": incident.reason,
    }


def uptime(
    service: Annotated[
        str | None,
        typer.Option("--service", metavar="NAME", help="Only this service.", autocompletion=check_names),
    ] = None,
    period: Annotated[
        str,
        typer.Option(
            "--period", metavar="P", help="2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-21, today, 30d."
        ),
    ] = "30d",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Uptime per service over a period, against its target; unseen time is shown, never counted as up.

    Example: tocsin uptime --period 2026-11
    """
    from agent.clock import SystemClock
    from agent.store.reader import NoStore, reading
    from agent.uptime import figures
    from alerting.slo.periods import parse_period

    configuration = loaded(config)
    agent, now = configuration.agent, SystemClock().now()
    if service is not None and service not in configuration.services:
        fail(f'no service is called "{service}"', _USAGE)
    try:
        span = parse_period(period, agent.timezone, now)
    except ValueError as error:
        fail(str(error), _USAGE)
    wanted = [each for name, each in configuration.services.items() if service in (None, name)]
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            listed = [figures(each, store.ledger(each.name, since=span.start), span, now) for each in wanted]
    except NoStore as error:
        fail(str(error), 1)
    if as_json:
        print_json(listed)
        return
    print_table(
        ["service", "uptime", "target", "down for", "budget left", "seen", "outages"],
        [_uptime_row(each) for each in listed],
        empty="no services configured",
    )


def _uptime_row(figure: dict[str, Any]) -> list[object]:
    shown = figure["uptime_percent"]
    cut = f"{shown[: shown.index('.') + 3]} %" if shown else "not measured"
    left = figure["budget_left_seconds"]
    coverage = figure["coverage_percent"]
    return [
        figure["service"],
        cut,
        f"{figure['target_percent']} %",
        _spoken(figure["seconds"]["down"]),
        _spoken(left),
        f"{coverage[: coverage.index('.') + 3]} %" if coverage else "",
        len(figure["outages"]),
    ]


def _spoken(seconds: str) -> str:
    from config.units import show_duration

    return show_duration(float(seconds))


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(f"tocsin {installed('tocsin')}")
