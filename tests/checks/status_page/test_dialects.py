"""Each dialect: what is open, what is over, what is only planned, and which word stands for what."""

from __future__ import annotations

from typing import Any

import pytest

from checks.status_page.moments import moment
from checks.status_page.unreadable import Unreadable
from tests.checks.status_page.saying import said, shape

TEN = "2026-11-22T10:00:00Z"
AT_TEN = moment(TEN)


def _statuspage(indicator: str = "none", **known: Any) -> dict[str, Any]:
    return {"page": {"id": "x"}, "status": {"indicator": indicator}, "components": [], **known}


@pytest.mark.parametrize(
    ("indicator", "wanted"),
    [
        ("none", "operational"),
        ("minor", "degraded"),
        ("major", "major"),
        ("critical", "major"),
        ("maintenance", "maintenance"),
    ],
)
def test_statuspage_has_five_indicators(indicator: str, wanted: str) -> None:
    assert said(_statuspage(indicator)).indicator == wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("operational", "operational"),
        ("degraded_performance", "degraded"),
        ("partial_outage", "partial"),
        ("major_outage", "major"),
        ("under_maintenance", "maintenance"),
    ],
)
def test_statuspage_component_outweighs_a_page_that_says_none(status: str, wanted: str) -> None:
    assert said(_statuspage(components=[{"name": "API", "status": status}])).indicator == wanted


def test_statuspage_incident_is_evidence_and_its_impact_no_state() -> None:
    incident = {"name": "Errors", "status": "monitoring", "impact": "critical", "started_at": TEN}
    over = {"name": "Old", "status": "resolved", "impact": "critical"}
    assert shape(said(_statuspage(incidents=[over, incident]))) == ("operational", "Errors", AT_TEN)


def test_statuspage_incidents_alone_tell_by_their_impact() -> None:
    document = {
        "page": {"id": "x"},
        "incidents": [{"name": "Errors", "status": "identified", "impact": "major", "created_at": TEN}],
    }
    assert shape(said(document)) == ("major", "Errors", AT_TEN)
    assert said({"page": {"id": "x"}, "incidents": []}).indicator == "operational"


@pytest.mark.parametrize(
    ("status", "wanted"),
    [("scheduled", "operational"), ("in_progress", "maintenance"), ("completed", "operational")],
)
def test_statuspage_maintenance_counts_while_it_is_under_way(status: str, wanted: str) -> None:
    document = _statuspage(
        scheduled_maintenances=[{"name": "Upgrade", "status": status, "impact": "maintenance"}]
    )
    found = said(document)
    assert (found.indicator, found.maintenance is not None) == (wanted, wanted == "maintenance")


def test_statuspage_word_that_is_not_known_is_no_green_light() -> None:
    with pytest.raises(Unreadable, match='says "wobbly"'):
        said(_statuspage("wobbly"))
    assert (
        said(_statuspage("wobbly", components=[{"name": "API", "status": "major_outage"}])).indicator
        == "major"
    )
    noted = said(_statuspage("none", components=[{"name": "API", "status": "wobbly"}]))
    assert (noted.indicator, noted.notes) == (
        "operational",
        ('the page says "wobbly" of "API", a word not known here',),
    )
    with pytest.raises(Unreadable, match='says "wobbly" of "API"'):
        said({"components": [{"name": "API", "status": "wobbly"}, {"name": "Web", "status": "operational"}]})


def test_instatus_tells_by_its_page_and_by_what_is_open() -> None:
    assert said({"page": {"name": "x", "status": "UP"}}).indicator == "operational"
    assert said({"page": {"name": "x", "status": "UNDERMAINTENANCE"}}).indicator == "maintenance"
    assert said({"page": {"name": "x", "status": "HASISSUES"}, "activeIncidents": []}).indicator == "degraded"
    planned = {
        "page": {"status": "UP"},
        "activeMaintenances": [{"name": "Move", "status": "NOTSTARTEDYET", "start": TEN}],
    }
    assert said(planned).indicator == "operational"
    browsers = "Sun Nov 22 2026 10:00:00 GMT+0000 (Coordinated Universal Time)"
    incident = {"name": "Slow", "started": browsers, "status": "IDENTIFIED", "impact": "PARTIALOUTAGE"}
    assert shape(said({"page": {"status": "HASISSUES"}, "activeIncidents": [incident]})) == (
        "partial",
        "Slow",
        AT_TEN,
    )


