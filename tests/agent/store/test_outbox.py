"""The outbox's rows: what is written comes back as it was, and a call that was under way is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from agent.store.dialect import writing_engine
from agent.store.migrate import migrate
from agent.store.outbox import mirrors_of, save_outbox, unsent, whole_outbox
from alerting.messages import Can, Comment, Desired, Observed, Remark, RemoteState, Todo, todo
from alerting.outgoing import Outgoing, Standing, delivered, interrupted, leased, pause, seen, wanted

EVERYTHING = frozenset(Can)
DESIRED = Desired("toc-1", "T-1", "down", "why", "high", "high", "open", "web", "home", 5, {"a": "ü"})
SEEN = Observed(
    "7",
    RemoteState.OPEN,
    "/7",
    "toc-1",
    "high",
    True,
    "jo",
    "jo",
    ("c1",),
    (Remark("1", 2, "jo", "hm"),),
    {"ts": [1]},
)
ENTRY = Outgoing("desk", "toc-1", 1, DESIRED, Standing.WAITING, 10, 10, next_at=10)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = writing_engine(tmp_path / "tocsin.db")
    migrate(engine)
    yield engine
    engine.dispose()


def test_entries_come_back_as_they_were(engine: Engine) -> None:
    comments = (Comment("c2", 3, "worse"),)
    full = replace(
        ENTRY, key="toc-2", ticket=2, observed=SEEN, desired=replace(DESIRED, comments=comments), epoch=2
    )
    with engine.begin() as connection:
        save_outbox(connection, "a", [ENTRY, full])
        save_outbox(connection, "b", [ENTRY])
        assert {entry.key: entry for entry in whole_outbox(connection, "a")} == {
            "toc-1": ENTRY,
            "toc-2": full,
        }
        assert mirrors_of(connection, "a", 2) == [full]


def test_memory_begins_with_what_is_unsent_or_belongs_to_a_known_ticket(engine: Engine) -> None:
    rows = [
        replace(ENTRY, key=f"toc-{number}", ticket=number, state=state)
        for number, state in enumerate(Standing, start=1)
    ]
    with engine.begin() as connection:
        save_outbox(connection, "a", rows)
        found = {entry.state for entry in unsent(connection, "a", [])}
        assert found == set(Standing) - {Standing.DONE, Standing.DROPPED}
        assert len(unsent(connection, "a", range(100))) == len(Standing)


def test_a_call_under_way_at_the_end_is_in_doubt_at_the_start() -> None:
    under_way = leased(ENTRY, Todo(create=True), 100, 60.0)
    assert (under_way.state, under_way.attempts) == (Standing.LEASED, 1)
    found = interrupted(under_way, 200)
    assert (found.state, found.next_at, found.lease_until) == (Standing.DOUBT, 200, None)
    assert interrupted(ENTRY, 200) is ENTRY


def test_what_changes_during_a_call_is_delivered_after_it() -> None:
    under_way = leased(ENTRY, Todo(create=True), 100, 60.0)
    work = todo(under_way.desired, under_way.known, EVERYTHING)
    changed = wanted(under_way, replace(DESIRED, state="resolved"), 110)
    assert (changed.state, changed.version) == (Standing.LEASED, 2)
    after = seen(delivered(changed, work, under_way.version, 120), SEEN)
    assert (after.state, after.next_at, after.done_version) == (Standing.WAITING, 120, 1)
    assert todo(after.desired, after.known, EVERYTHING).state == "resolved"


@given(attempts=st.integers(0, 10_000), jitter=st.floats(0, 1), asked=st.none() | st.floats(0, 10_000))
@settings(max_examples=100)
def test_pauses_grow_are_bounded_and_never_shorter_than_asked(
    attempts: int, jitter: float, asked: float | None
) -> None:
    seconds = pause(attempts, asked, jitter)
    assert (asked or 0.0) <= seconds <= max(900.0, asked or 0.0)
    assert seconds <= pause(attempts + 2, asked, jitter) + 1e-9


states = st.sampled_from(RemoteState)
wants = st.sampled_from(["open", "resolved"])


@given(state=states, wish=wants, can=st.frozensets(st.sampled_from(Can)), comments=st.integers(0, 3))
@settings(max_examples=200)
def test_what_is_over_on_both_sides_is_left_alone(
    state: RemoteState, wish: str, can: frozenset[Can], comments: int
) -> None:
    lines = tuple(Comment(f"c{number}", number, "x") for number in range(comments))
    desired = replace(DESIRED, state=wish, comments=lines)  # type: ignore[arg-type]  # drawn from its two words
    entry = replace(ENTRY, desired=desired, observed=replace(SEEN, state=state), sent_priority="high")
    work = todo(desired, entry.known, can)
    assert not work.create
    over = state in (RemoteState.RESOLVED, RemoteState.CLOSED)
    if (over and wish == "resolved") or state is RemoteState.GONE:
        assert not work
    if work.state == "resolved":
        assert state is RemoteState.OPEN
    assert {each.id for each in work.comments}.isdisjoint(SEEN.comments)
