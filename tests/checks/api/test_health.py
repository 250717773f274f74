"""Health documents in every form, what is no such document, and what their words mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.api.health_document import Report, report
from checks.api.health_words import Health
from tests.checks.api.hearing import heard

SPRING = {"status": "UP", "components": {"db": {"status": "UP", "details": {"database": "H2", "hello": 1}}}}


def said(document: Any, content_type: str = "application/json", *, surely: bool = True) -> Report | None:
    text = document if isinstance(document, str) else json.dumps(document)
    return report(text, content_type, surely=surely)


def health(document: Any, **how: Any) -> str | None:
    found = said(document, **how)
    return str(found.health) if found and found.health else None


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({"status": "pass"}, "operational"),
        ({"status": "warn", "checks": {"disk": [{"status": "pass"}, {"status": "warn"}]}}, "degraded"),
        ({"status": "fail"}, "outage"),
        ({"status": "error"}, "outage"),
        (
            {
                "status": "ok",
                "info": {"db": {"status": "up"}},
                "error": {},
                "details": {"db": {"status": "up"}},
            },
            "operational",
        ),
        (SPRING, "operational"),
        ({"status": "UNKNOWN"}, "unknown"),
        ({"status": {"code": "DOWN", "description": "db"}}, "outage"),
        ({"status": "UP", "details": {"db": {"status": "UP"}}}, "operational"),
        ({"status": "Degraded", "entries": {"redis": {"status": "Degraded"}}}, "degraded"),
        ({"status": "Unhealthy", "results": {"redis": {"status": "Unhealthy"}}}, "outage"),
        ({"status": "DOWN", "checks": [{"name": "db", "status": "DOWN"}]}, "outage"),
        ({"outcome": "DOWN", "checks": [{"name": "db", "state": "DOWN"}]}, "outage"),
        ({"cluster_name": "logs", "status": "yellow", "number_of_nodes": 3}, "degraded"),
        ({"healthy": False}, "outage"),
        ({"checks": {"db": "ok", "queue": "failed"}}, "outage"),
        ([{"CheckID": "a", "Status": "passing"}, {"CheckID": "b", "Status": "warning"}], "degraded"),
        ({"service:web": {"CheckID": "service:web", "Status": "critical"}}, "outage"),
        ({"AggregatedStatus": "critical", "Service": {"ID": "web"}, "Checks": []}, "outage"),
        ({"status": 1, "totalDuration": "00:00:01", "entries": {}}, "degraded"),
        ({"status": 2, "totalDuration": "00:00:01", "entries": {}}, "operational"),
        ([], "outage"),
        ("Healthy", "operational"),
        ("Degraded", "degraded"),
        ("Unhealthy\n", "outage"),
        ("ok", "operational"),
        ('"UP"', "operational"),
        ("[+]ping ok\n[+]etcd ok\nhealthz check passed", "operational"),
        ("[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed", "outage"),
        ("  [+]ping ok\r\n  [-]etcd failed: reason withheld\r\n", "outage"),
    ],
    ids=lambda each: json.dumps(each)[:40],
)
def test_document_says_how_the_service_is(document: Any, wanted: str) -> None:
    assert health(document) == wanted


@pytest.mark.parametrize(
    ("document", "unwell"),
    [
        (
            {
                "status": "error",
                "info": {"db": {"status": "up"}},
                "error": {"redis": {"status": "down"}},
                "details": {"db": {"status": "up"}, "redis": {"status": "down"}},
            },
            ["redis"],
        ),
        ({"status": "fail", "description": "shop", "checks": {"cpu": [{"status": "fail"}]}}, ["cpu"]),
        (
            {
                "AggregatedStatus": "critical",
                "Service": {},
                "Checks": [{"CheckID": "c", "Status": "critical"}],
            },
            ["c"],
        ),
        (
            {
                "status": 0,
                "totalDuration": "1",
                "entries": {"sql": {"status": 0, "duration": "1", "tags": []}},
            },
            ["sql"],
        ),
    ],
    ids=lambda each: json.dumps(each)[:40],
)
def test_document_that_is_plainly_about_health_names_its_parts(document: Any, unwell: list[str]) -> None:
    found = said(document, surely=False)
    assert found is not None
    assert (found.health, [each.name for each in found.unwell]) == (Health.OUTAGE, unwell)


def test_lists_beside_the_status_are_parts() -> None:
    found = said({"status": "failed", "db_check": [{"status": "ok"}], "cache_check": [{"status": "failed"}]})
    assert found is not None
    assert [each.name for each in found.unwell] == ["cache_check"]


def instance(*states: str) -> dict[str, Any]:
    return {
        "Service": {"ID": "web"},
        "Checks": [{"CheckID": f"c{n}", "Status": s} for n, s in enumerate(states)],
    }


@pytest.mark.parametrize(
    ("instances", "wanted"),
    [
        ([instance("passing", "passing")], "operational"),
        ([instance("passing", "critical")], "outage"),
        ([instance("passing", "warning")], "degraded"),
        ([instance("passing"), instance("critical")], "degraded"),
        ([instance("critical"), instance("critical")], "outage"),
    ],
)
def test_consul_service_is_out_when_no_instance_is_well(instances: Any, wanted: str) -> None:
    assert health(instances, surely=False) == wanted


@pytest.mark.parametrize(
    "document",
    [
        [],
        [{"status": "failed", "id": 1}],
        {},
        {"status": "active", "name": "x"},
        {"status": "failed", "id": "job-1", "details": {"step": {"status": "failed"}}},
        {"status": "error", "message": "no such thing"},
        {"status": "fail", "data": {"title": "is required"}},
        {"state": "down", "id": 3},
        {"ok": False, "error": "invalid_auth"},
        {"checks": [{"name": "a", "status": "failed"}]},
        {"status": "ok", "components": {"a": {"status": "in review"}}, "id": 3},
        {"status": 1, "id": 3},
        "<html>down</html>",
        "everything is fine",
        "",
    ],
    ids=lambda each: json.dumps(each)[:40],
)
def test_what_is_not_plainly_a_health_document_is_none_unless_it_is_said_to_be_one(document: Any) -> None:
    assert said(document, surely=False) is None


@pytest.mark.parametrize(
    "path", ["/healthz", "/actuator/health", "/v1/health/service/web", "/readyz?verbose"]
)
def test_address_that_speaks_of_health_is_as_good_as_the_option(path: str) -> None:
    found = heard(body="[]", url=f"http://api.example.org{path}").report
    assert found is not None
    assert found.health is Health.OUTAGE
    assert heard(body="[]").report is None


def test_option_none_reads_no_document() -> None:
    assert heard(body={"status": "DOWN"}).report is not None
    assert heard(body={"status": "DOWN"}, health="none").report is None
    assert heard(body={"status": "DOWN"}, health=False).report is None


def test_document_that_cannot_be_read_is_unknown_when_it_was_asked_for() -> None:
    assert heard(body="{}", health=True).unreadable == "the answer is no health document"
    assert heard(body="gut", health="auto").unreadable == 'it says "gut", a word not known here'
    assert heard(body="gut").unreadable is None


def test_parts_are_named_with_those_inside_them_and_why_they_fail() -> None:
    document = {
        "status": "DOWN",
        "components": {
            "db": {"status": "DOWN", "components": {"first": {"status": "UP"}, "second": {"status": "DOWN"}}},
            "mail": {"status": "UP"},
            "queue": {"status": "DEGRADED", "description": "slow\nagain"},
        },
    }
    found = said(document)
    assert found is not None
    assert [(each.name, each.word, each.why) for each in found.unwell] == [
        ("db", "DOWN", ""),
        ("db/second", "DOWN", ""),
        ("queue", "DEGRADED", "slow again"),
    ]


_WORDS = st.sampled_from(["UP", "down", "warn", "pass", "?", "", "critical", "Healthy"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=5) | _WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["status", "checks", "components", "Checks", "CheckID", "name", "outcome", "x", "details"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(_JSON, st.booleans())
def test_no_document_breaks_the_reading(document: Any, surely: bool) -> None:
    found = said(document, surely=surely)
    assert found is None or found.health in (*Health, None)


@given(st.text(max_size=300), st.text(max_size=30), st.booleans())
def test_no_text_breaks_the_reading(text: str, content_type: str, surely: bool) -> None:
    found = report(text, content_type, surely=surely)
    assert found is None or all(each.name.isprintable() for each in found.parts)


def test_depth_and_number_are_bounded() -> None:
    deep: Any = {"status": "UP"}
    for _ in range(50):
        deep = {"status": "UP", "components": {"in": deep}}
    wide = {"status": "UP", "components": {f"c{n}": {"status": "UP"} for n in range(5000)}}
    for document in (deep, wide, "[" * 100_000, '{"a":' * 100_000):
        found = said(document)
        assert found is None or len(found.parts) <= 500