def _statusio(code: int, *incidents: Any, **maintenance: Any) -> dict[str, Any]:
    return {
        "result": {
            "status_overall": {"status_code": code},
            "status": [
                {"name": "API", "status_code": 100, "containers": [{"name": "EU", "status_code": code}]}
            ],
            "incidents": list(incidents),
            "maintenance": {"active": [], "upcoming": [], **maintenance},
        }
    }


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (100, "operational"),
        (200, "maintenance"),
        (300, "degraded"),
        (400, "partial"),
        (500, "major"),
        (600, "degraded"),
    ],
)
def test_statusio_has_codes(code: int, wanted: str) -> None:
    assert said(_statusio(code)).indicator == wanted


def test_statusio_incident_is_over_by_its_progress_and_not_by_its_state() -> None:
    def incident(name: str, **known: Any) -> dict[str, Any]:
        return {"name": name, "datetime_open": TEN, **known}

    open_now = incident("Open", messages=[{"state": 200, "status": 400, "datetime": TEN}])
    over = incident("Over", messages=[{"state": 400, "status": 100, "datetime": TEN}])
    assert shape(said(_statusio(400, over, open_now))) == ("partial", "Open", AT_TEN)
    bare = incident("Bare", status_code=100), incident("Closed", status_code=400)
    assert shape(said(_statusio(300, *bare)))[1] == "Bare"


def test_statusio_maintenance_counts_when_active() -> None:
    planned = {"name": "Move", "datetime_planned_start": TEN, "messages": [{"state": 100, "status": 200}]}
    found = said(_statusio(100, active=[planned]))
    assert (found.indicator, found.maintenance and found.maintenance.since) == ("maintenance", AT_TEN)
    assert said(_statusio(100, upcoming=[planned])).indicator == "operational"


def _google(**known: Any) -> dict[str, Any]:
    return {
        "begin": TEN, "external_desc": "Errors", "status_impact": "SERVICE_OUTAGE", "severity": "low",
        "affected_products": [{"title": "Cloud Run", "id": "x"}], **known,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({}, ("major", "Errors", AT_TEN)),
        ({"status_impact": "SERVICE_DISRUPTION"}, ("degraded", "Errors", AT_TEN)),
        ({"status_impact": "SERVICE_INFORMATION"}, ("operational", "Errors", AT_TEN)),
        ({"end": TEN, "currently_affected_locations": [{"title": "Belgium"}]}, ("operational", None, None)),
    ],
)
def test_google_incident_is_open_until_it_has_an_end(known: Any, wanted: Any) -> None:
    assert shape(said([_google(**known)])) == wanted


def _aws(status: object, **known: Any) -> dict[str, Any]:
    return {
        "date": "1795341600",
        "arn": "arn:aws:health:eu-west-1::event/EC2/X/Y",
        "region_name": "Ireland",
        "status": status,
        "service": "ec2-eu-west-1",
        "service_name": "Amazon EC2",
        "summary": "Launches fail",
        **known,
    }


@pytest.mark.parametrize(
    ("status", "wanted"), [("0", "operational"), ("1", "operational"), ("2", "degraded"), (3, "major")]
)
def test_aws_has_the_statuses_of_its_legend(status: object, wanted: str) -> None:
    assert said([_aws(status)]).indicator == wanted


def test_aws_event_begins_at_its_date_and_the_worst_is_named() -> None:
    worse = _aws("3", summary="All down", date="1795338000")
    assert shape(said([_aws("2"), worse])) == ("major", "All down", 1795338000.0)


def test_aws_event_of_many_services_tells_each_ones_state() -> None:
    impacted = {
        "ec2-eu-west-1": {"service_name": "Amazon EC2", "current": "3"},
        "lambda": {"service_name": "AWS Lambda", "current": "0"},
    }
    event = _aws("3", service_name="Multiple services", impacted_services=impacted)
    assert said([event]).indicator == "major"
    assert said([event], "Amazon EC2").indicator == "major"
    assert said([event], "AWS Lambda").indicator == "operational"


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("incident", "degraded"), ("notice", "degraded"), ("outage", "major"), ("maintenance", "maintenance")],
)
def test_slack_incident_tells_by_its_type(kind: str, wanted: str) -> None:
    event = {
        "title": "Huddles",
        "type": kind,
        "status": "active",
        "date_created": TEN,
        "services": ["Huddles"],
    }
    assert said({"status": "active", "active_incidents": [event], "date_updated": TEN}).indicator == wanted
    assert said({**event, "date_updated": TEN}).indicator == wanted  # version 1: the incident is the document


