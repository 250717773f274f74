"""Figures: exact uptime written as text, truncated and never rounded in anyone's favour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

from alerting.slo.periods import EPOCH
from alerting.slo.uptime import Account, Outage

PLACES = 6
Causes = Mapping[int, tuple[str | int | None, str | None]]


def exact_seconds(us: int | Fraction) -> str:
    """Microseconds as decimal seconds: `600`, `0.5`; what lies below the microsecond is cut off."""
    return _bare(_fixed(Fraction(us, 1_000_000), PLACES))


def exact_decimal(value: Fraction) -> str:
    """The shortest decimal text that is exactly the value: `99.95`, `-0.00000001`.

    A value that no decimal can hold, such as 1/3, is cut off after 6 places.
    """
    twos, rest = _strip(value.denominator, 2)
    fives, rest = _strip(rest, 5)
    return _bare(_fixed(value, max(twos, fives) if rest == 1 else PLACES))


def percent(fraction: Fraction | None, places: int) -> str | None:
    """The fraction in percent with exactly so many places, truncated: 0.9999996 to two places is `99.99`."""
    return None if fraction is None else _fixed(100 * fraction, places)


def rfc3339(us: int) -> str:
    """The moment in UTC with `Z`; a fraction of a second only where there is one."""
    moment = EPOCH + timedelta(microseconds=us)
    # isoformat leaves out microseconds that are zero; years keep four digits.
    return moment.replace(tzinfo=None).isoformat() + "Z"


def as_json(account: Account, service: str, causes: Causes | None = None) -> dict[str, object]:
    """One entry of `tocsin uptime --json`; exact figures are strings, what is not known is None.

    `causes` gives, for the start of an outage as it stands in the account, the incident's id and its cause.
    """
    period, uptime = account.period, account.uptime
    return {
        "service": service,
        "period": {"from": rfc3339(period.start), "to": rfc3339(period.end), "zone": period.zone},
        **_times(account),
        "counted": exact_seconds(account.counted),
        "uptime": None if uptime is None else f"{uptime.numerator}/{uptime.denominator}",
        "uptime_percent": percent(uptime, PLACES),
        "target_percent": exact_decimal(100 * account.target),
        "met": account.met,
        "budget_seconds": exact_decimal(account.budget / 1_000_000),
        "budget_left_seconds": exact_decimal(account.budget_left / 1_000_000),
        "coverage_percent": percent(account.coverage, PLACES),
        "outages": [_outage(outage, causes or {}) for outage in account.outages],
    }


def _times(account: Account) -> dict[str, object]:
    """The time that has passed, by class; of an agreement that leaves time out also how much, and by what."""
    seconds = {str(klass): exact_seconds(us) for klass, us in account.by_class.items()}
    if not account.excluded:
        return {"seconds": seconds}
    seconds["excluded"] = exact_seconds(sum(each.length for each in account.excluded))
    by_cause = [{"by": each.by, "seconds": exact_seconds(each.length)} for each in account.excluded]
    return {"seconds": seconds, "excluded": by_cause}


def _outage(outage: Outage, causes: Causes) -> dict[str, object]:
    incident, cause = causes.get(outage.start, (None, None))
    return {"from": rfc3339(outage.start), "to": rfc3339(outage.end), "incident": incident, "cause": cause}


def _fixed(value: Fraction, places: int) -> str:
    """The value with exactly so many places, truncated toward zero; zero has no sign."""
    shifted = abs(value.numerator) * 10**places // value.denominator
    sign = "-" if value < 0 and shifted else ""
    digits = str(shifted).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def _bare(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _strip(number: int, factor: int) -> tuple[int, int]:
    """How often the factor divides the number, and what is left of it."""
    times = 0
    while number % factor == 0:
        number, times = number // factor, times + 1
    return times, number
