"""The law of orders: where problems end up depends on what was seen, not on the order in which it was committed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.incidents.incident import IncidentState
from tests.agent.incidents.case import Case
from tests.moving_clock import START
from tests.readings import SECOND

LOOK = {"type": "tcp", "host": "127.0.0.1", "port": 9, "every": "10s", "timeout": "2s", "retry_every": "1s"}
LONG = settings.default is not None and settings.default.max_examples > 1000
STORM = {"services": 3, "wait": "5s"}


@st.composite
def towns(draw: st.DrawFn) -> dict[str, Any]:
    """Services that depend on earlier ones, on a check of theirs or on either of two; some share a rack."""
    found: dict[str, Any] = {}
    for number in range(draw(st.integers(3, 7))):
        earlier = sorted(found)
        names = [*earlier, *(f"{each}.a" for each in earlier)]
        needs: list[Any] = []
        if names:
            needs += draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
        if number >= 2 and draw(st.booleans()):
            either = st.lists(st.sampled_from(earlier), min_size=2, max_size=2, unique=True)
            needs = [{"any_of": draw(either)}]
        checks: dict[str, Any] = {"a": LOOK}
        if draw(st.booleans()):
            checks["b"] = {**LOOK, "counts_for_uptime": draw(st.booleans())}
        if number > 0 and draw(st.booleans()):
            checks["c"] = {**LOOK, "depends_on": [draw(st.sampled_from(names))]}
        labels = draw(st.sampled_from([{}, {"host": "rack"}]))
        found[f"s{number}"] = {"depends_on": needs, "checks": checks, "labels": labels}
    return found


def places(case: Case) -> dict[str, str]:
    """By problem the incident that it is in."""
    incidents = {each.id: f"{key[0]}.{key[1]}" for key, each in case.world.incidents.items()}
    return {
        ".".join(key): incidents[each.incident] if each.incident is not None else f"held: {each.hold}"
        for key, each in case.world.problems.items()
    }


def seen_in(case: Case, orders: list[list[str]], bad: frozenset[str]) -> dict[str, str]:
    """The same looks at the same moments, committed in these orders; where the problems are when it is quiet."""
    names = [f"{service}.{check}" for service, check in case.rules.checks if service != "tocsin"]
    for name in names:
        case.see_at(name, "o", START)
    for turn, order in enumerate(orders, 1):
        case.now = START + (10 * turn + 4) * SECOND
        for name in order:
            case.now += SECOND // 20
            case.see_at(name, "d" if name in bad else "o", START + 10 * turn * SECOND + names.index(name))
    for _ in range(6):
        case.wait(8)
        for name in names:
            case.see_at(name, "d" if name in bad else "o", case.now)
    return places(case)


def heal(case: Case, order: list[str]) -> None:
    for name in order * 2:
        case.see(name, "o", every=0.2)
    case.wait(1000)


@settings(max_examples=300 if LONG else 12, deadline=None)
@given(data=st.data(), town=towns())
def test_places_do_not_depend_on_the_order_and_everything_ends(
    data: st.DataObject, town: dict[str, Any]
) -> None:
    names = [f"{service}.{check}" for service, of in town.items() for check in of["checks"]]
    bad = data.draw(st.frozensets(st.sampled_from(names)), "bad")
    orders = [data.draw(st.permutations(names), "order") for _ in range(5)]
    with tempfile.TemporaryDirectory() as folder:
        one, other = (Case(Path(folder), town, incidents={"storm": STORM}) for _ in range(2))
        there = seen_in(one, orders[:2], bad)
        assert set(there) == bad
        assert there == seen_in(other, orders[2:4], bad)
        heal(one, orders[4])
    assert one.world.problems == {}
    assert {each.state for each in one.world.incidents.values()} <= {IncidentState.RESOLVED}
    assert set(one.tickets().values()) <= {"resolved", "closed"}
    assert not [each for members in one.world.members.values() for each in members if each.until is None]
