"""Sentry: webhooks of an integration for issues, issue alerts and metric alerts.

Source: the documentation of Sentry, "Integration Platform, Webhooks". What fires as an alert of an issue ends when the
issue is resolved: both have the number of the issue as their key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import block, first, listed, moment, text

_OF_ISSUE = {
    "created": True, "unresolved": True, "regressed": True,
    "resolved": False, "archived": False, "ignored": False, "deleted": False,
}  # fmt: skip
_OF_METRIC = {"critical": True, "warning": True, "resolved": False}


def read(body: Any) -> Read:
    """Raises NotRead for what has no `data`."""
    data, action = block(body, "data"), text(block(body).get("action")).lower()
    if not data:
        raise NotRead("has no data")
    if block(data, "metric_alert"):
        return _read(_metric(data, action))
    if block(data, "issue"):
        return _read(_issue(block(data, "issue"), action))
    if block(data, "event"):
        return _read(_event(data, action))
    return Read((), 1)  # a comment, an error, an installation


def _read(alert: Alert | None) -> Read:
    return Read((alert,)) if alert is not None and alert.key else Read((), 1)


def _issue(issue: Mapping[str, Any], action: str) -> Alert | None:
    firing = _OF_ISSUE.get(action)
    if firing is None:
        return None
    project = block(issue, "project")
    service = first(project, "slug", "name")
    labels = {"project": service, "short id": first(issue, "shortId"), "culprit": first(issue, "culprit")}
    return Alert(
        key=text(issue.get("id")),
        title=first(issue, "title", "culprit", "shortId"),
        firing=firing,
        text=first(block(issue, "metadata"), "value"),
        severity=first(issue, "level"),
        service=service,
        url=first(issue, "web_url", "permalink"),
        labels={name: said for name, said in labels.items() if said},
        started=(moment(issue.get("lastSeen")) or moment(issue.get("firstSeen"))) if firing else None,
    )


def _event(data: Mapping[str, Any], action: str) -> Alert | None:
    event = block(data, "event")
    if action not in ("triggered", ""):
        return None
    tags = dict(_tags(event.get("tags")))
    labels = {**tags, "culprit": first(event, "culprit"), "rule": first(data, "triggered_rule")}
    return Alert(
        key=first(event, "issue_id", "groupID"),
        title=first(event, "title", "message") or first(data, "triggered_rule"),
        firing=True,
        text=first(block(event, "metadata"), "value") or first(event, "message"),
        severity=first(event, "level"),
        service=tags.get("service") or first(event, "project_slug", "project_name", "project"),
        url=first(event, "web_url"),
        labels={name: said for name, said in labels.items() if said},
        started=moment(event.get("datetime")) or moment(event.get("timestamp")),
    )


def _tags(found: Any) -> list[tuple[str, str]]:
    pairs = [each for each in listed(found) if isinstance(each, list) and len(each) == 2]
    return [(text(name), text(value)) for name, value in pairs if text(name) and text(value)]


def _metric(data: Mapping[str, Any], action: str) -> Alert | None:
    alert, firing = block(data, "metric_alert"), _OF_METRIC.get(action)
    if firing is None:
        return None
    number = first(block(alert, "alert_rule"), "id") or first(alert, "identifier", "id")
    projects = listed(alert.get("projects"))
    return Alert(
        key=f"metric:{number}" if number else "",
        title=first(alert, "title") or first(data, "description_title"),
        firing=firing,
        text=first(data, "description_text"),
        severity=action if firing else "",
        service=text(projects),
        url=first(data, "web_url"),
        labels={"rule": name} if (name := first(block(alert, "alert_rule"), "name")) else {},
        started=moment(alert.get("date_started")) if firing else None,
        ended=None if firing else moment(alert.get("date_closed")),
    )
