"""The options that say which period is meant, and the period that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.setting import fail

if TYPE_CHECKING:
    from alerting.slo.periods import Period

_USAGE = 64
_LONGEST = 300 * 366 * 86_400 * 1_000_000  # agreed hours and planned work are reckoned day by day
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="P",
        help="2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-21, today, 30d (the default).",
        show_default=False,
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="A", help="Where the period begins: 2026-11-21 or 2026-11-21T14:00:00Z."),
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="B", help="Where it ends, not included.")]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", metavar="Z", help="Whose midnights count. Default: agent.timezone.")
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="T", help="As it stood then. Default: now.")
]


def asked(
    words: tuple[str | None, str | None, str | None], as_of: str | None, zone: str, clock: int | None = None
) -> tuple[Period, int]:
    """The period that `--period`, or `--from` and `--to`, names, and the moment as of which it is asked for.

    `clock` is what is now, where it is not this host's. Ends the command where they name none.
    """
    from agent.clock import SystemClock
    from alerting.slo.periods import moment

    try:
        present = SystemClock().now() if clock is None else clock
        now = present if as_of is None else moment(as_of, zone)
        period = _period(words, zone, now)
        if period.end - period.start > _LONGEST:
            raise ValueError("a period lasts at most 300 years: name a shorter one")
        return period, now
    except ValueError as error:
        fail(str(error), _USAGE)


def _period(words: tuple[str | None, str | None, str | None], zone: str, now: int) -> Period:
    from alerting.slo.periods import explicit, parse_period

    name, start, end = words
    if start is None and end is None:
        return parse_period("30d" if name is None else name, zone, now)
    if name is not None:
        raise ValueError("--period and --from/--to name a period each: give one of them")
    if start is None or end is None:
        raise ValueError("--from and --to go together")
    return explicit(start, end, zone)
