"""Flapping, in fixed, random and bursty patterns: one ticket, few words, and down time as it was."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.uptime import figures
from alerting.slo.periods import parse_period
from tests.agent.scenarios.simulated import Simulated

EVERY, RETRY = 30, 5
LASTS, QUIET = 3600.0, 3600.0
# Resolved and back at most twice, then one line that it flaps, one that it is steady, and the end: what a person
# over there may be told of an hour of it. Without a rule it would be up to thirty of each.
MOST_RESOLVED, MOST_LINES = 4, 12


def fixed(_rng: random.Random, phase: float) -> list[float]:
    return [phase] * int(LASTS / phase)


def drawn(rng: random.Random, phase: float) -> list[float]:
    return [rng.uniform(0.3, 2) * phase for _ in range(int(LASTS / phase))]


def bursty(rng: random.Random, phase: float) -> list[float]:
    """Bursts of a few quick changes, and some minutes of peace between them."""
    found: list[float] = []
    while sum(found) < LASTS:
        found += [rng.uniform(0.3, 0.8) * phase for _ in range(2 * rng.randint(2, 4) - 1)]
        found.append(rng.uniform(2, 4) * phase)
    return found


PATTERNS = [
    (shape, phase, 0) if seed == 0 else pytest.param(shape, phase, seed, marks=pytest.mark.slow)
    for shape in (fixed, drawn, bursty)
    for phase in (60.0, 120.0, 200.0)
    for seed in range(1 if shape is fixed else 4)
]


def down_as_seen(readings: list[tuple[float, str]], confirm: int, recover: int) -> float:
    """An oracle of its own: confirmed states by the readings alone, each back-dated to the first reading of its run."""
    state, run, total, began = "o", 0, 0.0, 0.0
    first = 0.0
    for at, word in readings:
        if word == state:
            run = 0
            continue
        run += 1
        first = at if run == 1 else first
        if run == (confirm if word == "d" else recover):
            total += first - began if word == "o" else 0.0
            began = first
            state, run = word, 0
    assert state == "o", "the pattern ends well"
    return total


@pytest.mark.parametrize(("shape", "phase", "seed"), PATTERNS)
def test_flapping_is_one_ticket_with_few_words_and_its_down_time_is_right(
    tmp_path: Path, shape: Any, phase: float, seed: int
) -> None:
    rng = random.Random(f"{shape.__name__} {phase} {seed}")
    edges = [100.0, *(100.0 + at for at in accumulate(shape(rng, phase)))]
    broken = [(begin, end) for number, (begin, end) in enumerate(pairwise(edges)) if number % 2 == 0]
    check = {
        "type": "tcp",
        "host": "shop.example.org",
        "port": 80,
        "every": f"{EVERY}s",
        "retry_every": f"{RETRY}s",
    }
    seen: list[tuple[float, str]] = []

    def truth(_name: str, at: float) -> str:
        word = "d" if any(begin <= at < end for begin, end in broken) else "o"
        seen.append((at, word))
        return word

    with Simulated(tmp_path, {"shop": {"checks": {"up": check}}}) as simulated:
        simulated.truth = truth
        simulated.advance(edges[-1])
        while_it_flaps = len(simulated.incidents()), len(simulated.tickets())
        simulated.advance(QUIET)
        assert while_it_flaps == (len(simulated.incidents()), len(simulated.tickets())) == (1, 1)
        (incident,), (ticket,) = simulated.incidents(), simulated.tickets()
        assert (incident.state, ticket.state, dict(simulated.world.problems)) == ("resolved", "closed", {})
        lines = [event.what for event in simulated.events(ticket.number)]
        assert lines.count("recovered") <= MOST_RESOLVED, lines
        assert lines.count("recovered") == lines.count("reopened") + 1, lines
        assert len(lines) <= MOST_LINES, lines
        with simulated.store() as store:
            ledger = store.ledger("shop")
        service = simulated.rules.services["shop"]
        account = figures(service, ledger, parse_period("30d", "UTC", simulated.moment), simulated.moment)
        assert float(account["seconds"]["down"]) == pytest.approx(down_as_seen(seen, 2, 2), abs=0.01)
        assert float(account["seconds"]["unknown"]) <= EVERY, "what the last look does not tell yet"


def test_a_blip_now_and_then_is_no_flapping_and_no_ticket(tmp_path: Path) -> None:
    check = {"type": "tcp", "host": "shop.example.org", "port": 80, "every": "30s"}
    with Simulated(tmp_path, {"shop": {"checks": {"up": check}}}) as simulated:
        simulated.truth = lambda _name, at: "d" if at % 300 < 3 else "o"
        simulated.advance(3600)
        assert simulated.incidents() == []
