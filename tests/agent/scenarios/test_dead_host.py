"""One dead host with 50 services on it is one ticket, in whatever order they fail and are looked at."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.agent.scenarios.simulated import SECOND, START, Simulated

CHILDREN = [f"s{number:02}" for number in range(50)]
DIES, BACK, OVER = 130.0, 600.0, 1500.0
LEFT = BACK + 500.0  # when the last of what stays broken recovers
SHORT_WATCH = {"watch_for": "2m"}
ORDERS = range(20)
# A sample of the orders where they are no matter of their own; the others in a long run.
FEW = [seed if seed < 2 else pytest.param(seed, marks=pytest.mark.slow) for seed in range(6)]
# What the host's own check is like: as quick as the others, quicker, slower and surer.
HOSTS: tuple[dict[str, Any], ...] = (
    {},
    {"every": "10s"},
    {"every": "5m", "confirm": 3},
    {"every": "2m", "timeout": "30s", "retry_every": "20s"},
)
UNDER_HOST = {"depends_on": ["host"]}


def check(name: str, **options: Any) -> dict[str, Any]:
    return {"type": "tcp", "host": f"{name}.example.org", "port": 80, "every": "60s", **options}


def services(children: dict[str, Any], host: dict[str, Any]) -> dict[str, Any]:
    """A host, what stands on it, and what has nothing to do with it."""
    found: dict[str, Any] = {name: {"checks": {"web": check(name)}, **children} for name in CHILDREN}
    found["host"] = {"criticality": "high", "checks": {"ping": check("host", **host)}}
    found["other"] = {"checks": {"web": check("other")}}
    return found


class Order:
    """When each fails, recovers and is first looked at, drawn from a seed; the host first, last, or in the middle."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.host = HOSTS[seed % len(HOSTS)]
        self.fails = {name: DIES + rng.uniform(0, 4) for name in CHILDREN}
        self.fails["host"] = DIES + (0.0, 4.0, 2.0)[seed % 3]
        self.heals = {name: BACK + rng.uniform(-10, 10) for name in [*CHILDREN, "host"]}
        self.late = {name: rng.uniform(0, 60) for name in [*CHILDREN, "host", "other"]}

    def truth(self, name: str, at: float) -> str:
        service = name.partition(".")[0]
        return "d" if self.fails.get(service, OVER) <= at < self.heals.get(service, OVER) else "o"


@contextmanager
def town(directory: Path, order: Order, services: dict[str, Any]) -> Iterator[Simulated]:
    simulated = Simulated(directory, {}, defaults=SHORT_WATCH)
    simulated.truth = order.truth
    simulated.looks_late = lambda name: order.late[name.partition(".")[0]]
    simulated.reload(services)
    with simulated:
        yield simulated


def seconds(moment: int | None) -> float:
    assert moment is not None
    return moment / SECOND - START


def all_over(simulated: Simulated) -> None:
    """Nothing is left open, in tickets, incidents or memory."""
    assert [(each.service, each.rule) for each in simulated.incidents() if each.state != "resolved"] == []
    assert [ticket.title for ticket in simulated.tickets() if ticket.is_open] == []
    assert list(simulated.world.problems) == []


def one_ticket(simulated: Simulated, service: str, rule: str, affected: set[str]) -> None:
    """Exactly one ticket, of that cause, with exactly those services affected."""
    (incident,) = simulated.shown()
    assert (incident["service"], incident["rule"]) == (service, rule)
    assert set(incident["affected"]) == affected
    (ticket,) = simulated.tickets()
    assert (ticket.service, ticket.check) == (service, rule if service != "tocsin" else "")


@pytest.mark.parametrize("seed", ORDERS)
def test_dead_host_is_one_ticket_with_all_children_named_and_all_is_closed_in_the_end(
    tmp_path: Path, seed: int
) -> None:
    order = Order(seed)
    with town(tmp_path, order, services(UNDER_HOST, order.host)) as simulated:
        simulated.advance(BACK - 100)
        one_ticket(simulated, "host", "ping", {"host", *CHILDREN})
        (incident,) = simulated.incidents()
        assert (incident.state, incident.severity) == ("open", "high")
        assert order.fails["host"] <= seconds(incident.opened_at) <= order.fails["host"] + 305
        simulated.advance(OVER - simulated.now)
        one_ticket(simulated, "host", "ping", {"host", *CHILDREN})
        (incident,) = simulated.incidents()
        assert order.heals["host"] <= seconds(incident.resolved_at) <= order.heals["host"] + 305
        all_over(simulated)


