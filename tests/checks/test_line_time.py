"""The time that a line carries, in the forms that programs write it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.line_time import _seconds, moment, moment_of_value

AT = 1_795_321_741.0  # 2026-11-22 04:29:01 UTC
NOW = AT + 3600


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test move to another time zone, and back."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()
    _seconds.cache_clear()


def _move(zone: pytest.MonkeyPatch, name: str) -> None:
    zone.setenv("TZ", name)
    time.tzset()
    _seconds.cache_clear()


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22T04:29:01Z host app: x",
        "2026-11-22T06:29:01.000+02:00 host app: x",
        "2026-11-21 23:29:01,000 -0500 ERROR x",
        "2026-11-22 04:29:01 UTC [1] LOG: x",
        '203.0.113.9 - - [22/Nov/2026:05:29:01 +0100] "GET / HTTP/1.1" 200 1',
        "1795321741 x",
        "[1795321741.000] x",
        "1795321741000 x",
        "<34>1 2026-11-22T04:29:01Z host su - ID47 - x",
        "level=info ts=2026-11-22T04:29:01Z msg=x",
    ],
)
def test_time_with_its_zone_means_the_same_everywhere(zone: pytest.MonkeyPatch, line: str) -> None:
    for name in ("UTC", "America/New_York", "Asia/Kolkata"):
        _move(zone, name)
        assert moment(line.encode(), NOW) == AT


@pytest.mark.parametrize(
    "line",
    [
        "Nov 22 06:29:01 host sshd[1]: x",
        "<38>Nov 22 06:29:01 host sshd[1]: x",
        "2026-11-22 06:29:01,000 INFO x",
        "2026/11/22 06:29:01 [error] 1#0: x",
        "[Sun Nov 22 06:29:01.000000 2026] [core:error] x",
        "Sun Nov 22 06:29:01 SAST 2026 x",
        "E1122 06:29:01.000000   123 x.go:1] x",
        "12345:M 22 Nov 2026 06:29:01.000 * x",
        "INFO [main] 2026-11-22 06:29:01 x",
    ],
)
def test_time_without_a_zone_is_that_of_this_host(zone: pytest.MonkeyPatch, line: str) -> None:
    _move(zone, "Africa/Johannesburg")
    assert moment(line.encode(), NOW) == AT


def test_year_that_is_not_said_is_that_of_the_last_such_day(zone: pytest.MonkeyPatch) -> None:
    _move(zone, "UTC")
    new_year = 1_798_761_600.0  # 2027-01-01 00:00:00
    assert moment(b"Dec 31 23:59:59 host x", new_year + 60) == new_year - 1
    assert moment(b"Jan  1 00:00:01 host x", new_year + 60) == new_year + 1
    assert moment(b"Jan  1 00:00:01 host x", new_year - 60) == new_year + 1


@pytest.mark.parametrize(
    "line",
    ["", "nothing", "2026-13-01 00:00:00 x", "Feb 30 00:00:00 host x", "2026-11-22 24:61:00 x", "12:30:00 x"],
)
def test_line_without_a_sound_time_has_none(line: str) -> None:
    assert moment(line.encode(), NOW) is None


@pytest.mark.parametrize(
    "value",
    [
        1795321741,
        1795321741.0,
        1795321741000,
        1795321741000000,
        1795321741000000000,
        "2026-11-22T04:29:01Z",
        "1795321741",
    ],
)
def test_fields_hold_time_as_text_or_in_any_unit(value: object) -> None:
    assert moment_of_value(value, NOW) == AT


@given(st.binary(max_size=200), st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()))
def test_anything_may_stand_there(line: bytes, value: object) -> None:
    for at in (moment(line, NOW), moment_of_value(value, NOW)):
        assert at is None or 0 <= at < 1e12
