"""Recurring maintenance windows: when they begin, how long they last, whom they are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Annotated

from pydantic import AfterValidator, Field

from config.field_types import Names, Reason, TextOrList, Zone
from config.friendly import shown
from config.hours import DAY_NAMES, days_in, time_of_day
from config.options import Model
from config.places import Where
from config.reader import Reader
from config.units import DAY, duration_between, show_duration

_CRON_FORM = "five cron fields like 0 23 * * 1"
_CRON_FIELDS, _LONGEST_CRON = 5, 100
_SOME_RUNS = 100
# Where runs of an expression are counted from; any moment would do.
_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = timedelta(days=366)


def _start(text: str) -> str:
    time_of_day(text)
    return text


def _days(text: str) -> str:
    days_in(text)
    return text


def _cron(text: str) -> str:
    """As cron reads it, weekdays 0 to 7 with Sunday at both ends. Raises ValueError with a remedy."""
    from cronsim import CronSim, CronSimError

    if len(text) > _LONGEST_CRON or len(text.split()) != _CRON_FIELDS:
        raise ValueError(f"expected {_CRON_FORM}, got {shown(text)}")
    try:
        if next(CronSim(text, _ANY_MOMENT), None) is None:
            raise ValueError(f"{shown(text)} never comes")
    except CronSimError as error:
        reason = str(error)
        raise ValueError(
            f"expected {_CRON_FORM}, got {shown(text)}: {reason[:1].lower()}{reason[1:]}"
        ) from None
    return text


class MaintenanceOptions(Model):
    """A window that comes again and again. It begins at `start` on its `days`, or as `cron` says."""

    services: Annotated[Names, Field(min_length=1)] = Field(
        (), description="whom it is for; default: all services", examples=[["web", "db"]]
    )
    start: Annotated[str, AfterValidator(_start)] | None = Field(
        None, description="when it begins, as `HH:MM` of its zone", examples=["23:00"]
    )
    days: Annotated[tuple[Annotated[str, AfterValidator(_days)], ...], TextOrList, Field(min_length=1)] = (
        Field(
            (),
            description="the days on which it begins; default: every day",
            examples=[["mon", "wed"], "mon-fri"],
        )
    )
    cron: Annotated[str, AfterValidator(_cron)] | None = Field(
        None, description="when it begins, instead of start: and days:", examples=["0 23 * * 1"]
    )
    duration: Annotated[float, duration_between(1.0, 7 * DAY)] = Field(
        description="how long it lasts, from 1s to 7d", examples=["1h"]
    )
    zone: Zone | None = Field(
        None, description="the zone of its times; default: `agent.timezone`", examples=["Europe/Amsterdam"]
    )
    reason: Reason | None = Field(None, description="why, for people", examples=["nightly backup"])


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A window, complete. `start` is in minutes of the day, `days` from Monday 0; either these or `cron` is given.

    No service means all of them; `duration` is in seconds.
    """

    name: str
    services: tuple[str, ...]
    zone: str
    duration: float
    start: int | None = None
    days: tuple[int, ...] = ()
    cron: str | None = None
    reason: str | None = None


def read_windows(reader: Reader, blocks: Mapping[str, object], zone: str) -> dict[str, MaintenanceWindow]:
    """The windows without a mistake; mistakes are noted. `zone` is that of windows that name none."""
    found = {}
    for name, block in blocks.items():
        where: Where = ("maintenance", name)
        if block is None:
            reader.sources.warn(where, "says nothing: no window", "add start: and duration:", key=True)
            continue
        window = _read(reader, block, where, zone)
        if window is not None:
            found[name] = window
    return found


def _read(reader: Reader, block: object, where: Where, zone: str) -> MaintenanceWindow | None:
    noted = len(reader.sources.problems)
    options = reader.model(MaintenanceOptions, block, where)
    if isinstance(block, Mapping):
        _look_at_beginning(reader, block, where)
    if options is None or len(reader.sources.problems) > noted:
        return None
    window = _window(str(where[-1]), options, zone)
    return window if _ends(reader, window, where) else None


def _look_at_beginning(reader: Reader, block: Mapping[str, object], where: Where) -> None:
    """It must be said in one way when it begins."""
    start, cron = (block.get(key) is not None for key in ("start", "cron"))
    if not start and not cron:
        reader.sources.blame(where, "is missing start: or cron:", 'such as start: "23:00"', key=True)
    if start and cron:
        reader.sources.blame(
            (*where, "cron"), "start: says already when it begins", "keep one of them", key=True
        )
    elif cron and block.get("days") is not None:
        reader.sources.blame(
            (*where, "days"), "goes with start: only", "cron: names its days itself", key=True
        )


def _window(name: str, options: MaintenanceOptions, zone: str) -> MaintenanceWindow:
    days = {day for text in options.days for day in days_in(text)}
    return MaintenanceWindow(
        name=name,
        services=options.services,
        zone=options.zone or zone,
        duration=options.duration,
        start=None if options.start is None else time_of_day(options.start),
        days=() if options.start is None else tuple(sorted(days)) or tuple(range(len(DAY_NAMES))),
        cron=options.cron,
        reason=options.reason,
    )


def _ends(reader: Reader, window: MaintenanceWindow, where: Where) -> bool:
    """Whether it is over before it begins again; noted when not."""
    between = _shortest_gap(window)
    if window.duration <= between:
        return True
    lasts, again = show_duration(window.duration), show_duration(between)
    message = f"lasts {lasts} and begins again after {again}: it would never end"
    reader.sources.blame((*where, "duration"), message, f"at most {again}")
    return False


def _shortest_gap(window: MaintenanceWindow) -> float:
    """Seconds from one beginning to the next, where they are closest."""
    if window.cron is None:
        week = [*window.days, window.days[0] + len(DAY_NAMES)]
        return min(after - before for before, after in pairwise(week)) * DAY
    return min(
        (after - before for before, after in pairwise(_runs(window.cron))), default=_YEAR
    ).total_seconds()


def _runs(cron: str) -> Iterable[datetime]:
    """The runs of a year, or the first of them."""
    from cronsim import CronSim

    within = takewhile(lambda at: at < _ANY_MOMENT + _YEAR, CronSim(cron, _ANY_MOMENT))
    return islice(within, _SOME_RUNS)
