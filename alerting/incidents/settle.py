"""Settle: where each problem belongs, whatever the order in which they came: its own incident, another's, or none yet.

Pure: problems, incidents and what surrounds them in, places out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from alerting.incidents.graph import Graph
from alerting.incidents.incident import Incident, IncidentState
from alerting.incidents.problem import Hold, Key, Problem, Why
from alerting.incidents.storms import STORM, StormSpec, rule_of, storms
from checks.base import Status
from config.burn import BUDGET

# Owns what is about no single service: storms, digests, the monitor's own troubles.
SELF = "tocsin"
BLIND, ISOLATED = "blind", "isolated"
_SECOND = 1_000_000
_SET_BACK = 60 * _SECOND


class Surroundings(Protocol):
    """What the core must know of services and checks; names are `service` or `service.check`, times microseconds."""

    def held(self, problem: Problem) -> Hold | None:
        """What holds back its opening now, or its getting worse."""
        ...

    def down(self, service: str, rules: Collection[str]) -> bool:
        """Whether the service is down when exactly these checks are."""
        ...

    def checks_of(self, name: str) -> Collection[Key]:
        """The checks that say whether it is down; none of a service that is not looked at."""
        ...

    def well_since(self, key: Key, since: int) -> bool:
        """Whether a look that began at `since` or later did not fail."""
        ...

    def failing(self, key: Key) -> bool:
        """Whether its latest look failed: it looks again by itself, as soon as its own rhythm allows."""
        ...

    def lull(self, key: Key) -> int:
        """How long after others it may well fail for the same cause."""
        ...

    def time_to_tell(self, key: Key) -> int:
        """How long the check takes to confirm what it sees, if it looks at once."""
        ...

    def slack(self, key: Key) -> int:
        """How much later than the trouble itself its first failing reading may be."""
        ...

    def folds(self, problem: Problem) -> bool:
        """Whether a broken parent may be its cause."""
        ...

    def labels(self, problem: Problem) -> tuple[str, ...]:
        """What it shares with others, such as `host=web-01`."""
        ...

    def suspects(self, label: str) -> Collection[str]:
        """Services with that label of which a check fails that is not confirmed yet."""
        ...

    def sharing(self, label: str) -> int:
        """How many services could have the label at all."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a problem waits for its parents at most, in seconds, and what makes a storm."""

    parents_wait: float = 120.0
    storm: StormSpec = field(default_factory=StormSpec)


@dataclass(frozen=True, slots=True)
class Known:
    """How incidents are found: the latest of a key, or by number."""

    latest: Callable[[Key], Incident | None]
    numbered: Callable[[int], Incident | None]


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything as it is at `now`.

    Without `patience` nothing waits: what is over already is to have its incident all the same.
    """

    now: int
    problems: Mapping[Key, Problem]
    incidents: Known
    graph: Graph
    around: Surroundings
    limits: Limits
    patience: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem belongs: `into` is the key of an incident, its own too; None while a `hold` keeps it from any.

    `by` is what decided, `cause` the parent or label that it did it for, `look` the checks that should look at once.
    """

    into: Key | None
    hold: Hold | None = None
    by: str = "confirm"
    cause: str = ""
    look: tuple[Key, ...] = ()


def settle(scene: Scene) -> dict[Key, Place]:
    """The place of every problem."""
    placing = _Placing(scene)
    return {key: placing.place(key) for key in sorted(scene.problems)}


