"""Alerts of Alertmanager's API v2: what one says, and what is read from one. Pure.

An alert is known by its labels, all of them: what may change is in its annotations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from alerting.connectors.document import bytes_of, cut, described, fitted, one_line
from alerting.connectors.markup import plain, tame
from alerting.messages import Desired, Observed, RemoteState
from alerting.slo.figures import rfc3339

KEY = "tocsin_key"
OURS = frozenset({"alertname", "service", "check", KEY})
MOST_TITLE, MOST_DESCRIPTION = 500, 10_000
BEATS = 4  # missed ones after which an alert ends by itself
_LONGEST_VALUE = 500
_UNFIT = re.compile(r"[^A-Za-z0-9_]")
_SECOND = 1_000_000
Labels = Mapping[str, str]


def labels_of(desired: Desired, also: Labels) -> dict[str, str]:
    """What the alert is known by for good: key, service, check, the configured labels, then those of the ticket.

    Names that Alertmanager does not take are written with _; of two that are one then, the first counts.
    """
    name = ".".join(part for part in (desired.service, desired.check) if part) or "tocsin"
    found = {"alertname": name, "service": desired.service, "check": desired.check, KEY: desired.key, **also}
    for label, value in sorted(desired.labels.items()):
        fit = _UNFIT.sub("_", label)
        found.setdefault(f"_{fit}" if fit[:1].isdigit() else fit, value)
    return {label: cut(value, _LONGEST_VALUE) for label, value in found.items() if label and value}


def alert(desired: Desired, labels: Labels, now: int, interval: float) -> dict[str, Any]:
    """The alert as it is posted: open for some heartbeats more, or over at this moment."""
    lasts = int(BEATS * interval * _SECOND) if desired.state == "open" else 0
    return {
        "labels": dict(labels),
        "annotations": _annotations(desired),
        # What ends before it begins is refused, and clocks are set back.
        "startsAt": rfc3339(min(desired.opened_at, now)),
        "endsAt": rfc3339(now + lasts),
    }


def ran_out(desired: Desired, now: int, interval: float) -> bool:
    """Whether an alert that is over has ended by itself, also where nobody could say so."""
    return desired.resolved_at is not None and now >= desired.resolved_at + int(BEATS * interval * _SECOND)


def observed(labels: Labels, base: str, key: str | None, priority: str | None) -> Observed:
    """An open alert; `key` is what was read from it, `base` the address of a member."""
    name = labels[KEY]
    return Observed(
        name, RemoteState.OPEN, _page(base, name), key=key, priority=priority, memo={"labels": dict(labels)}
    )


def seen(found: Any, key: str, base: str) -> Observed | None:
    """The alert as a member shows it; None where it is not one of this key."""
    labels = found.get("labels") if isinstance(found, dict) else None
    if not isinstance(labels, dict) or labels.get(KEY) != key:
        return None
    notes = found.get("annotations")
    priority = notes.get("priority") if isinstance(notes, dict) else None
    return observed({str(name): str(value) for name, value in labels.items()}, base, key, priority)


def matcher(key: str) -> str:
    """The filter that leaves alerts of this key alone."""
    return f"{KEY}={json.dumps(key)}"


def _page(base: str, key: str) -> str:
    return f"{base}/#/alerts?filter={quote('{' + matcher(key) + '}', safe='')}"


def _annotations(desired: Desired) -> dict[str, str]:
    notes = {
        "summary": tame(one_line(desired.title, MOST_TITLE)),
        "description": fitted(
            described(desired), lambda parts: tame(plain(parts)), bytes_of, MOST_DESCRIPTION
        ),
        "severity": desired.severity,
        "priority": desired.priority,
        "ticket": desired.ticket,
    }
    return {name: value for name, value in notes.items() if value}
