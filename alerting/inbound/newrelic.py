"""New Relic: the webhook of a workflow as it is without being changed; and that of older notification channels.

Source: the documentation of New Relic, "Workflows" and "Customize your webhook payload".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import first, listed, moment, text

_STATES = {
    "created": True, "activated": True, "open": True, "acknowledged": True, "active": True,
    "closed": False, "close": False, "deactivated": False,
}  # fmt: skip


def read(body: Any) -> Read:
    """One issue. Raises NotRead when it has no id."""
    if not isinstance(body, dict):
        raise NotRead("is no JSON object")
    key = first(body, "issueId", "issue_id", "id", "incident_id", "condition_id")
    if not key:
        raise NotRead("has no id of an issue")
    firing = _STATES.get(first(body, "state", "current_state").lower())
    if firing is None:
        return Read((), 1)
    return Read((Alert(
        key=key,
        title=first(body, "title", "condition_name", "alertConditionNames", "policy_name") or f"issue {key}",
        firing=firing,
        text=first(body, "details", "description", "alertConditionDescription"),
        severity=first(body, "priority", "severity"),
        service=first(body, "service"),
        url=first(body, "issueUrl", "issuePageUrl", "incident_url"),
        labels=dict(_labels(body)),
        started=moment(body.get("createdAt")) or (moment(body.get("timestamp")) if firing else None),
        ended=None if firing else moment(first(body, "closedAt", "updatedAt", "timestamp")),
    ),))  # fmt: skip


def _labels(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = {
        "policy": ("alertPolicyNames", "policy_name"),
        "condition": ("alertConditionNames", "condition_name"),
        "entity": ("impactedEntities",),
        "workflow": ("workflowName",),
        "account": ("account_name", "accountName"),
    }
    found = []
    for label, names in named.items():
        value = next((body[name] for name in names if body.get(name)), None)
        said = ", ".join(filter(None, map(text, listed(value)))) or text(value)
        found += [(label, said)] if said else []
    return found