def test_slack_is_well_when_it_says_ok_however_old() -> None:
    assert (
        said({"status": "ok", "active_incidents": [], "date_updated": "2018-09-07T18:34:15-07:00"}).indicator
        == "operational"
    )
    assert said({"status": "ok", "date_updated": "2018-09-07T18:34:15-07:00"}).indicator == "operational"


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [("green", "operational"), ("yellow", "degraded"), ("red", "major"), ("blue", "maintenance")],
)
def test_heroku_has_colours(colour: str, wanted: str) -> None:
    systems = [{"system": "Apps", "status": "green"}, {"system": "Data", "status": colour}]
    incident = {"title": "Dynos", "created_at": TEN, "state": "open"}
    over = {"title": "Old", "created_at": TEN, "state": "resolved"}
    assert shape(said({"status": systems, "incidents": [over, incident], "scheduled": []})) == (
        wanted,
        "Dynos",
        AT_TEN,
    )


def test_salesforce_incident_is_open_while_an_impact_has_no_end() -> None:
    def incident(end: str | None) -> dict[str, Any]:
        return {
            "externalId": "7", "serviceKeys": ["HerokuData"], "message": {"rootCause": None},
            "IncidentImpacts": [{"startTime": TEN, "endTime": end, "severity": "major"}],
            "IncidentEvents": [{"message": "We look into it", "createdAt": TEN}],
        }  # fmt: skip

    assert shape(said([incident(None)])) == ("major", "We look into it", AT_TEN)
    assert said([incident(TEN)]).indicator == "operational"
    assert said([incident(None)], "HerokuApps").indicator == "operational"
    assert (
        said([{"key": "EU1", "status": "MINOR_INCIDENT_CORE", "environment": "production"}]).indicator
        == "degraded"
    )


def _betterstack(state: str = "operational", *included: Any) -> dict[str, Any]:
    return {
        "data": {"type": "status_page", "attributes": {"aggregate_state": state}},
        "included": list(included),
    }


def _report(**known: Any) -> dict[str, Any]:
    told = {
        "title": "Report",
        "report_type": "manual",
        "starts_at": TEN,
        "ends_at": None,
        "aggregate_state": "investigating",
    }
    return {"id": "5", "type": "status_report", "attributes": {**told, **known}}


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("operational", "operational"),
        ("degraded", "degraded"),
        ("downtime", "major"),
        ("maintenance", "maintenance"),
    ],
)
def test_betterstack_has_four_states(state: str, wanted: str) -> None:
    resource = {
        "id": "1",
        "type": "status_page_resource",
        "attributes": {"public_name": "API", "status": state},
    }
    unwatched = {
        "id": "2",
        "type": "status_page_resource",
        "attributes": {"public_name": "Web", "status": "not_monitored"},
    }
    assert said(_betterstack(state)).indicator == wanted
    assert said(_betterstack("operational", resource, unwatched)).indicator == wanted


def test_betterstack_report_counts_while_it_is_open() -> None:
    hit = [{"status_page_resource_id": "1", "status": "downtime"}]
    assert shape(said(_betterstack("operational", _report(affected_resources=hit)))) == (
        "major",
        "Report",
        AT_TEN,
    )
    assert said(_betterstack("operational", _report(aggregate_state="resolved"))).indicator == "operational"
    assert said(_betterstack("operational", _report(ends_at=TEN))).indicator == "operational"


@pytest.mark.parametrize(
    ("begins", "ends", "wanted"),
    [
        (TEN, "2026-11-22T13:00:00Z", "maintenance"),
        (TEN, "2026-11-22T11:00:00Z", "operational"),
        ("2026-11-23T10:00:00Z", None, "operational"),
    ],
)
def test_betterstack_maintenance_counts_between_its_moments(
    begins: str, ends: str | None, wanted: str
) -> None:
    report = _report(report_type="maintenance", starts_at=begins, ends_at=ends, aggregate_state="maintenance")
    assert said(_betterstack("operational", report)).indicator == wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(1, "operational"), ("2", "degraded"), (3, "partial"), (4, "major"), ({"value": 5}, "maintenance")],
)
def test_cachet_component_has_numbers(status: object, wanted: str) -> None:
    well, off = {"id": 1, "name": "Web", "status": 1}, {"id": 3, "name": "Old", "status": 4, "enabled": False}
    assert said({"data": [well, {"id": 2, "name": "API", "status": status}, off]}).indicator == wanted


