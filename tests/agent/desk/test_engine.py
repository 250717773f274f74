"""The desk's engine: steps are done once each, in the order of their moments, whatever they change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.desk.engine import Room, work
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.restore import restored
from agent.store.save import save
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketState
from checks.registry import all_kinds
from config.loader import load
from config.policies import Policy

SECOND = 1_000_000


@pytest.fixture
def rules(tmp_path: Path) -> Rulebook:
    file = tmp_path / "tocsin.yaml"
    file.write_text("agent: {id: test, state_dir: state}\nservices: {}\n", encoding="utf-8")
    return Rulebook.of(load(file, all_kinds()))


def ticket(number: int = 1) -> Ticket:
    return Ticket(number, "", "", TicketState.NEW, "low", "low", "Slow", "", 0, {})


class Kept:
    """A room with fixed steps that writes down what it did."""

    def __init__(self, *steps: Step) -> None:
        self.given, self.done = steps, list[tuple[int, str, int]]()
        self.room = Room("kept", self.steps, self.act)

    def steps(self, _ticket: Ticket, _policy: Policy) -> Iterable[Step]:
        return self.given

    def act(self, _draft: Draft, _rules: Rulebook, of: Ticket, step: Step, now: int) -> None:
        self.done.append((of.number, step.key, now))


def drafted(world: World, *tickets: Ticket) -> Draft:
    draft = Draft(world)
    for each in tickets:
        draft.tickets.put(each.number, each)
    return draft


def test_what_is_due_is_done_once_in_the_order_of_its_moments(rules: Rulebook) -> None:
    world, kept = World(), Kept(Step(20, "second"), Step(10, "first"), Step(99, "later"))
    draft = drafted(world, ticket())
    work(draft, rules, [kept.room], 50)
    work(draft, rules, [kept.room], 60)
    draft.settle()
    assert kept.done == [(1, "first", 50), (1, "second", 50)]
    assert world.desk_due == {1: 99}
    assert world.tickets[1].steps == {"first": 50, "second": 50}


def test_time_alone_brings_a_step_when_the_desk_sweeps(rules: Rulebook) -> None:
    world, kept = World(), Kept(Step(99, "later"))
    draft = drafted(world, ticket())
    work(draft, rules, [kept.room], 50)
    draft.settle()
    for now in (98, 99, 100):
        draft = Draft(world)
        draft.desk_sweep = True
        work(draft, rules, [kept.room], now)
        draft.settle()
    assert kept.done == [(1, "later", 99)]
    assert world.desk_due == {1: None}


def test_what_a_step_changes_of_another_ticket_is_seen_to_as_well(rules: Rulebook) -> None:
    kept = Kept()

    def steps(of: Ticket, _policy: Policy) -> Iterable[Step]:
        yield from [Step(0, "tell the other")] if of.number == 2 else []
        yield from [Step(0, "hear")] if of.urgent else []

    def act(draft: Draft, book: Rulebook, of: Ticket, step: Step, now: int) -> None:
        kept.act(draft, book, of, step, now)
        other = draft.tickets.get(1)
        if step.key == "tell the other" and other is not None:
            draft.tickets.put(1, replace(other, urgent=True))

    draft = drafted(World(), ticket(1), ticket(2))
    work(draft, rules, [Room("talking", steps, act)], 5)
    assert kept.done == [(2, "tell the other", 5), (1, "hear", 5)]


def test_a_step_that_fails_spoils_neither_the_others_nor_the_next_time(rules: Rulebook) -> None:
    kept = Kept(Step(2, "good"))

    def fail(_draft: Draft, _rules: Rulebook, _ticket: Ticket, _step: Step, _now: int) -> None:
        raise ValueError("broken")

    broken = Room("broken", lambda _ticket, _policy: [Step(1, "bad")], fail)
    draft = drafted(World(), ticket(1), ticket(2))
    with capture_logs() as logged:
        work(draft, rules, [broken, kept.room], 5)
        work(draft, rules, [broken, kept.room], 6)
    assert [(line["event"], line["step"]) for line in logged] == [("desk.step_failed", "bad")] * 2
    assert kept.done == [(1, "good", 5), (2, "good", 5)]
    assert [(event.ticket, event.text) for event in draft.events] == [
        (1, "the desk failed at bad: its log says how"),
        (2, "the desk failed at bad: its log says how"),
    ]


def test_steps_that_never_end_are_cut_off(rules: Rulebook) -> None:
    def endless(of: Ticket, _policy: Policy) -> Iterable[Step]:
        return [Step(0, f"step:{len(of.steps)}")]

    draft = drafted(World(), ticket())
    work(draft, rules, [Room("endless", endless, Kept().act)], 5)
    known = draft.tickets.get(1)
    assert known is not None
    assert 50 < len(known.steps) < 5000


def test_steps_done_are_remembered_over_a_restart(rules: Rulebook, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    engine = writing_engine(tmp_path / "state" / FILE_NAME)
    migrate(engine)
    kept = Kept(Step(10, "first"), Step(99, "later"))
    for now in (50, 60, 120):
        with engine.begin() as connection:
            world, _ = restored(connection, "test")
        draft = Draft(world) if world.tickets else drafted(world, ticket())
        draft.desk_sweep = True
        work(draft, rules, [kept.room], now)
        with engine.begin() as connection:
            save(connection, "test", draft, now)
    engine.dispose()
    assert kept.done == [(1, "first", 50), (1, "later", 120)]
    assert len(world.policies) == 1


def test_a_ticket_that_the_desk_can_make_nothing_of_is_in_nobodys_way(rules: Rulebook) -> None:
    kept, looked = Kept(Step(2, "good")), list[int]()

    def steps(of: Ticket, _policy: Policy) -> Iterable[Step]:
        looked.append(of.number)
        if of.number == 1:
            raise ValueError("broken")
        return kept.given

    world, rooms, draft = World(), [Room("broken", steps, kept.act)], None
    with capture_logs() as logged:
        for now in (5, 6, 59 * SECOND, 61 * SECOND):
            draft = Draft(world) if draft else drafted(world, ticket(1), ticket(2))
            draft.desk_sweep = True
            work(draft, rules, rooms, now)
            draft.settle()
    assert kept.done == [(2, "good", 5)]
    assert [(line["event"], line["ticket"]) for line in logged] == [("desk.ticket_failed", "T-1")] * 2
    assert looked.count(1) == 2  # it is tried again, but not all the time


def test_what_is_due_at_one_moment_comes_in_portions_the_oldest_first(rules: Rulebook) -> None:
    world, done = World(), list[int]()

    def steps(of: Ticket, _policy: Policy) -> Iterable[Step]:
        return [Step(1000 - of.number, "late")]

    def act(_draft: Draft, _rules: Rulebook, of: Ticket, _step: Step, _now: int) -> None:
        done.append(of.number)

    draft = drafted(world, *(ticket(number) for number in range(1, 251)))
    work(draft, rules, [Room("late", steps, act)], 5)
    draft.settle()
    portions = []
    for _ in range(3):
        draft, before = Draft(world), len(done)
        draft.desk_sweep = True
        work(draft, rules, [Room("late", steps, act)], 2000)
        draft.settle()
        portions.append((sorted(done[before:]), draft.desk_left))
    assert portions == [
        (list(range(151, 251)), True),
        (list(range(51, 151)), True),
        (list(range(1, 51)), False),
    ]
