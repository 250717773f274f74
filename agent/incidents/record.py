"""The record: decisions with their grounds, what belongs to an incident, and what the log tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.desk.tickets import note
from agent.memory import Address, Draft
from agent.rulebook import Rulebook
from agent.surroundings import judged
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import STEPS, Incident, IncidentSpec, Turn
from alerting.incidents.problem import Member, Problem
from config.models import Severity

_TURNS = frozenset(turn.value for turn in Turn)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided, by which rule or suppressor, and why."""

    what: Decided
    by: str
    reason: str


class Record:
    """One settling's notes on a draft, as of `now`."""

    def __init__(self, draft: Draft, rules: Rulebook, now: int) -> None:
        self._draft, self._rules, self._now = draft, rules, now

    def decided(
        self,
        key: Address,
        settled: Settled,
        incident: Incident | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """A row for the explanation; and a line for the log, where the incident itself has none."""
        number = incident.id if incident is not None else None
        ticket = (incident.ticket or None) if incident is not None else None
        what, by, reason = settled.what, settled.by, settled.reason
        self._draft.decisions.append(
            Decision(self._now, *key, what, by, reason, number, ticket, dict(facts or {}))
        )
        if what.value not in _TURNS or key != (incident and (incident.service, incident.rule)):
            told = {"service": key[0], "rule": key[1], "by": by, "reason": reason}
            self._draft.tell(f"problem.{what}", **told, **({"incident": number} if number else {}))

    def facts(self, problem: Problem) -> dict[str, Any]:
        """The readings that stand behind a problem, and how it was confirmed."""
        check = self._rules.checks.get(problem.key)
        if check is None:
            return {}
        readings = self._draft.check(problem.key).readings
        seen = [{"at": each.at, "status": each.status.value, "message": each.message} for each in readings]
        return {
            "readings": seen,
            "confirm": str(check.confirm),
            "recover": check.recover,
            "since": problem.since,
            "severity": judged(self._draft, self._rules, problem)[1],
        }

    def note(self, incident: Incident, what: str, said: str) -> None:
        """A line in the ticket's timeline."""
        note(self._draft, incident.ticket, self._now, what, said)

    def spec(self, service: str) -> IncidentSpec:
        """What the service says about its incidents."""
        of = self._rules.services[service]
        return IncidentSpec(of.criticality, of.watch_for, of.reopen_within)

    def worst(self, problems: Collection[Problem]) -> Severity:
        """How severe problems are that are one incident."""
        services = len({each.service for each in problems})
        return max((self._rules.severity_of(each, services)[0] for each in problems), key=STEPS.index)

    def severity(self, problem: Problem) -> Severity:
        """How severe the problem is, with all the services that its incident affects."""
        return judged(self._draft, self._rules, problem)[0]


def tell(draft: Draft, incident: Incident, turn: Turn, by: str, why: str = "") -> None:
    """The log's line on what became of an incident."""
    draft.tell(
        f"incident.{turn}",
        incident=incident.id,
        service=incident.service,
        rule=incident.rule,
        severity=incident.severity,
        by=by,
        ticket=f"T-{incident.ticket}",
        reason=why or incident.reason,
    )


def join(draft: Draft, incident: Incident, problem: Problem, since: int, *, cause: bool) -> None:
    """The problem belongs to the incident from now on."""
    member = Member(*problem.key, since, problem.level, problem.reason, cause)
    before = draft.members.get(incident.id) or ()
    others = tuple(each for each in before if (each.key, each.since) != (member.key, since))
    draft.members.put(incident.id, (*others, member))


def leave(draft: Draft, problem: Problem, until: int) -> None:
    """The problem's time in its incident is over."""
    if problem.incident is None:
        return
    members = tuple(
        replace(each, until=max(until, each.since))
        if each.key == problem.key and each.until is None
        else each
        for each in draft.members.get(problem.incident) or ()
    )
    draft.members.put(problem.incident, members)
