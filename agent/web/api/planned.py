"""What is planned, held back, changed, and on its way to others."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from agent.access.person import Person
from agent.store.planning import record_document, work_document
from agent.views.outbox import entries, outbox_document
from agent.web.api.asking import Looker, ThisDaemon
from agent.web.api.listing import Turns
from agent.web.api.looking import stored
from agent.web.api.models import Change, Hold, OutboxEntry, Work
from agent.web.api.services import moment_of
from agent.web.daemon import Daemon
from agent.web.sight import sees_about
from alerting.incidents.change import as_json
from alerting.incidents.problem import Why

router = APIRouter(tags=["planned"])
_WEEK = 7 * 86_400 * 1_000_000
_MOST_CHANGES = 1000
_COMING = ("planned", "running")
Since = Annotated[str | None, Query(max_length=40, description="2026-11-21 or 2026-11-21T14:00:00Z")]
Everything = Annotated[bool, Query(description="Also what is over or was called off.")]


@router.get("/maintenance")
def maintenance(person: Looker, daemon: ThisDaemon, turn: Turns, all: Everything = False) -> list[Work]:
    """Planned work, as `tocsin maintenance list --json` has it."""
    with stored(daemon) as store:
        found = [work_document(each, daemon.clock.now()) for each in store.planned_work()]
    listed = [
        each
        for each in found
        if (all or each["state"] in _COMING) and _sees_any(daemon, person, each["services"])
    ]
    return [Work.model_validate(each) for each in turn.of(listed, lambda each: str(each["id"]))]


@router.get("/silences")
def silences(person: Looker, daemon: ThisDaemon, turn: Turns, all: Everything = False) -> list[Hold]:
    """Silences, as `tocsin silence list --json` has them."""
    return _holds(daemon, person, turn, Why.SILENCE, everything=all)


@router.get("/pauses")
def pauses(person: Looker, daemon: ThisDaemon, turn: Turns, all: Everything = False) -> list[Hold]:
    """Checks that are not looked at for a while."""
    return _holds(daemon, person, turn, Why.PAUSE, everything=all)


@router.get("/outbox")
def outbox(
    person: Looker,
    daemon: ThisDaemon,
    turn: Turns,
    unsent: Annotated[bool, Query(description="Only what is not delivered.")] = False,
) -> list[OutboxEntry]:
    """What other helpdesks are to hold and people are told, as `tocsin outbox list --json` has it."""
    if person.teams is not None:
        return []  # it is by ticket, and holds texts of all teams
    with stored(daemon) as store:
        found = [outbox_document(each) for each in entries(store) if each.unsent or not unsent]
    listed = turn.of(found, lambda each: f"{each['helpdesk']}/{each['key']}")
    return [OutboxEntry.model_validate(each) for each in listed]


@router.get("/changes")
def changes(person: Looker, daemon: ThisDaemon, turn: Turns, since: Since = None) -> list[Change]:
    """Deploys and reloads, the newest first; of the last week where nothing is said."""
    zone = daemon.config().agent.timezone
    begin = daemon.clock.now() - _WEEK if since is None else moment_of(since, zone)
    with stored(daemon) as store:
        found = [as_json(each) for each in store.changes(begin, _MOST_CHANGES)]
    listed = [each for each in found if _sees_any(daemon, person, each["services"])]
    return [Change.model_validate(each) for each in turn.of(listed, lambda each: str(each["id"]))]


def _holds(daemon: Daemon, person: Person, turn: Turns, why: Why, *, everything: bool) -> list[Hold]:
    with stored(daemon) as store:
        found = [record_document(each, daemon.clock.now()) for each in store.suppressions().all(why)]
    listed = [
        each
        for each in found
        if (everything or each["state"] in _COMING) and _sees_any(daemon, person, _named(each["match"]))
    ]
    return [Hold.model_validate(each) for each in turn.of(listed, lambda each: str(each["id"]))]


def _named(match: dict[str, list[str]]) -> list[str]:
    return [*match["service"], *(name.partition(".")[0] for name in match["check"])]


def _sees_any(daemon: Daemon, person: Person, services: list[str]) -> bool:
    """What concerns all services concerns theirs, too."""
    return not services or any(sees_about(daemon.config(), person, name) for name in services)
