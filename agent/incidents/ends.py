"""Ends that are no recoveries: a watch that is over, and what is watched no more."""

from __future__ import annotations

from agent.desk.tickets import follow_ticket
from agent.incidents.record import Record, Settled, leave, tell
from agent.memory import Address, Draft
from agent.rulebook import Rulebook
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import Incident, Turn, removed, watch_ended


def end_watches(draft: Draft, now: int) -> None:
    """Resolve for good the incidents whose watch is over."""
    for incident in list(draft.incidents.values()):
        over = watch_ended(incident, now)
        if over is not None:
            _end(draft, over, Turn.WATCH_ENDED, now)


def end_removed(draft: Draft, rules: Rulebook, address: Address, now: int, why: str) -> None:
    """End the problem and the incident of what is watched no more; `why` is told in the log and the ticket."""
    problem, incident = draft.problems.get(address), draft.incidents.get(address)
    own = incident is not None and incident.holds_key
    if problem is not None:
        leave(draft, problem, now)
        draft.problems.drop(address)
        draft.unsettled = True
        if not own:  # it was held back, or part of another's incident
            there = next((each for each in draft.incidents.values() if each.id == problem.incident), None)
            settled = Settled(Decided.REMOVED, "configuration", why)
            Record(draft, rules, now).decided(address, settled, there)
    if incident is not None and own:
        _end(draft, removed(incident, now), Turn.REMOVED, now, why)


def _end(draft: Draft, over: Incident, turn: Turn, now: int, why: str = "") -> None:
    draft.put_incident(over)
    follow_ticket(draft, over, turn, now, why)
    by = "watch_for" if turn is Turn.WATCH_ENDED else "configuration"
    tell(draft, over, turn, by, why)
    key, what = (over.service, over.rule), Decided(turn.value)
    draft.decisions.append(Decision(now, *key, what, by, why or over.reason, over.id, over.ticket))