class _Placing:
    def __init__(self, scene: Scene) -> None:
        self._scene, self._around = scene, scene.around
        self._places: dict[Key, Place] = {}
        self._broken: dict[str, bool] = {}
        self._down: dict[str, set[str]] = {}
        for problem in scene.problems.values():
            if problem.level is Status.DOWN and problem.calm is None:
                self._down.setdefault(problem.service, set()).add(problem.rule)
        self._storms: dict[Key, str] | None = None
        self._held: dict[Key, Hold | None] = {}
        self._causes: dict[Key, Problem | None] = {}

    def place(self, key: Key) -> Place:
        if key not in self._places:
            self._places[key] = self._of(self._scene.problems[key])
        return self._places[key]

    def _of(self, problem: Problem) -> Place:
        """The first of these that has something to say."""
        if problem.rule == BUDGET:
            return self._budget(problem)
        if problem.service == SELF or problem.rule == BLIND:
            return self._held_back(problem) or Place(problem.key)
        return (
            self._held_back(problem)
            or self._with_parent(problem)
            or self._left_behind(problem)
            or self._waits_for_parents(problem)
            or self._in_storm(problem)
            or self._waits_for_others(problem)
            or Place(problem.key)
        )

    # -- parents

    def _with_parent(self, problem: Problem) -> Place | None:
        cause = self._cause(problem)
        if cause is None:
            return None
        there = self.place(cause.key)
        if there.into is not None and (there.hold is None or problem.incident is not None):
            return Place(there.into, by="depends_on", cause=cause.name)
        if problem.incident is not None or there.hold is None:
            return None
        if there.hold.why.waits:
            return Place(None, there.hold, "depends_on", cause.name)
        held = Hold(Why.PARENT_HELD, there.hold.by, self._scene.now, there.hold.until)
        return Place(None, held, "depends_on", cause.name)

    def _cause(self, problem: Problem) -> Problem | None:
        """The problem of the topmost broken parent, the one that began first."""
        if problem.key not in self._causes:
            self._causes[problem.key] = self._topmost(problem)
        return self._causes[problem.key]

    def _topmost(self, problem: Problem) -> Problem | None:
        if not self._around.folds(problem):
            return None
        names = self._scene.graph.causes(
            problem.name, lambda name: self._first_of(name, problem) is not None, self._bare
        )
        found = [each for name in names if (each := self._first_of(name, problem)) is not None]
        return min(found, key=lambda each: (each.since, each.key), default=None)

    def _first_of(self, name: str, child: Problem) -> Problem | None:
        """The first problem of a broken parent; None when it is not broken, or only began long after the child's."""
        if not self._is_broken(name):
            return None
        service, dot, rule = name.partition(".")
        deciding = [(service, rule)] if dot else self._around.checks_of(name)
        down = [
            each
            for key in deciding
            if key[1] in self._down[service] and (each := self._scene.problems[key]).key != child.key
        ]
        first = min(down, key=lambda each: (each.since, each.key), default=None)
        late = first is not None and child.since < first.since - self._around.slack(first.key)
        return None if late else first

    def _is_broken(self, name: str) -> bool:
        if name not in self._broken:
            service, dot, rule = name.partition(".")
            down = self._down.get(service, set())
            self._broken[name] = rule in down if dot else bool(down) and self._around.down(service, down)
        return self._broken[name]

    def _bare(self, name: str) -> bool:
        return not self._around.checks_of(name)

    def _waits_for_parents(self, problem: Problem) -> Place | None:
        """Parents that fail too, but are not confirmed yet, or that nobody has seen well a while after it failed.

        What goes dark does not go dark at one moment: a parent that answers once more may be about to fail.
        """
        if problem.incident is not None or not self._scene.patience or not self._around.folds(problem):
            return None
        names = self._scene.graph.doubtful(
            problem.name, self._is_broken, lambda name: self._is_well(name, problem.at)
        )
        checks = [
            key
            for name in names
            for key in self._around.checks_of(name)
            if not self._well_after(key, problem.at)
        ]
        if not checks:
            return None
        tell = max(self._around.lull(key) + self._around.time_to_tell(key) for key in checks)
        until = problem.at + min(tell, int(self._scene.limits.parents_wait * _SECOND))
        if not self._lasts(problem.at, until):
            return None
        hold = Hold(Why.WAITS_FOR_PARENTS, ", ".join(names), problem.at, until)
        return Place(None, hold, "depends_on", names[0], tuple(self._to_look(checks, problem.at)))

    def _to_look(self, checks: list[Key], at: int) -> Iterator[Key]:
        """Those to look at once: at first, and again when a while has passed; what fails looks again by itself."""
        for key in checks:
            later = at + self._around.lull(key)
            seen = self._around.well_since(key, at) and self._scene.now < later
            if not seen and not self._around.failing(key):
                yield key

    def _is_well(self, name: str, at: int) -> bool:
        checks = self._around.checks_of(name)
        if not checks or self._is_broken(name):
            return False
        return all(self._well_after(key, at) for key in checks)

    def _well_after(self, key: Key, at: int) -> bool:
        return self._around.well_since(key, at + self._around.lull(key))

    def _left_behind(self, problem: Problem) -> Place | None:
        """Its incident is another's that is over, or explains it no more: it has a moment to recover as well."""
        if problem.incident is None:
            return self._left_held(problem)
        before = self._scene.incidents.numbered(problem.incident)
        if before is None or before.merged_into is not None:
            return None
        where = (before.service, before.rule)
        stormy = where[1].startswith(STORM) and before.state is IncidentState.OPEN
        if where == problem.key or stormy:
            return None
        hold = problem.hold or self._moment(problem, Why.WAITS_FOR_PARENTS, ".".join(where))
        if hold.until is not None and not self._lasts(hold.since, hold.until):
            return None
        return Place(where, hold, "depends_on", ".".join(where), (problem.key,))

    def _left_held(self, problem: Problem) -> Place | None:
        """It was held back with a parent that is well again, or explains it no more."""
        hold = problem.hold
        if hold is None or hold.why not in (Why.PARENT_HELD, Why.LEFT_BEHIND):
            return None
        if hold.why is Why.PARENT_HELD:
            hold = self._moment(problem, Why.LEFT_BEHIND, hold.by)
        if hold.until is not None and not self._lasts(hold.since, hold.until):
            return None
        return Place(None, hold, hold.by, look=(problem.key,))

    def _moment(self, problem: Problem, why: Why, by: str) -> Hold:
        """As long as it takes to tell."""
        wait = min(self._around.time_to_tell(problem.key), int(self._scene.limits.parents_wait * _SECOND))
        return Hold(why, by, self._scene.now, self._scene.now + wait)

    def _lasts(self, since: int, until: int) -> bool:
        """Whether a wait is still on; it is not when the clock was set back to well before it began."""
        now = self._scene.now
        return since - _SET_BACK < now < until

    # -- what holds back

    def _held_back(self, problem: Problem) -> Place | None:
        """Opening is held back, what has an incident already is not."""
        if problem.incident is not None:
            return None
        hold = self._holding(problem)
        return Place(None, hold, hold.by) if hold is not None else None

    def _holding(self, problem: Problem) -> Hold | None:
        if problem.key not in self._held:
            self._held[problem.key] = self._around.held(problem)
        return self._held[problem.key]

    # -- storms

    def _in_storm(self, problem: Problem) -> Place | None:
        label = self._open_storm(problem) or self._clusters().get(problem.key)
        return Place((SELF, rule_of(label)), by="storm", cause=label) if label is not None else None

    def _open_storm(self, problem: Problem) -> str | None:
        within = int(self._scene.limits.storm.within * _SECOND)
        for label in self._around.labels(problem):
            storm = self._scene.incidents.latest((SELF, rule_of(label)))
            if storm is None or storm.state is not IncidentState.OPEN:
                continue
            if storm.id == problem.incident or problem.since >= storm.opened_at - within:
                return label
        return None

    def _clusters(self) -> dict[Key, str]:
        if self._storms is None:
            free = [
                (problem, labels)
                for problem in self._scene.problems.values()
                if problem.calm is None and (labels := self._around.labels(problem)) and self._free(problem)
            ]
            self._storms = storms(free, self._scene.limits.storm)
        return self._storms

    def _free(self, problem: Problem) -> bool:
        """Whether nothing else explains it: no parent, and nothing that holds it back."""
        if problem.service == SELF or problem.rule in (BUDGET, BLIND):
            return False
        return (
            self._cause(problem) is None
            and (problem.incident is not None or self._holding(problem) is None)
            and self._left_behind(problem) is None
            and self._waits_for_parents(problem) is None
        )

    def _waits_for_others(self, problem: Problem) -> Place | None:
        """Others that share a label fail too: a storm may be coming up."""
        storm = self._scene.limits.storm
        until = problem.at + int(storm.wait * _SECOND)
        if problem.incident is not None or not self._scene.patience or not self._lasts(problem.at, until):
            return None
        for label in self._around.labels(problem):
            if self._around.sharing(label) >= storm.services and self._company(problem, label):
                return Place(None, Hold(Why.WAITS_FOR_OTHERS, label, problem.at, until), "storm", label)
        return None

    def _company(self, problem: Problem, label: str) -> bool:
        within = int(self._scene.limits.storm.within * _SECOND)
        if set(self._around.suspects(label)) - {problem.service}:
            return True
        return any(
            each.service != problem.service
            and abs(each.since - problem.since) <= within
            and label in self._around.labels(each)
            for each in self._scene.problems.values()
        )

    # -- the error budget

    def _budget(self, problem: Problem) -> Place:
        """Where its service's checks are folded into another's incident, that one is the cause of this as well."""
        held = self._held_back(problem)
        if held is not None:
            return held
        checks = [
            key for key in sorted(self._scene.problems) if key[0] == problem.service and key[1] != BUDGET
        ]
        places = [self.place(key) for key in checks]
        for there in places:
            if there.into is not None and there.into[0] != problem.service:
                if there.hold is not None and problem.incident is None:
                    return Place(None, there.hold, there.by, there.cause)
                return Place(there.into, by=there.by, cause=there.cause)
        holds = [there.hold for there in places if there.into is None and there.hold is not None]
        if problem.incident is None and holds and len(holds) == len(places):
            last = max(holds, key=lambda hold: hold.until or 0)
            hold = last if last.why.waits else Hold(Why.PARENT_HELD, last.by, self._scene.now, last.until)
            return Place(None, hold, last.by)
        return Place(problem.key, by=BUDGET)
