"""Of several things the worst is the reading, whichever condition it breaks, and the others are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import LEVEL, ErrorKind, Observation, Reading, Status
from checks.judge import Rules, judge
from checks.registry import KINDS
from config.conditions import parse

DISK = KINDS["disk"]


def _part(used: float, **values: float | bool | None) -> Observation:
    return Observation({"used": used, "free": 5, "read_only": False, **values})


def _judged(parts: dict[str, Observation], down: str = "used > 90%", degraded: str = "used > 50%") -> Reading:
    seen = Observation(parts=parts, memo=[1], notes=("a note",))
    return judge(seen, Rules(DISK, [parse(down)], [parse(degraded)]), 7, 0.1)


def test_the_first_is_shown_while_all_are_well_and_the_others_are_noted() -> None:
    reading = _judged({"/b": _part(0.4), "/a": _part(0.1)})
    assert (reading.status, reading.firm, reading.at, reading.memo) == (Status.OK, Status.OK, 7, [1])
    assert reading.message == "/b: used 40.0%, free 5B, read_only false"
    assert reading.notes == ("a note", "/a: used 10.0%, free 5B, read_only false")


def test_the_worst_is_shown_and_each_that_is_not_well_is_named() -> None:
    reading = _judged({"/a": _part(0.1), "/b": _part(0.6), "/c": _part(0.95), "/d": _part(0.2)})
    assert (reading.status, reading.values["used"]) == (Status.DOWN, 0.95)
    assert reading.message == "/c: used > 90% (used = 95%); /b: used > 50% (used = 60%)"
    assert reading.notes[1:] == (
        "/a: used 10.0%, free 5B, read_only false",
        "/d: used 20.0%, free 5B, read_only false",
    )


def test_condition_over_two_values_asks_both_of_the_same_thing() -> None:
    parts = {"/big": _part(0.95, free=10_000), "/small": _part(0.1, free=1)}
    assert _judged(parts, down="used > 90% and free < 10B", degraded="used > 99%").status is Status.OK


def test_failure_of_one_is_down_and_blindness_of_one_hides_no_other() -> None:
    failed = Observation(failure="input/output error", error_kind=ErrorKind.UNREACHABLE)
    blind = Observation(blind="may not look", error_kind=ErrorKind.LOCAL)
    assert _judged({"/a": _part(0.1), "/b": failed}).status is Status.DOWN
    assert _judged({"/a": _part(0.6), "/b": blind}).status is Status.DEGRADED
    unknown = _judged({"/a": _part(0.1), "/b": blind})
    assert (unknown.status, unknown.firm) == (Status.UNKNOWN, Status.UNKNOWN)


def test_what_must_hold_for_one_does_not_hide_what_is_firm_for_another() -> None:
    parts = {"/a": _part(0.1, read_only=True), "/b": _part(0.95)}
    reading = _judged(parts, down="used > 90% for 5m", degraded="read_only == true")
    assert (reading.status, reading.firm) == (Status.DOWN, Status.DEGRADED)


def test_many_that_are_not_well_make_no_endless_message() -> None:
    reading = _judged({f"/{number}": _part(0.95) for number in range(300)})
    assert len(reading.message) <= 500
    assert len(reading.notes) < 30


def test_secrets_in_names_are_masked() -> None:
    reading = _judged({"/mnt/jane@example.com": _part(0.95)})
    assert "jane@example.com" not in reading.message
    seen = Observation(parts={"/a": _part(0.95)}, notes=("may not look at /mnt/jane@example.com",))
    assert "jane@" not in str(judge(seen, Rules(DISK, [parse("used > 90%")], []), 7, 0.1).notes)


parts = st.lists(
    st.one_of(
        st.floats(0, 1).map(_part),
        st.just(Observation(failure="broken", error_kind=ErrorKind.UNREACHABLE)),
        st.just(Observation(blind="may not", error_kind=ErrorKind.LOCAL)),
        st.just(Observation({"used": 0.1}, unread={"used": "may not"})),
    ),
    min_size=1,
    max_size=8,
)


@given(parts)
def test_no_thing_is_worse_than_the_whole_and_one_is_as_bad(several: list[Observation]) -> None:
    named = {str(number): each for number, each in enumerate(several)}
    whole = _judged(named)
    alone = [_judged({name: each}).status for name, each in named.items()]
    known = [LEVEL[status] for status in alone if status is not Status.UNKNOWN]
    assert whole.status in alone
    if whole.status is Status.UNKNOWN:
        assert Status.UNKNOWN in alone and not any(known)
    else:
        assert LEVEL[whole.status] == max(known)
        assert LEVEL[whole.status] or Status.UNKNOWN not in alone


@pytest.mark.parametrize("explain", [False, True])
def test_to_explain_changes_no_verdict(explain: bool) -> None:
    rules = Rules(DISK, [parse("used > 90%")], [], explain)
    seen = Observation(parts={"/a": _part(0.95), "/b": _part(0.1)})
    assert judge(seen, rules, 0, 0.1).status is Status.DOWN
