"""Values for people: moments with the UTC in their title, durations, shares, addresses that may be followed."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from markupsafe import Markup

from agent.views.tickets import left_until
from alerting.slo.figures import rfc3339
from config.units import show_duration

_SECOND = 1_000_000
_FOLLOWED = frozenset({"http", "https"})


def local(at: int, zone: str) -> str:
    """`2026-11-21 03:04:05` in the zone, for words; microseconds."""
    return f"{datetime.fromtimestamp(at / _SECOND, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def moment(at: int | str | None, zone: str) -> Markup:
    """`2026-11-21 03:04` in the zone, within a `<time>` that says it in UTC; microseconds, or RFC 3339."""
    if at is None:
        return Markup("")
    when = datetime.fromtimestamp(at / _SECOND, UTC) if isinstance(at, int) else datetime.fromisoformat(at)
    utc = when.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{utc:%Y-%m-%d %H:%M:%S}",
        f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}",
    )


def lasting(seconds: float) -> str:
    """So much time in few signs: 3d4h, 12m, 20s."""
    unit = 3600 if seconds >= 86_400 else 60 if seconds >= 60 else 1
    return show_duration(seconds // unit * unit if seconds >= 1 else seconds)


def followed(address: str | None) -> str:
    """The address where it is one of the web; else nothing: no other is made a link."""
    if not address:
        return ""
    try:
        return address if urlsplit(address).scheme.lower() in _FOLLOWED else ""
    except ValueError:
        return ""


def ago(at: int, now: int) -> str:
    """How long it has been: 3d4h, 12m."""
    return lasting(max(0.0, (now - at) / _SECOND))


def budget(exact: str) -> str:
    """What is left of it, of exact seconds; less than nothing is said in words."""
    seconds = float(Fraction(exact))
    return lasting(seconds) if seconds >= 0 else f"{lasting(-seconds)} over"


def places(figure: str | None) -> str:
    """A percentage of many places, cut to three; a dash where there is none."""
    whole, point, rest = (figure or "").partition(".")
    return f"{whole}{point}{rest[:3]} %" if whole else "–"


FILTERS = {
    "ago": ago,
    "budget": budget,
    "followed": followed,
    "lasting": lasting,
    "left_until": left_until,
    "moment": moment,
    "places": places,
    "utc": rfc3339,
}
