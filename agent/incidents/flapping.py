"""Flapping: trouble that comes and goes keeps one incident; its ticket says how often, ever more seldom."""

from __future__ import annotations

from dataclasses import replace

from agent.incidents.record import Record, Settled
from agent.memory import Draft
from alerting.incidents.decision import Decided
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Problem

_FIRST_TOLD = 4


def tell_of_flapping(draft: Draft, record: Record, problem: Problem, incident: Incident) -> None:
    """Once when it begins: why it counts as flapping, and the pattern of its readings."""
    state = draft.check(problem.key).state
    why = (
        f"{100 * state.flap_share:.0f} % of its last readings changed ({state.flap_pattern})"
        if state.flapping
        else f"it came back {incident.flaps} times while it was watched"
    )
    said = f"flapping: {why}; it is over when it was well for long enough"
    record.note(incident, "flapping", said)
    facts = {"share": state.flap_share, "pattern": state.flap_pattern, "flaps": incident.flaps}
    record.decided(problem.key, Settled(Decided.FLAPPING, "flapping", why), incident, facts)


def count(draft: Draft, record: Record, problem: Problem, incident: Incident) -> Incident:
    """The incident with the running count of its problem; told each time that it has doubled."""
    if problem.count <= incident.flaps:
        return incident
    counted = replace(incident, flaps=problem.count)
    draft.put_incident(counted)
    if problem.count >= _FIRST_TOLD and problem.count & (problem.count - 1) == 0:
        pattern = draft.check(problem.key).state.flap_pattern
        record.note(counted, "flapping", f"came back {problem.count} times by now ({pattern})")
    return counted
