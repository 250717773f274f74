"""Subjects: what a new ticket says of a problem."""

from __future__ import annotations

from agent.desk.tickets import Subject
from agent.grounds import grounds_of
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import text
from alerting.desk.together import storm_title
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Problem
from alerting.incidents.storms import STORM
from alerting.state import Flip
from checks.base import Status


def subject_of(draft: Draft, rules: Rulebook, problem: Problem, incident: Incident, now: int) -> Subject:
    """From the check and its latest readings, or from what the rule itself says; and all that is known `now`."""
    if incident.rule.startswith(STORM):
        return Subject(storm_title(incident.rule.removeprefix(STORM)), incident.reason)
    service, check = rules.services[problem.service], rules.checks.get(problem.key)
    if check is None:
        return Subject(
            problem.title or f"{service.title}: {incident.rule}", problem.description or incident.reason
        )
    level, since = problem.level, problem.since
    flip = Flip(Status.OK, level, since, problem.at, problem.reason, ((since, level),))
    readings = draft.check(problem.key).readings
    grounds = grounds_of(draft, rules, problem, incident, now)
    said = text.description(service, check, flip, readings, grounds)
    return Subject(text.title(service, check, incident), said, check.name)
