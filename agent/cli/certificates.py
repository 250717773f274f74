"""A peer's certificates for people and for programs: whose, by whom, how long, and what is wrong with the dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.cli.output import rfc3339

if TYPE_CHECKING:
    from checks.base import Certificate

_SECOND = 1_000_000
_DAY = 86400.0
_YEAR = 365.25 * _DAY
_NAMED = 10


def chain_document(chain: Sequence[Certificate], now: float) -> list[dict[str, Any]]:
    """The chain as JSON has it, leaf first; `now` in seconds since 1970."""
    return [
        {
            "subject": each.subject,
            "issuer": each.issuer,
            "names": list(each.names),
            "from": rfc3339(round(each.begins * _SECOND)),
            "until": rfc3339(round(each.ends * _SECOND)),
            "days": round((each.ends - now) / _DAY, 3),
            "key": each.key,
            "serial": each.serial,
            "sha256": each.sha256,
            "problem": problem(each, now),
        }
        for each in chain
    ]


def problem(certificate: Certificate, now: float) -> str | None:
    """What its dates say against it."""
    if certificate.ends < now:
        return f"expired {_apart(now - certificate.ends)} ago"
    if certificate.begins > now:
        return f"not valid yet, only in {_apart(certificate.begins - now)}"
    return None


def told(chain: Sequence[Certificate], now: float) -> Iterator[list[tuple[str, str]]]:
    """The rows of each certificate, name and text; the first one is its subject."""
    for place, each in enumerate(chain):
        rows = [("", each.subject or "(no subject)"), ("issuer", _issuer(chain, place))]
        if each.names:
            rows.append(("names", _names(each.names)))
        rows.append(("valid", _valid(each, now)))
        rows += [(name, text) for name, text in (("key", each.key), ("sha256", each.sha256)) if text]
        yield rows


def _issuer(chain: Sequence[Certificate], place: int) -> str:
    each = chain[place]
    if each.issuer == each.subject:
        return "itself (self-signed)"
    if place + 1 < len(chain) and chain[place + 1].subject == each.issuer:
        return each.issuer
    return f"{each.issuer or '(no name)'} ({'not the next one' if place + 1 < len(chain) else 'not sent'})"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _valid(certificate: Certificate, now: float) -> str:
    said = problem(certificate, now) or f"{_apart(certificate.ends - now)} left"
    return f"{_minute(certificate.begins)} to {_minute(certificate.ends)} UTC, {said}"


def _minute(moment: float) -> str:
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at.year:04d}-{at:%m-%d %H:%M}"


def _apart(seconds: float) -> str:
    """Days; years where there are many of them, hours where there are few."""
    if seconds >= 3 * _YEAR:
        return f"{int(seconds // _YEAR)} years"
    if seconds >= 2 * _DAY:
        return f"{int(seconds // _DAY)} days"
    hours = int(seconds // 3600)
    return f"{hours} hours" if hours > 1 else f"{int(seconds // 60)} minutes"
