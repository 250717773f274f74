"""Metrics and figures of the desk: they begin at 0, each event counts once, and the ratios are those of a recount."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from agent.desk_metrics import DeskMetrics
from alerting.desk.figures import OnTime, on_time, spread
from alerting.desk.parts import Escalation, FollowUp
from alerting.desk.ticket import Move, Ticket, TicketState, moved
from config.policies import DEFAULT_POLICY, PRIORITIES, Overall, Term
from config.units import HOUR
from tests.agent.desk.test_recording import ask
from tests.moving_clock import Driven, MovingClock

SECOND = 1_000_000
HOURS = 3600 * SECOND
NEW = Ticket(1, "shop", "", TicketState.NEW, "high", "high", "Slow", "", 0, {})
PROMISED = replace(DEFAULT_POLICY, name="gold", overall=(Overall(Fraction(95, 100), Term(24 * HOUR)),))


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


@pytest.fixture
def counted(tmp_path: Path) -> tuple[DeskMetrics, CollectorRegistry]:
    registry = CollectorRegistry()
    return DeskMetrics(tmp_path, "test", MovingClock(), registry), registry


def test_every_series_begins_at_zero(counted: tuple[DeskMetrics, CollectorRegistry]) -> None:
    _, registry = counted
    for priority in PRIORITIES:
        assert value(registry, "tocsin_ticket_resolve_seconds_count", priority=priority) == 0
        assert value(registry, "tocsin_ticket_breaches_total", clock="resolve", priority=priority) == 0
    assert value(registry, "tocsin_ticket_escalations_total", tier="3") == 0


def test_each_event_is_counted_once(counted: tuple[DeskMetrics, CollectorRegistry]) -> None:
    metrics, registry = counted
    acked = moved(NEW, Move.ACK, 60 * SECOND, "one")
    begun = moved(acked, Move.START, 120 * SECOND, "one")
    up = replace(
        begun,
        tier=2,
        escalations=(Escalation(1, "48h", 1, 2, "tocsin", 1.0),),
        steps={"breach:resolve": 5, "breach:answer:1:0": 6, "foretell:resolve:75": 4},
        follow_ups=(FollowUp(1, 5, missed=True), FollowUp(2, 9)),
    )
    down = replace(up, tier=1, escalations=(*up.escalations, Escalation(2, "by hand", 2, 1, "one", 1.0)))
    done = moved(down, Move.RESOLVE, 2 * HOURS, "one")
    turns = [(None, NEW), (NEW, acked), (acked, begun), (begun, up), (up, down), (down, done), (done, done)]
    for turn in turns:
        metrics.turned([turn])
    metrics.turned([(None, replace(done, test=True)), (None, replace(done, merged_into=7))])
    for what, total in (("acknowledge", 60), ("begin", 120), ("resolve", 7200)):
        assert value(registry, f"tocsin_ticket_{what}_seconds_count", priority="high") == 1
        assert value(registry, f"tocsin_ticket_{what}_seconds_sum", priority="high") == total
    assert value(registry, "tocsin_ticket_resolve_seconds_bucket", priority="high", le="7200.0") == 1
    assert value(registry, "tocsin_ticket_resolve_seconds_bucket", priority="high", le="3600.0") == 0
    assert value(registry, "tocsin_ticket_breaches_total", clock="resolve", priority="high") == 1
    assert value(registry, "tocsin_ticket_breaches_total", clock="answer", priority="high") == 1
    assert value(registry, "tocsin_ticket_escalations_total", tier="2") == 1
    assert value(registry, "tocsin_ticket_escalations_total", tier="1") is None
    assert value(registry, "tocsin_ticket_follow_ups_missed_total", priority="high") == 1


@given(st.lists(st.tuples(st.integers(0, 200), st.one_of(st.none(), st.integers(0, 100))), max_size=30))
def test_the_ratio_is_that_of_a_recount(told: list[tuple[int, int | None]]) -> None:
    """Hours from the first moment: when it was identified, and how long it took, None for not resolved."""
    now, since = 200 * HOURS, 20 * HOURS
    tickets = []
    for number, (at, hours) in enumerate(told):
        resolved = None if hours is None or (at + hours) * HOURS > now else (at + hours) * HOURS
        ticket = replace(NEW, number=number, policy="g", opened_at=at * HOURS, resolved_at=resolved)
        tickets.append(
            ticket if number % 2 else replace(ticket, opened_at=0, stamps={"identified": at * HOURS})
        )
    for within in (24, 48):
        judged = good = 0
        for ticket in tickets:
            at = ticket.stamps.get("identified", ticket.opened_at)
            if at < since:
                continue
            if ticket.resolved_at is not None:
                judged += 1
                good += ticket.resolved_at - at <= within * HOURS
            elif now - at >= within * HOURS:
                judged += 1
        found = {each.within: each for each in on_time(tickets, {"g": PROMISED}, since, now)}[f"{within}h"]
        assert (found.tickets, found.on_time) == (judged, good)
        assert found.ratio == (Fraction(good, judged) if judged else None)
        assert found.target == (Fraction(95, 100) if within == 24 else None)


def test_exactly_the_target_is_enough_and_without_tickets_nobody_knows() -> None:
    assert OnTime("gold", "24h", Fraction(95, 100), 100, 95).met is True
    assert OnTime("gold", "24h", Fraction(95, 100), 1000, 949).met is False
    assert OnTime("gold", "24h", Fraction(95, 100)).met is None
    assert OnTime("gold", "24h", None, 5, 5).met is None


def test_the_spread_of_times() -> None:
    found = spread([5, 1, 4, 2, 3, 6, 7, 8, 9, 10])
    assert (found.count, found.mean, found.median, found.p90) == (10, 5.5, 5.5, 9)
    assert spread([7]).p90 == 7
    assert spread([]).mean is None


@pytest.mark.anyio
async def test_the_page_has_the_desk_and_a_restart_counts_nothing_again(tmp_path: Path) -> None:
    teams = {"web": {"members": [{"name": "Agent One", "email": "one@example.org"}]}}
    async with Driven(tmp_path, {}, teams=teams) as driven:
        await ask(driven, "tickets.open", title="Slow", team="web", severity="high")
        await ask(driven, "tickets.open", title="Slower", team="web", severity="high")
        driven.clock.move(3600)
        await ask(driven, "tickets.resolve", ticket=1, note="restarted")
        page = shown(driven)
        assert page["tocsin_tickets_backlog", "priority=high,team=web"] == 1
        assert page["tocsin_tickets_oldest_seconds", "priority=high"] == 3600
        assert page["tocsin_tickets_age_seconds_bucket", "le=3600.0"] == 1
        assert page["tocsin_ticket_resolve_seconds_sum", "priority=high"] == 3600
        assert page["tocsin_tickets_on_time_ratio", "policy=default,within=24h"] == 1
        clock = driven.clock
        clock.move(25 * 3600)
        await driven.advance(70)
        page = shown(driven)
        assert page["tocsin_tickets_on_time_ratio", "policy=default,within=24h"] == 0.5
        assert page["tocsin_tickets_overdue", "priority=high"] == 1
        assert page["tocsin_ticket_breaches_total", "clock=resolve,priority=high"] == 1
    async with Driven(tmp_path, {}, clock, teams=teams) as driven:
        await driven.advance(30)
        page = shown(driven)
        assert page["tocsin_ticket_resolve_seconds_count", "priority=high"] == 0
        assert page["tocsin_ticket_breaches_total", "clock=resolve,priority=high"] == 0
        assert page["tocsin_tickets_on_time_ratio", "policy=default,within=24h"] == 0.5


def shown(driven: Driven) -> dict[tuple[str, str], float]:
    """The page by name and labels."""
    families = text_string_to_metric_families(driven.app.metrics.page().decode())
    return {
        (
            sample.name,
            ",".join(f"{name}={said}" for name, said in sorted(sample.labels.items())),
        ): sample.value
        for family in families
        for sample in family.samples
    }
