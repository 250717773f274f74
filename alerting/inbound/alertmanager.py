"""Alertmanager: its webhook of version 4, a group of alerts in one body; Grafana sends the same form.

Source: the documentation of Prometheus, `webhook_config`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import block, first, listed, moment, text, texts

_TITLE = ("summary", "title")
_TEXT = ("description", "message")


def read(body: Any) -> Read:
    """Each alert of the group by its fingerprint. Raises NotRead."""
    if not isinstance(body, dict) or not isinstance(body.get("alerts"), list):
        raise NotRead("has no list of alerts")
    alerts = [_alert(each) for each in listed(body["alerts"]) if isinstance(each, dict)]
    known = [each for each in alerts if each is not None]
    return Read(tuple(known), len(body["alerts"]) - len(known))


def _alert(told: Mapping[str, Any]) -> Alert | None:
    labels, notes = texts(block(told, "labels")), block(told, "annotations")
    status = text(told.get("status")).lower()
    key = text(told.get("fingerprint")) or _fingerprint(labels)
    if status not in ("firing", "resolved") or not (labels or told.get("fingerprint")):
        return None
    name = labels.get("alertname", "")
    title = first(notes, *_TITLE) or " ".join(filter(None, (name, labels.get("instance", "")))) or key
    firing = status == "firing"
    return Alert(
        key=key,
        title=title,
        firing=firing,
        text=first(notes, *_TEXT),
        severity=labels.get("severity", ""),
        service=labels.get("service", ""),
        url=text(told.get("generatorURL")),
        labels=labels,
        started=moment(told.get("startsAt")),
        ended=None if firing else moment(told.get("endsAt")),
    )


def _fingerprint(labels: Mapping[str, str]) -> str:
    """Of an Alertmanager that sends none yet."""
    said = "\0".join(f"{name}\0{value}" for name, value in sorted(labels.items()))
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]
