"""What a webhook is told of a ticket, as CloudEvents 1.0 and signed as Standard Webhooks have it. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alerting.connectors.document import cut, one_line
from alerting.messages import Comment, Desired, Todo
from alerting.slo.figures import rfc3339

MOST_BYTES = 60_000  # of an event: receivers are to take 64 KiB
Mode = Literal["structured", "binary"]
_TYPE = "tocsin.ticket.{}.v1"
_SECRET_IN_BASE64 = "whsec_"


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `id` is its own for ever: a receiver that has seen it has seen the change.

    `at`: microseconds UTC; None where it is not kept, as what is sent again is to be the same.
    """

    id: str
    what: Literal["opened", "commented", "prioritised", "resolved", "reopened"]
    at: int | None = None
    comment: Comment | None = None


def events(desired: Desired, work: Todo, sent: int) -> Iterator[Event]:
    """What is to be told, in order; `sent` counts the changes (comments aside) that were told before."""
    if work.create:
        yield Event(desired.key, "opened", desired.opened_at)
    for comment in work.comments:
        yield Event(f"{desired.key}.{comment.id}", "commented", comment.at, comment)
    if work.priority is not None:
        yield Event(f"{desired.key}.{sent}.{work.priority}", "prioritised")
    if work.state == "resolved":
        yield Event(f"{desired.key}.{sent}.resolved", "resolved", desired.resolved_at)
    elif work.state == "open":
        yield Event(f"{desired.key}.{sent}.reopened", "reopened")


def request(event: Event, desired: Desired, source: str, mode: Mode) -> tuple[dict[str, str], bytes]:
    """Headers and body that tell of the event."""
    head = {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": _TYPE.format(event.what),
        "subject": desired.key,
    }
    if event.at is not None:
        head["time"] = rfc3339(event.at)
    data = _data(event, desired)
    if mode == "binary":
        named = {f"ce-{name}": value for name, value in head.items()}
        return {**named, "Content-Type": "application/json"}, _bytes(data)
    body = {**head, "datacontenttype": "application/json", "data": data}
    return {"Content-Type": "application/cloudevents+json; charset=utf-8"}, _bytes(body)


def signed(secret: str, event: Event, body: bytes, now: int) -> dict[str, str]:
    """The headers of a signature over id, moment (seconds since 1970) and body. Raises ValueError: a bad whsec_."""
    said = b".".join((event.id.encode(), str(now).encode(), body))
    made = base64.b64encode(hmac.new(_key(secret), said, hashlib.sha256).digest()).decode()
    return {"webhook-id": event.id, "webhook-timestamp": str(now), "webhook-signature": f"v1,{made}"}


def _key(secret: str) -> bytes:
    if not secret.startswith(_SECRET_IN_BASE64):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_IN_BASE64), validate=True)
    except binascii.Error:
        raise ValueError("secret: what follows whsec_ is no base64") from None


def _data(event: Event, desired: Desired) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "key": desired.key,
        "ticket": desired.ticket,
        "title": one_line(desired.title, 500),
        "service": desired.service,
        "check": desired.check,
        "severity": desired.severity,
        "priority": desired.priority,
        "state": "open" if event.what != "resolved" else "resolved",
        "opened_at": rfc3339(desired.opened_at),
        "labels": _few(desired.labels),
        "follows": desired.follows,
        "duplicate_of": desired.duplicate_of,
    }
    if event.what == "opened":
        facts["description"] = _kept(desired.description)
    if event.what == "resolved" and event.at is not None:
        facts["resolved_at"] = rfc3339(event.at)
    if event.comment is not None:
        facts["comment"] = {"id": event.comment.id, "text": _kept(event.comment.text)}
    return facts


def _few(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: cut(labels[name], 100) for name in sorted(labels)[:20]}


def _kept(text: str) -> str:
    """As much of it as leaves the event small enough: JSON may make six bytes of one."""
    most = MOST_BYTES
    while len(_bytes(shorter := cut(text, most))) > MOST_BYTES - 20_000:
        most = most * 2 // 3
    return shorter


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
