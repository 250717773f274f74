"""What PagerDuty's Events API v2 is told of a ticket. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alerting.connectors.document import cut, one_line
from alerting.messages import Desired, Todo
from alerting.slo.figures import rfc3339
from config.models import Severity

MOST_SUMMARY = 1024
MOST_DETAILS = 20_000
_LONGEST_VALUE, _MOST_LABELS, _MOST_LINKS = 500, 50, 10
_SEVERITIES: Mapping[Severity, str] = {
    "critical": "critical",
    "high": "error",
    "medium": "warning",
    "low": "info",
}
Event = Mapping[str, Any]


def events(desired: Desired, work: Todo, agent: str) -> Iterator[Event]:
    """What is to be sent, in order, without the routing key.

    What is over already begins as `info`: it is told, and nobody should be woken by it.
    """
    if work.create:
        yield _trigger(desired, agent, "info" if work.state == "resolved" else _SEVERITIES[desired.severity])
    if work.state == "resolved":
        yield {"event_action": "resolve", "dedup_key": desired.key}


def _trigger(desired: Desired, agent: str, severity: str) -> Event:
    payload = {
        "summary": one_line(desired.title, MOST_SUMMARY) or desired.ticket,
        "source": desired.service or agent,
        "severity": severity,
        "timestamp": rfc3339(desired.opened_at),
        "component": desired.check,
        "custom_details": _details(desired),
    }
    event = {
        "event_action": "trigger",
        "dedup_key": desired.key,
        "payload": {name: value for name, value in payload.items() if value},
        "client": f"Tocsin {agent}",
    }
    links = list(_links(desired))
    return {**event, "links": links} if links else event


def _details(desired: Desired) -> dict[str, Any]:
    details = {
        "description": cut(desired.description, MOST_DETAILS),
        "ticket": desired.ticket,
        "key": desired.key,
        "check": desired.check,
        "severity": desired.severity,
        "priority": desired.priority,
        "labels": {
            cut(name, _LONGEST_VALUE): cut(value, _LONGEST_VALUE)
            for name, value in sorted(desired.labels.items())[:_MOST_LABELS]
        },
        "goes on from": desired.follows,
        "caused by": desired.duplicate_of,
    }
    return {name: value for name, value in details.items() if value}


def _links(desired: Desired) -> Iterator[dict[str, str]]:
    """Labels that are addresses, such as a runbook's."""
    found = ((n, v) for n, v in sorted(desired.labels.items()) if v.startswith(("https://", "http://")))
    for name, value in list(found)[:_MOST_LINKS]:
        if len(value) <= _LONGEST_VALUE:
            yield {"href": value, "text": name}
