"""Settling: each problem is put where the core says that it belongs; what is over ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from agent.desk.tickets import close_as_duplicate, follow_ticket
from agent.incidents.flapping import count, tell_of_flapping
from agent.incidents.opening import Opening
from agent.incidents.record import Record, Settled, join, leave, tell
from agent.incidents.storms import Storms
from agent.memory import AFFECTED, Address, Draft
from agent.rulebook import Rulebook
from agent.surroundings import Around
from alerting.desk.together import affected, held_words
from alerting.incidents.decision import Decided
from alerting.incidents.incident import Incident, IncidentState, Turn, changed, merged, recovered
from alerting.incidents.problem import Problem, Why
from alerting.incidents.settle import Known, Place, Scene, settle
from alerting.incidents.storms import STORM

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
# Came back so often while it was watched: from then on it has to be well for as long as it would be watched.
_FLAPS = 2


class Settling:
    """One settling of all problems on a draft, as of `now`."""

    def __init__(self, draft: Draft, rules: Rulebook, now: int) -> None:
        self._draft, self._rules, self._now = draft, rules, now
        self._record = Record(draft, rules, now)
        self._opening = Opening(draft, rules, now, self._record)
        self._storms = Storms(self._opening, self._adopted)
        self._around = Around(draft, rules, now)
        self._places: dict[Address, Place] = {}
        self._put: set[Address] = set()
        self._moved: dict[int, int] = {}

    def run(self) -> None:
        """Every problem in its place; what is over ends first."""
        draft = self._draft
        draft.unsettled = False
        if not draft.knows_problems:
            return
        self._believe_the_calm()
        over = [problem for problem in draft.problems.values() if problem.over is not None]
        late = [each for each in over if each.incident is None and (each.hold is None or each.hold.why.waits)]
        if late:
            # What was confirmed has its incident, also where it is over before anybody could decide.
            self._place((each.key for each in late), patience=False)
        for problem in over:
            self._ended(draft.problems.get(problem.key) or problem)
        self._place(draft.problems.keys(), patience=True)
        self._storms.keep(self._moved)
        self._name_affected()

    def _place(self, keys: Iterable[Address], *, patience: bool) -> None:
        draft, rules = self._draft, self._rules
        problems = {problem.key: problem for problem in draft.problems.values()}
        known = Known(draft.incidents.get, self._numbered)
        scene = Scene(self._now, problems, known, rules.graph, self._around, rules.limits, patience)
        self._places, self._put = settle(scene), set()
        for key in list(keys):
            self._put_in_place(key)

    def _numbered(self, number: int) -> Incident | None:
        key = self._keys.get(number)
        found = self._draft.incidents.get(key) if key is not None else None
        return found if found is not None and found.id == number else None

    @cached_property
    def _keys(self) -> dict[int, Address]:
        return {each.id: (each.service, each.rule) for each in self._draft.incidents.values()}

    def _put_in_place(self, key: Address) -> None:
        if key in self._put:
            return
        self._put.add(key)
        problem, place = self._draft.problems.get(key), self._places[key]
        if problem is None:
            return
        if place.into is None:
            self._hold_back(problem, place)
        elif place.into == key:
            self._on_its_own(problem, place)
        else:
            self._fold(problem, place)

    def _hold_back(self, problem: Problem, place: Place, worse: Incident | None = None) -> None:
        """`worse` is its own incident, where that is open and only its getting worse is held back."""
        hold, before, problems = place.hold, problem.hold, self._draft.problems
        assert hold is not None  # a place is into an incident, or it is held
        if before is not None and (before.why, before.by) == (hold.why, hold.by):
            if problem.incident is None and hold.why is Why.WAITS_FOR_PARENTS:
                self._draft.wanted.update(place.look)  # a second time, when a while has passed
            if before.until != hold.until:
                problems.put(problem.key, replace(problem, hold=replace(before, until=hold.until)))
            return
        problems.put(problem.key, replace(problem, hold=hold))
        self._draft.wanted.update(place.look)
        told = next((each.reason for each in self._draft.suppressions if each.id == hold.by), "")
        why = f"{held_words(hold, told)}: {problem.reason}"
        settled = Settled(Decided.WAITING if hold.why.waits else Decided.HELD, hold.by, why)
        facts = {"why": hold.why.value, "until": hold.until, "cause": place.cause}
        self._record.decided(problem.key, settled, worse, {**self._record.facts(problem), **facts})

    # -- its own incident

    def _on_its_own(self, problem: Problem, place: Place) -> None:
        latest = self._draft.incidents.get(problem.key)
        if latest is not None and problem.incident == latest.id and latest.state is IncidentState.OPEN:
            incident = self._flaps(problem, latest)
            self._change(self._draft.problems.get(problem.key) or problem, incident)
            return
        leave(self._draft, problem, self._now)
        since = self._since(problem)
        at = self._now if problem.hold is not None else problem.at
        severity = self._record.severity(problem)
        incident, settled = self._opening.open(problem, since, severity, at, place.by)
        self._keys[incident.id] = problem.key
        flapping = problem.flapping or (settled.what is Decided.REOPENED and incident.flaps >= _FLAPS)
        if flapping:
            tell_of_flapping(self._draft, self._record, problem, incident)
        join(self._draft, incident, problem, since, cause=True)
        held = problem.hold.by if problem.hold is not None else None
        facts = {**self._record.facts(problem), "opened_at": since, "held_by": held}
        self._record.decided(problem.key, settled, incident, facts)
        placed = replace(problem, incident=incident.id, hold=None, flapping=flapping, told_flapping=flapping)
        self._draft.problems.put(problem.key, replace(placed, count=max(problem.count, incident.flaps)))

    def _since(self, problem: Problem) -> int:
        """What was held back begins for people when it is no longer; anything else with its first failing reading."""
        hold = problem.hold
        if hold is None or hold.why.waits:
            return problem.since
        if hold.why is Why.LEFT_BEHIND:
            return max(problem.since, hold.since)
        ended = self._now if hold.until is None else min(self._now, hold.until)
        return max(problem.since, ended)

    def _flaps(self, problem: Problem, incident: Incident) -> Incident:
        if not problem.flapping:
            return incident
        if not problem.told_flapping:
            tell_of_flapping(self._draft, self._record, problem, incident)
            self._draft.problems.put(problem.key, replace(problem, told_flapping=True))
        return count(self._draft, self._record, problem, incident)

    def _change(self, problem: Problem, incident: Incident) -> None:
        """Level and severity of an open incident; getting worse is held back as opening is, getting better never."""
        draft = self._draft
        found = changed(incident, problem, self._record.severity(problem))
        if found is None or (found[1] is Turn.EASED and problem.flapping):
            self._reword(problem, incident)
            if problem.hold is not None:
                draft.problems.put(problem.key, replace(problem, hold=None))
            return
        after, turn = found
        hold = self._around.held(problem) if turn is Turn.WORSENED else None
        if hold is not None:
            self._hold_back(problem, Place(None, hold, hold.by), incident)
            return
        draft.put_incident(after)
        draft.problems.put(problem.key, replace(problem, hold=None))
        follow_ticket(draft, after, turn, self._now, problem.reason)
        tell(draft, after, turn, "confirm")
        settled = Settled(Decided(turn.value), "confirm", problem.reason)
        self._record.decided(problem.key, settled, after, self._record.facts(problem))

    def _reword(self, problem: Problem, incident: Incident) -> None:
        """What is about several checks says so when they become others."""
        if problem.names and problem.reason != incident.reason:
            self._draft.put_incident(replace(incident, reason=problem.reason))
            self._record.note(incident, "changed", problem.reason)

    # -- another's incident

    def _fold(self, problem: Problem, place: Place) -> None:
        draft = self._draft
        if place.hold is not None:
            self._hold_back(problem, place)
            return
        target = self._open_incident(place)
        if target is None:
            return
        if problem.incident == target.id:
            if problem.hold is not None:
                draft.problems.put(problem.key, replace(problem, hold=None))
            return
        own = draft.incidents.get(problem.key)
        if own is not None and own.state is IncidentState.OPEN:
            self._adopt(own, target, place)
        leave(draft, problem, self._now)
        if problem.incident is not None:
            self._moved[problem.incident] = target.id
        join(draft, target, problem, problem.since, cause=False)
        settled = Settled(Decided.FOLDED, place.by, f"{_because(place)}: {problem.reason}")
        facts = {**self._record.facts(problem), "cause": place.cause}
        self._record.decided(problem.key, settled, target, facts)
        draft.problems.put(problem.key, replace(problem, incident=target.id, hold=None))

    def _open_incident(self, place: Place) -> Incident | None:
        """The incident that the place leads to; opened first, where that is still to be done."""
        into, draft = place.into, self._draft
        assert into is not None  # or nothing would be folded
        found = draft.incidents.get(into)
        if into in self._places:
            self._put_in_place(into)
        elif into[1].startswith(STORM) and (found is None or found.state is not IncidentState.OPEN):
            there = (key for key, each in self._places.items() if each.into == into)
            members = [problem for key in there if (problem := draft.problems.get(key)) is not None]
            self._storms.open(into, place.cause, members)
        found = draft.incidents.get(into)
        if found is None or found.state is not IncidentState.OPEN:
            return None
        self._keys[found.id] = into
        return found

    def _adopt(self, own: Incident, target: Incident, place: Place) -> None:
        why, draft = _because(place), self._draft
        after = merged(own, target.id, self._now)
        draft.put_incident(after)
        close_as_duplicate(draft, after, target, self._now, why)
        tell(draft, after, Turn.ADOPTED, place.by, why)
        settled = Settled(Decided.ADOPTED, place.by, why)
        self._record.decided((own.service, own.rule), settled, after, {"into": target.id})

    def _adopted(self, storm: Incident, number: int) -> bool:
        """Whether the storm could be ended in the incident that its members went to."""
        target = self._numbered(number)
        if target is not None:
            cause = f"{target.service}.{target.rule}"
            self._adopt(storm, target, Place(None, by="depends_on", cause=cause))
        return target is not None

    # -- what is over

    def _believe_the_calm(self) -> None:
        """What flapped is over when its check flaps no more and, where it kept coming back, was well long enough."""
        for problem in list(self._draft.problems.values()):
            if problem.calm is None or problem.over is not None:
                continue
            watched = int(self._record.spec(problem.service).watch_for * _SECOND)
            if self._draft.check(problem.key).state.flapping or self._now < problem.calm + watched:
                continue
            settled = Settled(Decided.STEADY, "flapping", f"well since it came back {problem.count} times")
            self._record.decided(problem.key, settled)
            over = replace(problem, over=problem.calm, over_at=self._now, flapping=False)
            self._draft.problems.put(problem.key, replace(over, reason=settled.reason))

    def _ended(self, problem: Problem) -> None:
        draft, over = self._draft, problem.over
        assert over is not None  # only those are asked for
        draft.problems.drop(problem.key)
        incident = self._numbered(problem.incident) if problem.incident is not None else None
        if incident is None:
            by = problem.hold.by if problem.hold is not None else "recover"
            settled = Settled(Decided.PASSED, by, f"over while it was held back: {problem.reason}")
            self._record.decided(problem.key, settled)
            return
        leave(draft, problem, over)
        if (incident.service, incident.rule) == problem.key and incident.state is IncidentState.OPEN:
            incident = recovered(incident, over, problem.over_at, self._record.spec(problem.service))
            draft.put_incident(incident)
            follow_ticket(draft, incident, Turn.RECOVERED, problem.over_at, problem.reason)
            tell(draft, incident, Turn.RECOVERED, "recover", problem.reason)
        settled = Settled(Decided.RECOVERED, "recover", problem.reason)
        self._record.decided(problem.key, settled, incident, {**self._record.facts(problem), "over": over})

    def _name_affected(self) -> None:
        """In the ticket, what else an incident affects: at once, and then once a minute what came since."""
        draft, now = self._draft, self._now
        for number in {each.incident for each in draft.problems.values() if each.incident is not None}:
            members = draft.members.get(number) or ()
            names = frozenset(f"{each.service}.{each.rule}" for each in members if not each.cause)
            at, told = draft.named.get(number) or (0, frozenset())
            incident = self._numbered(number)
            if incident is None or not names - told or at <= now < at + _MINUTE:
                continue
            draft.named.put(number, (now, told | names))
            self._record.note(incident, AFFECTED, affected(names - told, len(names)))


def _because(place: Place) -> str:
    if place.by == "depends_on":
        return f"{place.cause} is the cause"
    return f"one of many with {place.cause}" if place.by == "storm" else f"because of {place.cause}"