def test_cachet_incident_is_open_until_it_is_fixed() -> None:
    over = {"name": "Old", "is_resolved": True, "latest_status": 4, "status": 1}
    now = {
        "name": "API",
        "is_resolved": False,
        "latest_status": 2,
        "status": 1,
        "occurred_at": "2026-11-22 10:00:00",
    }
    assert shape(said({"data": [over, now]})) == ("degraded", "API", AT_TEN)
    assert said({"data": [over]}).indicator == "operational"
    third = {
        "type": "incidents",
        "attributes": {"name": "API", "status": {"value": 1}, "created": {"string": "2026-11-22 10:00:00"}},
    }
    assert shape(said({"data": [third]})) == ("degraded", "API", AT_TEN)


def test_cachet_schedule_counts_while_it_is_under_way() -> None:
    def schedule(status: int) -> dict[str, Any]:
        return {"data": [{"name": "Upgrade", "status": status, "scheduled_at": TEN, "completed_at": None}]}

    assert [said(schedule(each)).indicator.value for each in (0, 1, 2)] == [
        "operational",
        "maintenance",
        "operational",
    ]


def test_incidentio_names_what_is_open_with_its_worst_impact() -> None:
    incident = {
        "name": "Logins fail", "status": "identified", "current_worst_impact": "full_outage", "created_at": TEN,
        "affected_components": [{"id": "1", "name": "Login", "current_status": "full_outage"}],
    }  # fmt: skip
    quiet: dict[str, Any] = {
        "ongoing_incidents": [],
        "in_progress_maintenances": [],
        "scheduled_maintenances": [{"name": "Later"}],
    }
    assert said(quiet).indicator == "operational"
    assert shape(said({**quiet, "ongoing_incidents": [incident]})) == ("major", "Logins fail", AT_TEN)
    assert said({**quiet, "ongoing_incidents": [incident]}, "Checkout").indicator == "operational"
    assert (
        said({**quiet, "in_progress_maintenances": [{"name": "Move", "started_at": TEN}]}).indicator
        == "maintenance"
    )


def test_incidentio_summary_of_the_page_knows_all_components() -> None:
    summary = {
        "components": [{"id": "1", "name": "Login"}, {"id": "2", "name": "Pay"}],
        "affected_components": [{"component_id": "2", "status": "partial_outage"}],
        "ongoing_incidents": [],
    }
    assert said({"summary": summary}).indicator == "partial"
    assert said({"summary": summary}, "login").indicator == "operational"
    with pytest.raises(Unreadable, match='no component "Shop"'):
        said({"summary": summary}, "Shop")


def test_fedora_stripe_gatus_and_others_are_read() -> None:
    fedora = {
        "global_status": "good",
        "services": {"koji": {"name": "Koji", "status": "major", "message": "It is down"}},
    }
    assert shape(said(f"jsonCallback({fedora!r});".replace("'", '"'))) == ("major", "It is down", None)
    fresh = {"largestatus": "degraded", "message": "Slow", "time": "November 22, 2026 @ 11:59AM +00:00"}
    assert shape(said(fresh)) == ("degraded", "Slow", None)
    results = [{"success": False}, {"success": True}]
    assert (
        said([{"name": "a", "group": "g", "key": "g_a", "results": results}], "g / A").indicator
        == "operational"
    )
    monitors = [{"name": "API", "statusClass": "danger"}, {"name": "Old", "statusClass": "black"}]
    assert said({"status": "ok", "data": monitors}).indicator == "major"
    event = {
        "eventStatus": "ongoing",
        "statusType": "Outage",
        "message": "Mail is slow",
        "epochStartDate": 1795341600000,
    }
    apple = {"services": [{"serviceName": "Mail", "events": [event]}, {"serviceName": "Maps", "events": []}]}
    assert shape(said(apple)) == ("major", "Mail: Mail is slow", 1795341600.0)
    assert said(apple, "maps").indicator == "operational"
    notice = {"type": "unplanned", "state": "investigating", "subject": "Slow", "began_at": TEN}
    assert shape(said({"notices": [notice, {"type": "planned", "state": "scheduled"}]})) == (
        "degraded",
        "Slow",
        AT_TEN,
    )
    assert said({"page": {"name": "x", "state": "operational", "links": {}}}).indicator == "operational"


def test_an_empty_list_says_that_nothing_is_open() -> None:
    assert said([]).indicator == "operational"
    assert said([], provider="aws").indicator == "operational"
    assert said([], provider="salesforce").indicator == "operational"


@pytest.mark.parametrize(
    "document", [{}, {"data": []}, [1], ["x"], "12", "null", '"up"', {"status": "fine"}, {"components": []}]
)
def test_what_is_in_no_known_form_is_unreadable(document: Any) -> None:
    with pytest.raises(Unreadable, match="no form known here"):
        said(document)
