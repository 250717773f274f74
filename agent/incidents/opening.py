"""Opening: number, key and ticket for an incident; where there would be too many tickets, one for several."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.desk.tickets import Subject, follow_ticket, open_ticket
from agent.incidents.record import Record, Settled, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from agent.subjects import subject_of
from alerting.incidents.decision import Decided
from alerting.incidents.incident import Incident, Turn, remote_key, taken_up
from alerting.incidents.problem import Problem
from alerting.incidents.settle import SELF
from config.models import Severity

_MINUTE = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens incidents on a draft, as of `now`."""

    draft: Draft
    rules: Rulebook
    now: int
    record: Record

    def open(
        self, problem: Problem, since: int, severity: Severity, at: int, by: str
    ) -> tuple[Incident, Settled]:
        """A problem's own incident, new or re-opened, as of `since`; `at` is when people are told of it.

        `by` is what decided that it has one; that it is an earlier one is decided by `reopen_within`.
        """
        draft, key = self.draft, problem.key
        taken, turn = taken_up(draft.incidents.get(key), problem, since, severity, self.record.spec(key[0]))
        if turn is Turn.OPENED:
            incident = self._new(taken, problem, at)
        else:
            incident = taken
            draft.put_incident(incident)
            follow_ticket(draft, incident, turn, at, incident.reason)
        settled = Settled(Decided(turn.value), by if turn is Turn.OPENED else "reopen_within", problem.reason)
        tell(draft, incident, turn, settled.by)
        return incident, settled

    def _new(self, incident: Incident, problem: Problem, at: int) -> Incident:
        draft = self.draft
        draft.last_incident += 1
        key = remote_key(self.rules.agent, incident.service, incident.rule, incident.occurrence)
        incident = replace(incident, id=draft.last_incident, key=key)
        ticket = self._digest(incident, at)
        if ticket is None:
            ticket = open_ticket(
                draft, incident, at, subject_of(draft, self.rules, problem, incident, self.now)
            )
        incident = replace(incident, ticket=ticket)
        draft.put_incident(incident)
        return incident

    def _digest(self, incident: Incident, at: int) -> int | None:
        """The ticket for what is more than people can take in a minute; None while that is not reached."""
        draft, most = self.draft, self.rules.max_open_per_minute
        draft.opened = (*(each for each in draft.opened if self.now - _MINUTE < each <= self.now), self.now)
        if incident.service == SELF or len(draft.opened) <= most:
            return None
        why = f"more than {most} tickets in a minute"
        ticket = draft.tickets.get(draft.digest) if draft.digest else None
        if ticket is None or not ticket.is_open:
            said = f"{why.capitalize()}: further problems of that time are in this one."
            of_all = replace(incident, service=SELF)
            draft.digest = open_ticket(draft, of_all, at, Subject("Many problems at once", said))
        shared = replace(incident, ticket=draft.digest)
        said = f"{incident.service}.{incident.rule}: {incident.reason}"
        follow_ticket(draft, shared, Turn.OPENED, at, said)
        settled = Settled(Decided.DIGESTED, "max_open_per_minute", why)
        self.record.decided((incident.service, incident.rule), settled, shared)
        return draft.digest
