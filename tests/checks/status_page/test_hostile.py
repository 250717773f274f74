"""Hostile documents: nothing that a page serves raises, hangs, or reaches a terminal as it came."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Status
from checks.status_page.dialects import read
from checks.status_page.document import parse
from checks.status_page.page import Indicator
from checks.status_page.unreadable import Unreadable
from checks.status_page.verdict import find
from tests.checks.http.web import always, looked
from tests.checks.status_page.saying import NOW, said

# The fields and words of all dialects: what is made of them comes past every door.
_FIELDS = """
page status indicator components incidents scheduled_maintenances name title impact result status_overall
status_code containers messages state datetime maintenance active data type attributes included
aggregate_state starts_at ends_at report_type affected_resources status_page_resource_id id group
group_id begin end external_desc status_impact affected_products service service_name event_log arn date
impacted_services current summary active_incidents date_created services system key results success
environment IncidentImpacts MaintenanceImpacts message eventStatus endTime severity activeIncidents
activeMaintenances started start ongoing_incidents in_progress_maintenances affected_components
component_id is_resolved scheduled_at value human largestatus time global_status serviceName events
statusType epochStartDate statusClass notices meta pagination resolved_at started_at incident_updates
"""
_WORDS = """
none minor UP HASISSUES operational major_outage resolved investigating in_progress green status_page
status_report status_page_resource incidents schedules components SERVICE_OUTAGE 2026-11-22T10:00:00Z
1795341600 0001-01-01T00:00:00Z
"""
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(_WORDS.split())
    | st.sampled_from((100, 400, 3, 10**300, -1, 1e308))
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(_FIELDS.split()) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)


def _of(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(dict.fromkeys(names, _VALUES), optional={"title": _VALUES, "id": _VALUES})


_SHAPES = (
    ("status", "components", "incidents"), ("page", "incidents", "scheduled_maintenances"), ("data", "included"),
    ("ongoing_incidents", "affected_components"), ("activeIncidents", "page"), ("begin", "external_desc"),
    ("service", "arn", "impacted_services", "status"), ("status", "active_incidents"), ("key", "results"),
    ("IncidentImpacts", "IncidentEvents", "message"), ("key", "status", "environment"), ("global_status", "services"),
    ("largestatus", "time"), ("serviceName", "events"), ("name", "statusClass"), ("notices",), ("name", "status"),
)  # fmt: skip
_LIKELY = st.one_of(*(_of(*names) for names in _SHAPES))
_DOCUMENTS = st.one_of(
    _VALUES,
    _LIKELY,
    st.lists(_LIKELY, max_size=3),
    st.fixed_dictionaries({"data": st.lists(_LIKELY, max_size=3)}),
    st.fixed_dictionaries({"services": st.lists(_LIKELY, max_size=3)}),
    st.fixed_dictionaries({"components": st.lists(_LIKELY, max_size=3)}),
    st.fixed_dictionaries(
        {
            "result": st.fixed_dictionaries(
                {"status_overall": _VALUES, "status": st.lists(_VALUES), "incidents": _VALUES}
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "data": st.fixed_dictionaries({"type": st.just("status_page"), "attributes": _VALUES}),
            "included": _VALUES,
        }
    ),
)


@given(document=_DOCUMENTS, components=st.lists(st.text(min_size=1, max_size=5), max_size=2))
def test_any_json_is_read_or_unreadable(document: Any, components: list[str]) -> None:
    """Anything else that was raised would fail this."""
    with suppress(Unreadable):
        _, page = read(parse(json.dumps(document)), "auto", NOW)
        finding = find(page, tuple(components))
        assert finding.indicator in Indicator
        shown = (
            [each.title for each in page.events]
            + [each.name for each in page.components]
            + list(finding.affected)
        )
        assert all(line.isprintable() and len(line) <= 600 for line in shown)


@given(text=st.text(max_size=200) | st.text(alphabet='<>/!?&;[]{}",:abrss item', max_size=200))
def test_any_text_is_read_or_unreadable(text: str) -> None:
    with suppress(Unreadable):
        assert said(text).indicator in Indicator


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 200_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[" + "0," * 400_000 + "0]", "more than 300000 values"),
        ("", "empty"),
        ("\ufeff \n", "empty"),
        ("callback(", "neither JSON nor a feed"),
        ("evil(alert(1))", "neither JSON nor a feed"),
        ('{"status":', "neither JSON nor a feed"),
        ('{"a": ' + "9" * 5000 + "}", "neither JSON nor a feed"),
        ("ok", "neither JSON nor a feed"),
    ],
)
def test_hostile_text_has_its_own_reason(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        said(text)


def test_more_components_than_any_page_has_are_refused() -> None:
    components = [{"name": "x", "status": "operational"}] * 10_001
    with pytest.raises(Unreadable, match="more than 10000"):
        said({"components": components})


def test_title_is_shown_without_markup_bidi_marks_or_control_characters_and_cut() -> None:
    title = (
        "<script>alert(1)</script><b>Slow</b> &lt;i&gt;logins&lt;/i&gt; \u202egnihton \x1b[31m"
        + "x" * 100_000
    )
    document = {"status": {"indicator": "minor"}, "incidents": [{"name": title, "status": "identified"}]}
    reading, _ = looked(always(json.dumps(document).encode()), type="status_page")
    shown = str(reading.values["incident"])
    assert shown.startswith("alert(1) Slow logins \\u202egnihton \\x1b[31mxxx")
    assert len(shown) <= 200
    assert "\u202e" not in reading.message
    assert (reading.status, reading.values["indicator"]) == (Status.DEGRADED, "degraded")


@pytest.mark.parametrize("wrong", [None, 0, True, "x", [], {}, [[]], [None], {"x": {}}, 1e400], ids=repr)
@pytest.mark.parametrize("name", ["indicator", "description"])
def test_wrong_type_in_a_field_is_no_green_light(name: str, wrong: Any) -> None:
    document = {
        "page": wrong,
        "status": {"indicator": wrong} if name == "indicator" else wrong,
        "components": wrong,
        "incidents": wrong,
    }
    with pytest.raises(Unreadable):
        said(document)
