"""What other tools really send is read: the forms of their documentation, and what is none of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.inbound import alertmanager, datadog, newrelic, pingdom, sentry, statuscake
from alerting.inbound.alert import Alert, NotRead, Read, severity_in
from alerting.inbound.generic import read as read_generic
from alerting.inbound.readers import READERS
from alerting.inbound.values import body_of, moment
from config.inbound import Mapped

SECOND = 1_000_000
AT = 1_796_040_000  # 2026-11-30T12:00:00Z


def one(found: Read) -> Alert:
    assert len(found.alerts) == 1, found
    return found.alerts[0]


def test_each_alert_of_an_alertmanager_group_is_known_by_its_fingerprint() -> None:
    labels = {"alertname": "Down", "instance": "web-1", "severity": "critical", "service": "shop"}
    firing = {
        "status": "firing", "labels": labels, "annotations": {"summary": "Shop is down", "description": "for 5m"},
        "startsAt": "2026-11-30T12:00:00.000000123Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prom.example.org/graph", "fingerprint": "1a30ba71cca2921f",
    }  # fmt: skip
    over = {**firing, "status": "resolved", "endsAt": "2026-11-30T14:00:00+01:00", "fingerprint": "other"}
    found = alertmanager.read({"version": "4", "status": "firing", "alerts": [firing, over, {"status": "?"}]})
    first, second = found.alerts
    assert (first.key, first.title, first.text, first.firing) == (
        "1a30ba71cca2921f",
        "Shop is down",
        "for 5m",
        True,
    )
    assert (first.severity, first.service, first.started, first.ended) == (
        "critical",
        "shop",
        AT * SECOND,
        None,
    )
    assert (second.key, second.firing, second.ended) == ("other", False, (AT + 3600) * SECOND)
    assert found.passed_over == 1


def test_an_alertmanager_without_fingerprints_is_known_by_labels_in_any_order() -> None:
    def key(labels: dict[str, str]) -> str:
        return one(alertmanager.read({"alerts": [{"status": "firing", "labels": labels}]})).key

    assert key({"a": "1", "b": "2"}) == key({"b": "2", "a": "1"}) != key({"a": "1", "b": "3"})


def sentry_issue(action: str) -> dict[str, Any]:
    issue = {
        "id": "1170820242", "title": "ReferenceError: x is not defined", "level": "error", "status": "unresolved",
        "shortId": "FRONT-END-9", "lastSeen": "2026-11-30T12:00:00Z", "project": {"slug": "front-end"},
    }  # fmt: skip
    return {"action": action, "data": {"issue": issue}, "actor": {"type": "application"}}


@pytest.mark.parametrize(
    ("action", "firing"), [("created", True), ("unresolved", True), ("resolved", False), ("archived", False)]
)
def test_an_issue_of_sentry_fires_and_is_over(action: str, firing: bool) -> None:
    alert = one(sentry.read(sentry_issue(action)))
    assert (alert.key, alert.firing, alert.service, alert.severity) == (
        "1170820242",
        firing,
        "front-end",
        "error",
    )


def test_the_alert_of_an_issue_has_the_key_of_the_issue() -> None:
    event = {"issue_id": "1170820242", "title": "ReferenceError", "level": "fatal", "web_url": "https://s.example.org/1",
             "datetime": "2026-11-30T12:00:00.677000Z", "tags": [["environment", "live"]]}  # fmt: skip
    alert = one(
        sentry.read({"action": "triggered", "data": {"event": event, "triggered_rule": "Very important"}})
    )
    assert alert.key == one(sentry.read(sentry_issue("resolved"))).key
    assert (alert.labels["rule"], alert.labels["environment"]) == ("Very important", "live")


def test_a_metric_alert_of_sentry_ends_what_it_began() -> None:
    def told(action: str) -> Alert:
        alert = {
            "id": "7",
            "alert_rule": {"id": "42", "name": "Too many"},
            "date_started": "2026-11-30T12:00:00Z",
        }
        data = {
            "metric_alert": alert,
            "description_title": f"{action}: Too many",
            "web_url": "https://s.example.org",
        }
        return one(sentry.read({"action": action, "data": data}))

    assert [told(a).firing for a in ("critical", "warning", "resolved")] == [True, True, False]
    assert {told(a).key for a in ("critical", "warning", "resolved")} == {"metric:42"}


@pytest.mark.parametrize("action", ["assigned", "commented"])
def test_what_is_no_turn_of_an_issue_is_passed_over(action: str) -> None:
    assert sentry.read(sentry_issue(action)) == Read((), 1)


@pytest.mark.parametrize(
    ("transition", "firing"),
    [("Triggered", True), ("Re-Triggered", True), ("No Data", True), ("Warn", True), ("Renotify", True),
     ("Recovered", False)],
)  # fmt: skip
def test_a_monitor_of_datadog_is_known_by_its_id_and_scope(transition: str, firing: bool) -> None:
    body = {
        "alert_id": "1234", "alert_scope": "host:web-1", "alert_transition": transition, "alert_priority": "P1",
        "title": f"[{transition} on {{host:web-1}}] Load is high", "body": "load", "date": str(AT * 1000),
        "tags": "service:shop,env:live", "link": "https://app.example.org/1", "aggreg_key": "$AGGREG_KEY",
    }  # fmt: skip
    alert = one(datadog.read(body))
    assert (alert.key, alert.firing, alert.title) == ("1234 host:web-1", firing, "Load is high")
    assert (alert.severity, alert.service) == ("P1", "shop")
    assert (alert.started if firing else alert.ended) == AT * SECOND


def test_datadogs_own_payload_is_known_by_its_title() -> None:
    def told(word: str) -> Alert:
        body = {
            "id": word,
            "event_type": "query_alert_monitor",
            "title": f"[{word}] Load is high",
            "date": "1",
            "body": "",
        }
        return one(datadog.read(body))

    assert told("Triggered").key == told("Recovered").key
    assert (told("Triggered").firing, told("Recovered").firing) == (True, False)


def test_an_issue_of_new_relic_is_read_as_its_workflow_sends_it() -> None:
    body = {
        "id": "e9a1", "issueUrl": "https://radar.example.org", "title": "CPU is high", "priority": "CRITICAL",
        "impactedEntities": ["web-1", "web-2"], "totalIncidents": 1, "state": "ACTIVATED", "trigger": "STATE_CHANGE",
        "createdAt": AT * 1000, "updatedAt": (AT + 60) * 1000, "alertPolicyNames": ["Golden"],
        "alertConditionNames": ["CPU"], "workflowName": "all",
    }  # fmt: skip
    alert, over = one(newrelic.read(body)), one(newrelic.read({**body, "state": "CLOSED"}))
    assert (alert.key, alert.firing, alert.severity, alert.started) == ("e9a1", True, "CRITICAL", AT * SECOND)
    assert alert.labels["entity"] == "web-1, web-2"
    assert (over.key, over.firing, over.ended) == ("e9a1", False, (AT + 60) * SECOND)


def test_a_check_of_pingdom_changes_its_state() -> None:
    body = {
        "check_id": 12345, "check_name": "Home", "check_type": "HTTP", "previous_state": "UP", "current_state": "DOWN",
        "importance_level": "HIGH", "state_changed_timestamp": AT, "long_description": "No answer",
        "check_params": {"full_url": "https://shop.example.org/", "hostname": "shop.example.org"}, "tags": ["live"],
    }  # fmt: skip
    down, up = one(pingdom.read(body)), one(pingdom.read({**body, "current_state": "UP"}))
    assert (down.key, down.firing, down.started, down.url) == (
        "12345",
        True,
        AT * SECOND,
        "https://shop.example.org/",
    )
    assert (up.key, up.firing, up.ended) == ("12345", False, AT * SECOND)
    assert one(pingdom.read({**body, "current_state": "FAILING"})).firing
    assert pingdom.read({**body, "current_state": "PAUSED"}) == Read((), 1)


def test_statuscake_sends_a_form() -> None:
    form = b"Token=abc&Name=My+shop&URL=https%3A%2F%2Fshop.example.org&Status=%s&StatusCode=0&IP=192.0.2.1&Tags=live"
    down, up = (
        one(statuscake.read(body_of(form.replace(b"%s", word), "application/x-www-form-urlencoded")))
        for word in (b"Down", b"Up")
    )
    assert (down.key, down.firing, up.firing) == (up.key, True, False)
    assert (down.title, down.text) == ("My shop: down", "no answer in time")


def test_any_json_is_read_by_a_mapping() -> None:
    mapped = Mapped.model_validate(
        {"each": "$.alerts[*]", "key": "$.id", "title": "$.name", "state": "$.is", "firing": ["bad"],
         "resolved": ["good"], "severity": "$.how", "labels": "$.tags", "started": "$.at"}
    )  # fmt: skip
    sent = {"alerts": [{"id": 7, "name": "A", "is": "BAD", "how": "page", "tags": {"x": 1}, "at": AT},
                       {"id": 8, "is": "good"}, {"id": 9, "is": "who knows"}]}  # fmt: skip
    found = read_generic(sent, mapped)
    first, second = found.alerts
    assert (first.key, first.title, first.firing, first.labels, first.started) == (
        "7",
        "A",
        True,
        {"x": "1"},
        AT * SECOND,
    )
    assert (second.key, second.title, second.firing, found.passed_over) == ("8", "8", False, 1)
    with pytest.raises(NotRead, match="nothing at key"):
        read_generic({"alerts": [{"name": "A"}]}, mapped)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"1e999",
        b"NaN",
        b"{" * 100,
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
@pytest.mark.parametrize("tool", READERS)
def test_what_no_tool_sends_is_refused_with_a_reason(tool: str, body: bytes) -> None:
    with pytest.raises(NotRead, match=r"has|is|says"):
        READERS[tool](body_of(body, "application/json"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["firing", "DOWN", "resolved", "triggered", "ACTIVATED", "Recovered"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["alerts", "status", "labels", "data", "issue", "event", "id", "action", "check_id", "title",
                         "current_state", "state", "alert_id", "Name", "Status", "tags", "project", "metric_alert"]),
        inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(READERS)), JSON)
def test_whatever_is_sent_is_read_or_refused(tool: str, sent: Any) -> None:
    try:
        found = READERS[tool](body_of(json.dumps(sent).encode(), "application/json"))
    except NotRead:
        return
    assert all(each.key and each.title for each in found.alerts)


def test_moments_are_read_in_every_usual_form() -> None:
    for said in (
        AT,
        str(AT),
        AT * 1000,
        f"{AT}.0",
        "2026-11-30T12:00:00Z",
        "2026-11-30T14:00:00.0+02:00",
        "2026-11-30T12:00:00",
    ):
        assert moment(said) == AT * SECOND, said
    nothings: list[object] = [
        None,
        "",
        "0001-01-01T00:00:00Z",
        "soon",
        0,
        -1,
        "nan",
        "inf",
        10**30,
        {},
        "9999999999999999",
    ]
    for nothing in nothings:
        assert moment(nothing) is None, nothing


def test_words_for_how_bad_it_is_are_the_operators_before_everybodys() -> None:
    assert severity_in("P1", {}) == "critical"
    assert severity_in(" Warning ", {}) == "medium"
    assert severity_in("page", {"page": "low"}) == "low"
    assert severity_in("purple", {}) is None
