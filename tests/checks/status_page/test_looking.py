"""One look: the status page that cannot be had, judging what it says, and the values of a reading."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from checks.base import ErrorKind, Status
from tests.checks.http.web import always, answer, look, looked

PARTIAL = {
    "status": {"indicator": "minor"},
    "components": [{"name": "API", "status": "partial_outage"}],
    "incidents": [{"name": "Errors", "status": "identified", "started_at": "2026-01-02T03:04:05.678+01:00"}],
}


def _serve(document: Any) -> Callable[..., bytes]:
    return always(json.dumps(document).encode(), "Content-Type: application/json")


def test_page_that_cannot_be_had_says_nothing_of_the_vendor(free_port: Callable[[], int]) -> None:
    reading = asyncio.run(look(f"http://127.0.0.1:{free_port()}/", type="status_page"))
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.REFUSED)
    assert reading.message.startswith("could not look: the status page cannot be read: connection refused")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("503 Busy", ErrorKind.STATUS),
        ("404 Gone", ErrorKind.STATUS),
        ("401 Who", ErrorKind.AUTH),
        ("429 Slow", ErrorKind.QUOTA),
    ],
)
def test_page_that_answers_with_an_error_is_unknown_whatever_it_brings(status: str, kind: ErrorKind) -> None:
    reading, _ = looked(always(json.dumps(PARTIAL).encode(), status=status), type="status_page")
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, kind)
    assert f"answered {status[:3]}" in reading.message
    assert "indicator" not in reading.values


def test_redirect_is_followed_but_not_to_a_metadata_address() -> None:
    document = answer(json.dumps(PARTIAL).encode())
    moved = always(b"", "Location: http://169.254.169.254/latest", status="302 Found")
    followed, asked = looked(
        lambda one: document if one.path == "/new" else answer(b"", "Location: /new", status="302 Found"),
        type="status_page",
    )
    assert ([each.path for each in asked], followed.values["indicator"]) == (["/", "/new"], "partial")
    refused, _ = looked(moved, type="status_page")
    assert (refused.status, refused.error_kind) == (Status.UNKNOWN, ErrorKind.POLICY)


def test_document_without_end_is_cut_off() -> None:
    reading, _ = looked(always(b" " * (5 * 1024 * 1024)), type="status_page")
    assert reading.status is Status.UNKNOWN
    assert "larger than max_body" in reading.message


def test_reading_tells_incident_start_and_what_is_affected() -> None:
    reading, _ = looked(_serve(PARTIAL), type="status_page")
    values = dict(reading.values)
    assert reading.status is Status.DEGRADED
    assert (values["indicator"], values["incident"]) == ("partial", "Errors")
    assert values["since"] == "2026-01-02T02:04:05.678Z"
    assert float(values["open_for"] or 0) > 86400
    assert "Errors, since 2026-01-02T02:04:05.678Z; affected: API (partial)" in reading.message
    assert reading.notes == ("read as statuspage",)


@pytest.mark.parametrize(
    ("indicator", "status"),
    [("none", Status.OK), ("maintenance", Status.OK), ("minor", Status.DEGRADED), ("critical", Status.DOWN)],
)
def test_trouble_is_judged_and_planned_work_left_in_peace(indicator: str, status: Status) -> None:
    reading, _ = looked(_serve({"status": {"indicator": indicator}}), type="status_page")
    assert reading.status is status
    assert reading.values["incident"] is None


def test_operators_own_condition_may_ask_how_long_it_lasts() -> None:
    rule = 'indicator != "operational" and open_for > 1h'
    reading, _ = looked(_serve(PARTIAL), type="status_page", down=rule)
    assert reading.status is Status.DOWN


def test_page_that_tells_its_age_is_stale_after_a_day_and_no_green_light() -> None:
    document = {"largestatus": "up", "message": "Fine", "time": "February 09, 2024 @ 06:08PM +00:00"}
    reading, _ = looked(_serve(document), type="status_page")
    assert (reading.status, reading.values["indicator"]) == (Status.UNKNOWN, "operational")
    assert "stale" in reading.message
    assert "2024-02-09T18:08:00Z" in reading.message
