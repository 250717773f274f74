"""Datadog: the webhook integration with the payload of docs/inbound.md; whatever its keys are called, within reason.

Source: the documentation of Datadog, "Webhooks", with the variables that a payload can be made of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import block, first, moment, text

_PREFIX = re.compile(r"\[([^\]\[]{0,200})\]\s*")
_TURNS = {
    "triggered": True, "re-triggered": True, "no data": True, "re-no data": True, "warn": True, "re-warn": True,
    "renotify": True, "recovered": False, "warn recovered": False, "no data recovered": False,
}  # fmt: skip
_BY_TYPE = {"success": False, "error": True, "warning": True}
# Names of keys that people give the variables, without what is no letter: `alert_id`, `alertId`, `ALERT-ID`.
_ID, _SCOPE, _TOGETHER = ("alertid", "monitorid"), ("alertscope", "scope"), ("aggregkey", "alertcyclekey")
_TURN = ("alerttransition", "transition", "alertstate", "state")


def read(body: Any) -> Read:
    """One alert. Raises NotRead when nothing says which monitor it is."""
    if not isinstance(body, dict):
        raise NotRead("is no JSON object")
    told = {
        _plain(name): said
        for name, value in body.items()
        if (said := text(value)) and not said.startswith("$")
    }
    title = first(told, "alerttitle", "eventtitle", "title")
    key = _key(told, title)
    if not key:
        raise NotRead("says of no monitor: put alert_id and alert_transition into the payload")
    firing = _firing(told, title)
    if firing is None:
        return Read((), 1)
    at = moment(first(told, "date", "lastupdated"))
    tags = _tags(first(told, "tags"))
    return Read((Alert(
        key=key,
        title=_PREFIX.sub("", title, count=1) or f"monitor {key}",
        firing=firing,
        text=first(told, "alertstatus", "textonlymsg", "eventmsg", "body", "message"),
        severity=first(told, "severity", "alertpriority", "priority", "alerttype"),
        service=first(told, "service") or tags.get("service", ""),
        url=first(told, "link", "url") or first(block(body), "alert_url"),
        labels={**tags, **{name: told[name] for name in ("hostname", "alertmetric") if name in told}},
        started=at if firing else None,
        ended=None if firing else at,
    ),))  # fmt: skip


def _plain(name: Any) -> str:
    return "".join(mark for mark in str(name).lower() if mark.isalpha())


def _key(told: Mapping[str, str], title: str) -> str:
    """The monitor and the group of it; `$ID` is another with each event, and is none."""
    monitor = first(told, *_ID)
    if monitor:
        scope = first(told, *_SCOPE)
        return f"{monitor} {scope}" if scope else monitor
    together = first(told, *_TOGETHER)
    name = _PREFIX.sub("", title, count=1)
    return together or (hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16] if name else "")


def _firing(told: Mapping[str, str], title: str) -> bool | None:
    prefix = _PREFIX.match(title)
    said = first(told, *_TURN).lower() or (prefix[1].lower().partition(" on ")[0] if prefix else "")
    return _TURNS[said] if said in _TURNS else _BY_TYPE.get(first(told, "alerttype").lower())


def _tags(said: str) -> dict[str, str]:
    pairs = (each.strip().partition(":") for each in said.split(","))
    return {name: value for name, _, value in pairs if name and value}