@pytest.mark.parametrize("seed", FEW)
def test_each_second_cause_meanwhile_has_an_incident_of_its_own(tmp_path: Path, seed: int) -> None:
    """An unrelated service; a child's own disk, full for its own reasons; a child that stays broken afterwards."""
    order = Order(seed)
    told = services(UNDER_HOST, order.host)
    told["s07"]["checks"]["disk"] = {"type": "disk", "path": "/", "every": "60s"}
    own = {"other.web": (DIES + 200, BACK + 400), "s07.disk": (DIES + 5, BACK + 400), "s11.web": (0, LEFT)}

    def truth(name: str, at: float) -> str:
        begins, ends = own.get(name, (0, 0))
        if name == "s07.disk":
            return "d" if begins <= at < ends else "o"
        return "d" if (begins and begins <= at < ends) or order.truth(name, at) == "d" else "o"

    order.heals["s11"] = LEFT
    with town(tmp_path, order, told) as simulated:
        simulated.truth = truth
        simulated.advance(BACK - 100)
        found = {(each["service"], each["rule"]): set(each["affected"]) for each in simulated.shown()}
        assert found == {
            ("host", "ping"): {"host", *CHILDREN},
            ("other", "web"): {"other"},
            ("s07", "disk"): {"s07"},
        }
        assert len(simulated.tickets()) == 3
        simulated.advance(590)
        incidents = {(each.service, each.rule): each for each in simulated.incidents()}
        assert set(incidents) == {("host", "ping"), ("other", "web"), ("s07", "disk"), ("s11", "web")}
        left = incidents["s11", "web"]
        assert left.state == "open"
        assert order.fails["s11"] <= seconds(left.opened_at) <= order.fails["s11"] + 65, "back-dated"
        simulated.advance(OVER - simulated.now)
        assert len(simulated.tickets()) == 4
        all_over(simulated)


@pytest.mark.parametrize("seed", FEW)
def test_services_that_share_a_host_by_label_alone_are_one_ticket(tmp_path: Path, seed: int) -> None:
    """Nobody wrote what depends on what. What opened before there were enough for a storm is a duplicate of it."""
    order = Order(seed)
    order.fails = {name: at if name != "other" else OVER for name, at in order.fails.items()}
    told = services({"labels": {"host": "rack-1"}}, {})
    del told["host"]
    with town(tmp_path, order, told) as simulated:
        simulated.advance(BACK - 100)
        one_storm(simulated, "storm:host=rack-1", set(CHILDREN))
        simulated.advance(OVER - simulated.now)
        one_storm(simulated, "storm:host=rack-1", set(CHILDREN))
        all_over(simulated)


def one_storm(simulated: Simulated, rule: str, affected: set[str]) -> None:
    """One incident and ticket for all; fewer than make a storm came before, and ended in it."""
    early, (storm,) = [
        [each for each in simulated.shown() if (each["rule"] == rule) == wanted] for wanted in (False, True)
    ]
    assert set(storm["affected"]) == affected
    assert len(early) < 5
    assert {each["merged_into"] for each in early} <= {storm["id"]}
    others = [ticket for ticket in simulated.tickets() if ticket.id != storm["ticket"]]
    assert [ticket.state for ticket in others] == ["closed"] * len(early)


@pytest.mark.parametrize("seed", FEW)
@pytest.mark.parametrize("both", [True, False])
def test_two_uplinks_are_the_cause_only_when_both_are_gone(tmp_path: Path, seed: int, both: bool) -> None:
    """With one of them gone there is a ticket of it, and whatever fails besides has its own."""
    order = Order(seed)
    told = services({"depends_on": [{"any_of": ["uplinks.north", "uplinks.south"]}]}, {})
    told["uplinks"] = {"checks": {"north": check("north"), "south": check("south")}, "down_when": "all"}
    rng = random.Random(seed)
    begins = {"uplinks.north": DIES + rng.uniform(0, 4), "uplinks.south": DIES + rng.uniform(0, 4)}
    failing = {"s01.web", "s02.web"} if not both else {f"{name}.web" for name in CHILDREN}

    def truth(name: str, at: float) -> str:
        if name in begins:
            gone = both or name == "uplinks.north"
            return "d" if gone and begins[name] <= at < BACK else "o"
        return order.truth(name, at) if name in failing else "o"

    order.late["uplinks"] = rng.uniform(0, 60)
    with town(tmp_path, order, told) as simulated:
        simulated.truth = truth
        simulated.advance(BACK - 100)
        found = {(each["service"], each["rule"]): set(each["affected"]) for each in simulated.shown()}
        folded = {service for affected in found.values() for service in affected}
        if both:
            assert set(found) == {("uplinks", "north"), ("uplinks", "south")}
            assert folded == {"uplinks", *CHILDREN}
            assert len(simulated.tickets()) == 2
        else:
            assert set(found) == {("uplinks", "north"), ("s01", "web"), ("s02", "web")}
        simulated.advance(OVER - simulated.now)
        all_over(simulated)


@pytest.mark.parametrize("seed", FEW)
def test_grandparent_is_the_cause_of_all_below_it(tmp_path: Path, seed: int) -> None:
    """The switch carries the host, the host the services: everything is in the switch's ticket."""
    order = Order(seed)
    told = services(UNDER_HOST, order.host)
    told["host"]["depends_on"] = ["switch.port"]
    told["switch"] = {"checks": {"port": check("switch", **HOSTS[(seed + 1) % len(HOSTS)])}}
    rng = random.Random(seed)
    order.fails["switch"], order.heals["switch"] = DIES + rng.choice([0, 2, 4]), BACK
    order.late["switch"] = rng.uniform(0, 60)
    with town(tmp_path, order, told) as simulated:
        simulated.advance(BACK - 100)
        one_ticket(simulated, "switch", "port", {"switch", "host", *CHILDREN})
        simulated.advance(OVER - simulated.now)
        one_ticket(simulated, "switch", "port", {"switch", "host", *CHILDREN})
        all_over(simulated)
