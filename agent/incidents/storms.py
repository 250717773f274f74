"""Storms on a draft: opened, kept current, ended with their last member or in what turned out to be their cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.desk.tickets import follow_ticket
from agent.incidents.opening import Opening
from agent.incidents.record import Settled, tell
from agent.memory import Address
from alerting.desk.together import storm_over, storm_reason
from alerting.incidents.decision import Decided
from alerting.incidents.incident import Incident, IncidentState, Turn, changed, recovered
from alerting.incidents.problem import Problem
from alerting.incidents.settle import SELF
from alerting.incidents.storms import STORM
from checks.base import LEVEL


@dataclass(frozen=True, slots=True)
class Storms:
    """What becomes of storms in one settling; `adopt` ends one in the incident of the given number."""

    opening: Opening
    adopt: Callable[[Incident, int], bool]

    def open(self, key: Address, label: str, members: Sequence[Problem]) -> None:
        """The incident of all these problems, which share the label."""
        opening, record = self.opening, self.opening.record
        problem = self._as_one(key, storm_reason(label, (each.service for each in members)), members)
        now, severity = opening.now, record.worst(members)
        incident, settled = opening.open(problem, problem.since, severity, now, "storm")
        facts = {"label": label, "services": sorted({each.service for each in members})}
        record.decided(key, settled, incident, facts)

    def keep(self, moved: dict[int, int]) -> None:
        """`moved` tells where the members of incidents went, by number."""
        for incident in list(self.opening.draft.incidents.values()):
            if incident.rule.startswith(STORM) and incident.state is IncidentState.OPEN:
                self._keep(incident, moved)

    def _keep(self, storm: Incident, moved: dict[int, int]) -> None:
        draft, now, record = self.opening.draft, self.opening.now, self.opening.record
        members = draft.members.get(storm.id) or ()
        live = [
            problem
            for each in members
            if each.until is None and (problem := draft.problems.get(each.key)) is not None
        ]
        if live:
            self._follow(storm, live)
            return
        if storm.id in moved and self.adopt(storm, moved[storm.id]):
            return
        over = max((each.until or 0 for each in members), default=now)
        after = recovered(storm, over, now, record.spec(SELF))
        draft.put_incident(after)
        follow_ticket(draft, after, Turn.RECOVERED, now, "")
        why = storm_over(label_of(storm), (each.service for each in members))
        tell(draft, after, Turn.RECOVERED, "recover", why)
        settled = Settled(Decided.RECOVERED, "recover", why)
        record.decided((storm.service, storm.rule), settled, after, {"over": over})

    def _follow(self, storm: Incident, live: Sequence[Problem]) -> None:
        draft, record, now = self.opening.draft, self.opening.record, self.opening.now
        reason = storm_reason(label_of(storm), (each.service for each in live))
        problem = self._as_one((storm.service, storm.rule), reason, live)
        found = changed(storm, problem, record.worst(live))
        if found is not None:
            draft.put_incident(found[0])
            follow_ticket(draft, found[0], found[1], now, reason)
            tell(draft, *found, "storm")
            settled = Settled(Decided(found[1].value), "storm", reason)
            record.decided((storm.service, storm.rule), settled, found[0])
        elif reason != storm.reason:
            draft.put_incident(replace(storm, reason=reason))

    def _as_one(self, key: Address, reason: str, members: Sequence[Problem]) -> Problem:
        """The problems as one: since the first of them, as bad as the worst."""
        since, now = min(each.since for each in members), self.opening.now
        worst = max(members, key=lambda each: LEVEL[each.level])
        return Problem(*key, worst.level, since, now, reason, worst.error_kind)


def label_of(storm: Incident) -> str:
    """What its services share, such as `host=web-01`."""
    return storm.rule.removeprefix(STORM)
