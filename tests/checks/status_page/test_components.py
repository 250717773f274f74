"""Components chosen by name: which are meant, which decides, and what is said of one that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from checks.status_page.unreadable import Unreadable
from tests.checks.status_page.saying import said


def _page(*components: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"indicator": "critical"}, "components": list(components), "incidents": []}


PAGE = _page(
    {"id": "g", "name": "Europe", "status": "operational", "group": True},
    {"id": "1", "name": "API", "status": "operational", "group_id": "g"},
    {"id": "2", "name": "Web [beta]", "status": "partial_outage", "group_id": "g"},
    {"id": "3", "name": "API", "status": "major_outage", "group_id": None},
)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("europe / api", "operational"),
        ("EUROPE", "partial"),
        ("web [beta]", "partial"),
        ("we*", "partial"),
        ("API", "major"),
        ("*", "major"),
    ],
)
def test_the_worst_of_those_meant_decides_and_not_the_page(pattern: str, wanted: str) -> None:
    assert said(PAGE, pattern).indicator == wanted


def test_several_names_add_up() -> None:
    found = said(PAGE, "europe / api", "web*")
    assert found.indicator == "partial"
    assert found.affected == ("Europe / Web [beta] (partial)",)


def test_name_that_is_not_there_is_unreadable_even_beside_one_that_is() -> None:
    with pytest.raises(Unreadable, match=r'no component "AP" \(did you mean "API"\?\)'):
        said(PAGE, "web*", "AP")
    with pytest.raises(Unreadable, match=r'it has "Europe", "API", "Web \[beta\]"'):
        said(PAGE, "zzzz")


def test_document_without_components_names_the_one_to_ask() -> None:
    with pytest.raises(Unreadable, match=r"summary\.json"):
        said({"page": {"id": "x"}, "status": {"indicator": "none"}}, "API")


def test_component_with_a_word_not_known_is_unreadable_unless_another_is_bad() -> None:
    odd = {"name": "Odd", "status": "wobbly"}
    with pytest.raises(Unreadable, match='"wobbly" of "Odd"'):
        said(_page(odd), "odd")
    assert said(_page(odd, {"name": "API", "status": "major_outage"}), "*").indicator == "major"


def test_incident_of_another_component_is_not_shown() -> None:
    incidents = [
        {
            "name": "Web breaks",
            "status": "identified",
            "impact": "major",
            "components": [{"name": "Web [beta]"}],
        }
    ]
    document = {**PAGE, "incidents": incidents}
    assert said(document, "europe / api").incident is None
    found = said(document, "web*").incident
    assert found is not None
    assert found.title == "Web breaks"


def test_page_that_names_only_trouble_is_operational_elsewhere_with_a_note() -> None:
    incident = {
        "begin": "2026-11-22T10:00:00Z",
        "external_desc": "x",
        "status_impact": "SERVICE_OUTAGE",
        "service_name": "Cloud Run",
    }
    assert said([incident], "cloud run").indicator == "major"
    found = said([incident], "BigQuery")
    assert (found.indicator, len(found.notes)) == ("operational", 1)
    assert "spelling" in found.notes[0]
