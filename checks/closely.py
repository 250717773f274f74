"""What a person sees who looks closely: addresses, certificates and headers, bounded and without secrets."""

from __future__ import annotations

import math
from dataclasses import replace

from checks.base import Certificate, Observation, Reading, Traces
from checks.masking import is_private, masked
from checks.text import visible
from config.secrets import HIDDEN

_MOST_ADDRESSES, _MOST_CERTIFICATES, _MOST_NAMES, _MOST_HEADERS = 64, 10, 100, 100
_MASKED_FIRST = 4096
_MESSAGE, _TEXT, _NAME = 500, 300, 100
# What a date can show: from the year 1 to the end of 9999.
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0


def closer(reading: Reading, seen: Observation) -> Reading:
    """The reading with its traces; its message, too, is searched for secrets, which a good one's is not else."""
    return replace(reading, message=visible(masked(reading.message), _MESSAGE), traces=_traces(seen))


def _traces(seen: Observation) -> Traces:
    found = seen.traces or Traces()
    return Traces(
        addresses=tuple(_clean(each, _NAME) for each in found.addresses[:_MOST_ADDRESSES]),
        chain=tuple(map(_certificate, found.chain[:_MOST_CERTIFICATES])),
        answered=_clean(found.answered or _text(seen.values.get("ip")), _NAME),
        headers=tuple(_header(*each) for each in (seen.headers or found.headers)[:_MOST_HEADERS]),
    )


def _certificate(found: Certificate) -> Certificate:
    return Certificate(
        subject=_clean(found.subject),
        issuer=_clean(found.issuer),
        names=tuple(map(_clean, found.names[:_MOST_NAMES])),
        begins=_moment(found.begins),
        ends=_moment(found.ends),
        serial=visible(found.serial, _NAME),
        sha256=visible(found.sha256, _NAME),
        key=visible(found.key, _NAME),
    )


def _moment(seconds: float) -> float:
    return min(max(seconds, _FIRST), _LAST) if math.isfinite(seconds) else _LAST


def _header(name: str, value: str) -> tuple[str, str]:
    return _clean(name, _NAME), HIDDEN if is_private(name) and value else _clean(value, _TEXT)


def _clean(text: str, limit: int = _TEXT) -> str:
    return visible(masked(text[:_MASKED_FIRST]), limit)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
