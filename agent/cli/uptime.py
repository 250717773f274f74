"""`tocsin uptime`: each service's time in a period, against its target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completion import check_names
from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from agent.uptime import Ledger
    from alerting.slo.periods import Period
    from config.models import Config, Service

_USAGE = 64
_BAR = 10


def uptime(  # noqa: PLR0913, PLR0917 - each is an option of the command
    service: Annotated[
        str | None,
        typer.Option("--service", metavar="NAME", help="Only this service.", autocompletion=check_names),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period",
            metavar="P",
            help="2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-21, today, 30d (the default).",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="A", help="Where the period begins: 2026-11-21 or 2026-11-21T14:00:00Z."
        ),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="B", help="Where it ends, not included.")] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", metavar="Z", help="Whose midnights count. Default: agent.timezone."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="As it stood then. Default: now.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Uptime per service over a period, against its target; unseen time is shown, never counted as up.

    Example: tocsin uptime --period 2026-11
    """
    from agent.clock import SystemClock

    configuration = loaded(config)
    where = zone or configuration.agent.timezone
    try:
        now = SystemClock().now() if as_of is None else _moment(as_of, where)
        span = _period((period, start, end), where, now)
    except ValueError as error:
        fail(str(error), _USAGE)
    figures = _figures(configuration, service, span, now)
    if as_json:
        print_json(figures)
        return
    print_table(
        ["service", "uptime", "target", "down for", "budget left", "", "seen", "outages"],
        [_row(each) for each in figures],
        empty="no services configured",
    )


def _moment(text: str, zone: str) -> int:
    from alerting.slo.periods import moment

    return moment(text, zone)


def _period(asked: tuple[str | None, str | None, str | None], zone: str, now: int) -> Period:
    from alerting.slo.periods import explicit, parse_period

    name, start, end = asked
    if start is None and end is None:
        return parse_period(name or "30d", zone, now)
    if name is not None:
        raise ValueError("--period and --from/--to name a period each: give one of them")
    if start is None or end is None:
        raise ValueError("--from and --to go together")
    return explicit(start, end, zone)


def _figures(config: Config, service: str | None, span: Period, now: int) -> list[dict[str, Any]]:
    """The contract's objects, of one service or of all that are configured."""
    from agent.store.reader import NoStore, reading
    from agent.uptime import figures

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            ledgers = store.ledgers(since=span.start)
            nothing = store.ledger("", since=span.start)
    except NoStore as error:
        if service is None or service in config.services:
            fail(str(error), 1)
        ledgers = {}
    wanted, plans = _wanted(config, service, ledgers), config.maintenance.values()
    return [figures(each, ledgers.get(each.name, nothing), span, now, plans) for each in wanted]


def _wanted(config: Config, service: str | None, ledgers: dict[str, Ledger]) -> list[Service]:
    """What is configured; by its name also a service that is configured no more, with the usual agreement."""
    from agent.uptime import retired

    if service is None:
        return list(config.services.values())
    if service in config.services:
        return [config.services[service]]
    if service not in ledgers:
        fail(f'no service is called "{service}"', _USAGE)
    return [retired(service)]


def _row(figure: dict[str, Any]) -> list[object]:
    shown, coverage = figure["uptime_percent"], figure["coverage_percent"]
    return [
        figure["service"],
        f"{_cut(shown)} %" if shown else "not measured",
        f"{figure['target_percent']} %",
        _spoken(figure["seconds"]["down"]),
        _spoken(figure["budget_left_seconds"]),
        _bar(float(figure["budget_left_seconds"]), float(figure["budget_seconds"])),
        f"{_cut(coverage)} %" if coverage else "",
        len(figure["outages"]),
    ]


def _cut(percent: str) -> str:
    """Two places, cut off and not rounded."""
    return percent[: percent.index(".") + 3]


def _bar(left: float, budget: float) -> str:
    """How much of the budget is left; an empty bar where it is used up."""
    if budget <= 0:
        return ""
    full = max(0, min(_BAR, int(_BAR * left / budget)))
    return "[" + "#" * full + "." * (_BAR - full) + "]"


def _spoken(seconds: str) -> str:
    from config.units import show_duration

    return show_duration(float(seconds))
