"""Laws of incidents, whatever readings, holds, reloads, restarts and persons come in between."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.desk.asked import CannotDo
from agent.desk.tickets import PersonsMove
from agent.memory import Address, Draft
from alerting.desk.ticket import IllegalMove, Move
from alerting.incidents.incident import IncidentState
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Match, Suppression
from checks.base import Status
from tests.agent.scenarios.simulated import SECOND, Simulated

LONG = settings.default is not None and settings.default.max_examples > 1000
DEFAULTS = {"every": "30s", "watch_for": "2m", "reopen_within": "10m", "blind_after": "20m"}
BAD = (Status.DEGRADED, Status.DOWN)


def tcp(name: str, **options: Any) -> dict[str, Any]:
    return {"type": "tcp", "host": f"{name}.example.org", "port": 80, **options}


def town() -> dict[str, Any]:
    """A gate, two that stand behind it, one that needs either of them, and what they share by label."""
    rack = {"labels": {"host": "rack"}}
    return {
        "gate": {"criticality": "critical", "checks": {"port": tcp("gate", confirm=3)}},
        "web": {
            "depends_on": ["gate"],
            "checks": {"home": tcp("web"), "days": tcp("days", counts_for_uptime=False, recover_after="1m")},
        },
        "alt": {"depends_on": ["gate.port"], "checks": {"home": tcp("alt", every="60s", confirm="3 of 5")}},
        "shop": {
            "depends_on": [{"any_of": ["web.home", "alt"]}],
            "checks": {"cart": tcp("shop", retry_every="30s"), "pay": tcp("pay", depends_on=["shop.cart"])},
        },
        **{name: {**rack, "checks": {"up": tcp(name)}} for name in ("r1", "r2", "r3")},
    }


def without_gate() -> dict[str, Any]:
    left = town()
    del left["gate"]
    left["web"].pop("depends_on")
    left["alt"].pop("depends_on")
    return left


def with_web_renamed() -> dict[str, Any]:
    renamed = town()
    home = renamed["web"]["checks"].pop("home")
    renamed["web"]["checks"]["front"] = {**home, "was": "home"}
    renamed["shop"]["depends_on"] = [{"any_of": ["web.front", "alt"]}]
    return renamed


def with_web_disabled() -> dict[str, Any]:
    told = town()
    told["web"]["checks"]["home"]["disabled"] = "being moved"
    return told


def with_other_thresholds() -> dict[str, Any]:
    told = town()
    told["web"]["checks"]["home"].update(confirm=1, recover=4)
    told["shop"]["criticality"] = "high"
    return told


VARIANTS = {
    "as it was": town,
    "without the gate": without_gate,
    "renamed": with_web_renamed,
    "disabled": with_web_disabled,
    "other thresholds": with_other_thresholds,
}
NAMES = ["gate.port", "web.home", "web.days", "alt.home", "shop.cart", "shop.pay", "r1.up", "r2.up", "r3.up"]
SCOPES = st.sampled_from(
    [(), ("web",), ("gate",), ("web.home", "shop.cart"), ("r1", "r2", "r3"), ("alt", "shop")]
)


class Incidents(RuleBasedStateMachine):
    """The real decisions on a real store; the truth, time, people and the operator are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.simulated = Simulated(
            Path(self.folder.name),
            town(),
            defaults=DEFAULTS,
            incidents={"storm": {"services": 3, "wait": "5s"}},
        )
        self.simulated.sweep_every = 15.0
        self.truths: dict[str, str] = {}
        self.holds: dict[str, Suppression] = {}
        self.touched: set[int] = set()
        self.variant = "as it was"
        self.states: dict[Address, Status] = {}
        self.before = self.picture()
        self.simulated.truth = lambda name, _at: self.truths.get(name.replace("web.front", "web.home"), "o")
        self.simulated.after = self.after_commit

    def teardown(self) -> None:
        try:
            self.everything_ends()
        finally:
            self.simulated.close()
            self.folder.cleanup()

    # -- what happens

    @rule(
        name=st.sampled_from(NAMES), word=st.sampled_from("oooddgu"), seconds=st.sampled_from([0, 7, 40, 130])
    )
    def turns(self, name: str, word: str, seconds: int) -> None:
        self.truths[name] = word
        self.simulated.advance(seconds)

    @rule(names=st.lists(st.sampled_from(NAMES), min_size=3, unique=True), word=st.sampled_from("od"))
    def many_turn(self, names: list[str], word: str) -> None:
        self.truths.update(dict.fromkeys(names, word))

    @rule(name=st.sampled_from(NAMES), gap=st.sampled_from([31, 45, 70]), times=st.integers(3, 12))
    def flaps(self, name: str, gap: int, times: int) -> None:
        for number in range(times):
            self.truths[name] = "do"[number % 2]
            self.simulated.advance(gap)

    @rule(seconds=st.sampled_from([1, 11, 61, 181, 400]))
    def time_passes(self, seconds: int) -> None:
        self.simulated.advance(seconds)

    @rule(
        names=SCOPES, why=st.sampled_from([Why.MAINTENANCE, Why.SILENCE]), minutes=st.sampled_from([1, 4, 15])
    )
    def is_held(self, names: tuple[str, ...], why: Why, minutes: int) -> None:
        sim = self.simulated
        number = f"{'M' if why is Why.MAINTENANCE else 'S'}-{len(self.holds) + 1}"
        end = sim.moment + minutes * 60 * SECOND
        self.holds[number] = Suppression(number, why, sim.moment, end, "planned", "jo", Match(names=names))
        sim.record(self.holds[number])

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def hold_ends_early(self, data: st.DataObject) -> None:
        held = self.holds[data.draw(st.sampled_from(sorted(self.holds)))]
        now = self.simulated.moment
        if held.start < now < held.end:
            over = Suppression(held.id, held.why, held.start, now, held.reason, held.by, held.match)
            self.holds[held.id] = over
            self.simulated.record(over)

    @rule(variant=st.sampled_from(sorted(VARIANTS)))
    def is_reloaded(self, variant: str) -> None:
        self.simulated.reload(VARIANTS[variant]())
        self.variant = variant

    @rule(off=st.sampled_from([0, 20, 300, 3000]))
    def is_restarted(self, off: int) -> None:
        self.simulated.restart(off)

    @precondition(lambda self: self.simulated.world.tickets)
    @rule(data=st.data(), move=st.sampled_from(list(Move)))
    def person_acts(self, data: st.DataObject, move: Move) -> None:
        number = data.draw(st.sampled_from(sorted(self.simulated.world.tickets)))
        before = set(self.touched)
        self.touched.add(number)
        try:
            self.simulated.move(number, PersonsMove(move, "jo"))
        except (IllegalMove, CannotDo):  # or its root cause is to be written down first
            self.touched = before

    # -- laws

    def picture(self) -> tuple[set[Address], set[Address]]:
        """The problems there are, and the incidents that are open."""
        world = self.simulated.world
        opened = {key for key, each in world.incidents.items() if each.state is IncidentState.OPEN}
        return set(world.problems), opened

    def after_commit(self, draft: Draft) -> None:
        self.flips_alternate(draft)
        self.unknown_decides_nothing(draft)
        self.trouble_is_accounted_for()
        self.open_tickets_have_a_reason()
        self.before = self.picture()

    def flips_alternate(self, draft: Draft) -> None:
        for old, new in draft.moves:
            if old in self.states:
                self.states[new] = self.states.pop(old)
        for address in draft.checks.dropped:
            self.states.pop(address, None)
        for address, flip in draft.flips:
            assert flip.after is not Status.UNKNOWN
            assert flip.before is not flip.after
            assert self.states.get(address, flip.before) is flip.before
            self.states[address] = flip.after

    def unknown_decides_nothing(self, draft: Draft) -> None:
        """What an unknown reading says of its own check: nothing."""
        if not draft.readings or any(
            reading.status is not Status.UNKNOWN for _, _, reading in draft.readings
        ):
            return
        assert not draft.flips
        problems, opened = self.before
        for address, _, _ in draft.readings:
            assert (address in self.simulated.world.problems) == (address in problems)
            if address in opened:
                assert self.simulated.world.incidents[address].state is not IncidentState.WATCHING

    def trouble_is_accounted_for(self) -> None:
        """No confirmed trouble without an incident, its own or another's, or a hold; and no trouble besides."""
        world = self.simulated.world
        numbered = {each.id: each for each in world.incidents.values()}
        for address in self.simulated.rules.checks:
            state = world.checks[address].state.state if address in world.checks else None
            problem = world.problems.get(address)
            if state in BAD:
                assert problem is not None, f"{address} is {state}, and nobody knows"
            if problem is None:
                continue
            assert state in BAD or problem.calm is not None, f"{address} is {state}: {problem}"
            assert problem.incident is not None or problem.hold is not None, problem
            if problem.incident is not None and problem.hold is None:
                assert numbered[problem.incident].state is IncidentState.OPEN, problem
        for key in world.problems:
            assert key in self.simulated.rules.checks or key[1] in ("blind", "budget"), key

    def open_tickets_have_a_reason(self) -> None:
        world = self.simulated.world
        serving = {each.ticket for each in world.incidents.values() if each.state is IncidentState.OPEN}
        for number, ticket in world.tickets.items():
            if number not in self.touched:
                assert ticket.is_open == (number in serving), (ticket, world.incidents)

    @invariant()
    def one_incident_at_most_holds_each_key(self) -> None:
        keys = [(each.service, each.rule) for each in self.simulated.incidents() if each.holds_key]
        assert len(keys) == len(set(keys))

    def everything_ends(self) -> None:
        """Once all checks are good, nothing holds and time has passed."""
        self.truths.clear()
        self.simulated.advance(2700)
        assert [each for each in self.simulated.incidents() if each.state is not IncidentState.RESOLVED] == []
        assert dict(self.simulated.world.problems) == {}
        assert [
            each for each in self.simulated.tickets() if each.is_open and each.number not in self.touched
        ] == []


TestIncidents = Incidents.TestCase
TestIncidents.settings = settings(
    max_examples=400 if LONG else 10,
    stateful_step_count=40 if LONG else 20,
    deadline=None,
    phases=tuple(Phase) if LONG else (Phase.generate,),  # a run of minutes cannot be made shorter in less
    suppress_health_check=list(HealthCheck),
)
