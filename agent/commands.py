"""What commands ask of the running daemon through its socket: each is answered, or refused in words for people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DatabaseError

from agent.admitting import Admitting, CannotAdmit
from agent.check_ups import CheckUps, NoSuchDesk
from agent.clock import Clock
from agent.control import Refused, Why
from agent.delivery import Delivery
from agent.desk.asked import Asked, CannotDo, Conflict, NoSuchTicket, NotNow, Refusal
from agent.desk.rooms import VERBS
from agent.holds import Holds
from agent.markers import CannotMark, Markers
from agent.outbox import CannotDo as CannotFollow
from agent.outbox import Word
from agent.pipeline import Pipeline
from agent.rechecks import Rechecks
from agent.reconcile import Reconciler
from agent.reload import Reloads, document
from agent.saved_views import PREFIX as VIEWS
from agent.saved_views import CannotKeep, SavedViews
from agent.scheduler import Scheduler
from agent.store.planning import COMMANDS, CannotPlan
from agent.store.trouble import Misplaced, cannot_write
from agent.trial import NoSuchRoute, tested
from alerting.desk.ticket import IllegalMove
from alerting.incidents.change import as_json

log = structlog.get_logger()
_RELOAD_PATIENCE = 25.0
# What changes nothing in the store, or waits for it by itself.
_AT_ANY_TIME = ("reload", "recheck", "connectors.check", "connectors.reconcile")


@dataclass(frozen=True, slots=True)
class Commands:
    """The parts of the daemon that commands ask; `unready` says why it does not do its work, `path` is its file."""

    clock: Clock
    pipeline: Pipeline
    scheduler: Scheduler
    holds: Holds
    markers: Markers
    delivery: Delivery
    check_ups: CheckUps
    reconciler: Reconciler
    reloads: Reloads
    unready: Callable[[], list[str]]
    path: Path
    admitting: Admitting
    saved_views: SavedViews

    async def answer(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        """What is printed. Raises Refused."""
        trouble = self.pipeline.trouble
        if trouble is not None and command not in _AT_ANY_TIME:
            raise _not_now(trouble.reason)
        try:
            return await self._answered(command, arguments, who)
        except (DatabaseError, Misplaced) as error:  # of what is written past the pipeline
            if not cannot_write(error):
                raise
            raise _not_now(self.pipeline.why_it_failed(error)) from None

    async def _answered(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        if command == "reload":
            return await self._reload(who)
        if command in COMMANDS:
            return await self._hold(command, arguments, who)
        if command == "recheck":
            return await self._recheck(arguments.get("names"))
        if command == "changes.add":
            return await self._change(arguments.get("told"), who)
        if command == "outbox":
            return await self._outbox(arguments, who)
        if command.startswith("connectors."):
            return await self._helpdesk(command, arguments, who)
        if command.startswith(("users.", "tokens.")):
            return await self._admit(command, arguments, who)
        if command.startswith(VIEWS):
            return await self._view(command, arguments, who)
        if command == "tickets.test":
            return await self._test(arguments, who)
        if command == "desk":
            return await asked_of_desk(self.pipeline, arguments, who, self.clock.now())
        if command == "tickets.verify":
            return await self._verify(arguments, who)
        if command == "tickets.move":
            return await self._move(arguments, who)
        raise Refused(f"unknown command {command[:40]}")

    async def _outbox(self, arguments: dict[str, Any], who: str) -> Any:
        try:
            return {"entries": await self.delivery.follow(Word.read(arguments, who))}
        except CannotFollow as error:
            raise Refused(str(error)) from None

    async def _helpdesk(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        names, name = arguments.get("names"), arguments.get("name")
        try:
            if command == "connectors.check" and isinstance(names, list):
                return await self.check_ups.ask(map(str, names))
            if command == "connectors.reconcile" and isinstance(name, str):
                return await self.reconciler.compare(name, by=who, fix=arguments.get("fix") is True)
        except NoSuchDesk as error:
            raise Refused(str(error)) from None
        raise Refused("expected a helpdesk to check or to reconcile")

    async def _admit(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        try:
            return await self.admitting.answer(command, arguments, who)
        except CannotAdmit as error:
            raise Refused(str(error), usage=error.usage) from None

    async def _view(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        try:
            return await self.saved_views.answer(command, arguments, who)
        except CannotKeep as error:
            raise Refused(str(error), usage=True) from None

    async def _change(self, told: Any, who: str) -> Any:
        try:
            return as_json(await self.markers.add(told if isinstance(told, dict) else {}, who))
        except CannotMark as error:
            raise Refused(str(error), usage=True) from None

    async def _hold(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        try:
            return await self.holds.ask(command, arguments, who)
        except CannotPlan as error:
            raise Refused(str(error), usage=error.usage) from None

    async def _recheck(self, names: Any) -> Any:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Refused("expected names of checks")
        return await Rechecks(self.pipeline, self.scheduler, self.holds, self.clock).ask(names)

    async def _verify(self, arguments: dict[str, Any], who: str) -> Any:
        """Look at the checks of a ticket now, and note on it what they said."""
        number = arguments.get("ticket")
        found = {"verb": "tickets.checks", "arguments": {"ticket": number}}
        names = await asked_of_desk(self.pipeline, found, who, self.clock.now())
        if not names:
            raise Refused(f"no check stands behind T-{number}: it can only be verified by hand")
        looked = await Rechecks(self.pipeline, self.scheduler, self.holds, self.clock).ask(names)
        statuses = {name: reading["status"] for name, reading in looked["readings"].items()}
        said = {**arguments, "statuses": statuses, "left_out": looked["left_out"]}
        verb = {"verb": "tickets.verified", "arguments": said}
        return {**await asked_of_desk(self.pipeline, verb, who, self.clock.now()), **looked}

    async def _move(self, arguments: dict[str, Any], who: str) -> Any:
        """A person's move on a ticket, as commands asked for it once."""
        told = {"ticket": arguments.get("number"), "note": arguments.get("note") or None}
        verb = {"verb": f"tickets.{arguments.get('move')}", "arguments": told}
        return await asked_of_desk(self.pipeline, verb, who, self.clock.now())

    async def _test(self, arguments: dict[str, Any], who: str) -> Any:
        route, service = arguments.get("route"), arguments.get("service")
        try:
            return await self.pipeline.change(
                lambda draft: tested(draft, self.pipeline.rules, (route, service), who, self.clock.now())
            )
        except NoSuchRoute as error:
            raise Refused(str(error), usage=True) from None

    async def _reload(self, who: str) -> Any:
        log.info("reload.asked", by=who)
        try:
            async with asyncio.timeout(_RELOAD_PATIENCE):
                outcome = await asyncio.shield(self.reloads.ask())
        except TimeoutError:
            reason = ", ".join(self.unready()) or "the host is busy"
            raise Refused(f"the reload has not ended yet ({reason}): its log will say how it ends") from None
        return document(outcome, self.path)


async def asked_of_desk(pipeline: Pipeline, arguments: dict[str, Any], who: str, now: int) -> Any:
    """What a command asks of the desk: the verb and its arguments. Raises Refused with the reason."""
    verb, told = arguments.get("verb"), arguments.get("arguments")
    if not isinstance(verb, str) or verb not in VERBS or not isinstance(told, dict):
        raise Refused("expected a verb of the desk and its arguments")
    try:
        return await pipeline.ask_desk(verb, Asked(told, who, now))
    except (Refusal, IllegalMove) as error:
        usage = isinstance(error, CannotDo) and error.usage
        raise Refused(str(error), usage=usage, why=_why(error)) from None


def _not_now(reason: str) -> Refused:
    return Refused(f"nothing can be changed now: the store cannot write: {reason}", why="not_now")


def _why(error: Exception) -> Why:
    if isinstance(error, NoSuchTicket):
        return "missing"
    if isinstance(error, NotNow):
        return "not_now"
    if isinstance(error, Conflict):
        return "stale"
    return "illegal" if isinstance(error, IllegalMove) else ""
