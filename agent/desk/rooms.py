"""The parts of the desk that do something by themselves, and what people can ask of it."""

from __future__ import annotations

from collections.abc import Mapping

from agent.desk import (
    acknowledging,
    answering,
    clocks,
    collaborating,
    ending,
    escalating,
    files,
    following_up,
    inbound,
    known_issues,
    life,
    linking,
    merging,
    notes,
    opening_by_people,
    privacy,
    recording,
    routing,
    staffing,
    surveying,
    updating,
    vendors,
    verifying,
)
from agent.desk.asked import Asked, Verb
from agent.desk.engine import Room, work
from agent.desk.telling import say_untold
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import breaches

ROOMS: tuple[Room, ...] = (
    Room("routing", routing.steps, routing.act),
    Room("clocks", breaches.steps, clocks.act),
    Room("acknowledging", acknowledging.steps, acknowledging.act),
    Room("escalating", escalating.steps, escalating.act),
    Room("vendors", vendors.steps, vendors.act),
    recording.ROOM,
    following_up.ROOM,
    updating.ROOM,
    ending.ROOM,
    collaborating.ROOM,
    linking.ROOM,
    known_issues.ROOM,
)
VERBS: Mapping[str, Verb] = {
    "inbound.take": inbound.take,
    "tickets.link": linking.link,
    "tickets.unlink": linking.unlink,
    "tickets.merge": merging.merge,
    "tickets.split": merging.split,
    "tickets.known": known_issues.looked_up,
    **following_up.VERBS,
    **ending.VERBS,
    **surveying.VERBS,
    **answering.VERBS,
    **verifying.VERBS,
    "tickets.assign": staffing.assign_ticket,
    "tickets.take": staffing.take,
    "team.away": staffing.away,
    "team.back": staffing.back,
    "oncall.override": staffing.override,
    "oncall.end": staffing.end_override,
    "tickets.rca": recording.root_cause,
    "tickets.watch": collaborating.watch,
    "tickets.unwatch": collaborating.unwatch,
    "tickets.task": collaborating.task,
    "desk.forget": privacy.forget,
    "tickets.escalate": escalating.escalate,
    "tickets.de-escalate": escalating.de_escalate,
    "tickets.vendor": vendors.vendor,
    **life.MOVES,
    "tickets.stamp": life.stamp,
    "tickets.set": life.set_fields,
    "tickets.open": opening_by_people.open_,
    "tickets.note": notes.note,
    "tickets.message": notes.message,
    "tickets.attach": files.attach,
}

# What is asked with the lines of the ticket, which are fetched for it.
WITH_TIMELINE = frozenset({"tickets.split", "tickets.vendor"})


def run(draft: Draft, rules: Rulebook, now: int) -> None:
    """All steps that are due by now."""
    following_up.heed(draft)
    work(draft, rules, ROOMS, now)
    say_untold(draft, now)


__all__ = ["ROOMS", "VERBS", "WITH_TIMELINE", "Asked", "run"]
