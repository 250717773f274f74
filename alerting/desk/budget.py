"""What tickets say of an error budget that is used up too fast: how fast, what is left, and when the month is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from alerting.desk.text import ordinal, when
from alerting.incidents.incident import Incident
from alerting.slo.burn import Judged, Standing
from alerting.slo.figures import exact_decimal
from alerting.slo.periods import EPOCH
from alerting.slo.uptime import Account, Outage
from config.burn import shown_factor
from config.models import Service
from config.units import show_duration, show_ratio

_SECOND = 1_000_000
_WORST = 5
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Month:
    """The account of the running calendar month, and its loss: when the budget was used up, or will be (or None)."""

    account: Account
    lost_since: int | None
    lost_at: int | None


@dataclass(frozen=True, slots=True)
class Burnt:
    """An outage of the window, and the incident that it belongs to."""

    outage: Outage
    incident: Incident | None


def title(service: Service) -> str:
    """One line: which promise is in danger."""
    return f"{service.title}: the error budget is used up too fast"


def reason(judged: Judged, month: Month) -> str:
    """How fast it goes, by the rule that fired, and where that leads."""
    return f"{_speed(judged)}. {forecast(month)}"


def forecast(month: Month) -> str:
    """`At this rate the month is lost on the 19th (Thursday 14:05 CET)`, or that it is not, or was already."""
    if month.lost_since is not None:
        return f"The month's budget has been used up since the {_day(month.lost_since, month)}"
    if month.lost_at is None:
        return "At this rate the month is not lost"
    return f"At this rate the month is lost on the {_day(month.lost_at, month)}"


def calm(rules: Iterable[Judged]) -> str:
    """Why no rule fires, where that is not for good news alone: empty, or over which windows there is no data."""
    mute = [show_duration(each.rule.short) for each in rules if each.standing is Standing.NO_DATA]
    return f"no data over {', '.join(mute)}" if mute else ""


def description(service: Service, fired: Sequence[Judged], month: Month, burnt: Iterable[Burnt]) -> str:
    """What a person needs to begin: the rules that fired, the month's budget, the worst outages.

    `burnt` are the outages in the long window of the first rule.
    """
    lines = [
        f"{service.title} ({service.name}) uses up its error budget too fast; "
        f"its target is {show_ratio(service.target)}.",
        *(f"{judged.rule.level.capitalize()}: {_speed(judged)}." for judged in fired),
        f"{_left(month)}.",
        f"{forecast(month)}.",
    ]
    worst = sorted(burnt, key=lambda each: each.outage.start - each.outage.end)
    if worst:
        lines += ["", f"Worst outages in the last {show_duration(fired[0].rule.long)}:"]
        lines += [f"  {_burnt(each)}" for each in worst[:_WORST]]
    if len(worst) > _WORST:
        lines.append(f"  and {len(worst) - _WORST} more")
    if runbook := service.labels.get("runbook"):
        lines += ["", f"Runbook: {runbook}"]
    return "\n".join(lines)


def _speed(judged: Judged) -> str:
    rule = judged.rule
    long, short = (show_duration(seconds) for seconds in (rule.long, rule.short))
    seen = f"burn rate {_shown(judged.long)} over {long} and {_shown(judged.short)} over {short}"
    return f"{seen}, at {shown_factor(rule.factor)} this is a {rule.level}"


def _shown(burn: Fraction | None) -> str:
    """Cut after two places."""
    return "unknown" if burn is None else exact_decimal(Fraction(int(100 * burn), 100))


def _left(month: Month) -> str:
    account, start = month.account, _local(month.account.period.start, month)
    name = month_name(start)
    left, whole = account.budget_left, _seconds(account.budget)
    if left < 0:
        return f"Budget of {name}: {whole}, overspent by {_seconds(-left)}"
    return f"Budget of {name}: {whole}, {_seconds(left)} left"


def month_name(moment: datetime) -> str:
    """`November 2026`."""
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


def _seconds(microseconds: Fraction) -> str:
    return show_duration(float(microseconds / _SECOND))


def _day(at: int, month: Month) -> str:
    local = _local(at, month)
    return f"{ordinal(local.day)} ({_DAYS[local.weekday()]} {local:%H:%M %Z})"


def _local(at: int, month: Month) -> datetime:
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(month.account.period.zone))


def _burnt(each: Burnt) -> str:
    outage, incident = each.outage, each.incident
    lasted = show_duration((outage.end - outage.start) / _SECOND)
    whose = f"incident {incident.id}, T-{incident.ticket}: {incident.reason}" if incident else "no incident"
    return f"{when(outage.start)} to {when(outage.end)} ({lasted})  {whose}"
