"""Pingdom: the webhook of a change of state, of uptime checks and of transactions.

Source: pingdom.com/resources/webhooks, "State change webhooks".
"""

from __future__ import annotations

from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import block, first, listed, moment, text

_STATES = {"down": True, "failing": True, "up": False, "success": False}


def read(body: Any) -> Read:
    """One check. Raises NotRead when it has no id."""
    told = block(body)
    key = first(told, "check_id")
    if not key:
        raise NotRead("has no check_id")
    firing = _STATES.get(first(told, "current_state").lower())
    if firing is None:
        return Read((), 1)
    params = block(told, "check_params")
    at = moment(told.get("state_changed_timestamp")) or moment(told.get("state_changed_utc_time"))
    tags = ", ".join(
        filter(None, (text(each) or first(block(each), "name") for each in listed(told.get("tags"))))
    )
    labels = {"type": first(told, "check_type"), "host": first(params, "hostname"), "tags": tags}
    name = first(told, "check_name", "custom_message") or f"check {key}"
    return Read((Alert(
        key=key,
        title=f"{name}: {first(told, 'current_state')}",
        firing=firing,
        text=first(told, "long_description", "description"),
        severity=first(told, "importance_level"),
        url=first(params, "full_url"),
        labels={label: said for label, said in labels.items() if said},
        started=at if firing else None,
        ended=None if firing else at,
    ),))  # fmt: skip
