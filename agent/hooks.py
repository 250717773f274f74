"""Webhooks of helpdesks: a call that proves where it comes from has the tickets that it names looked at soon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import structlog

from agent.clock import Clock
from agent.door import Bucket
from agent.remote_desk import RemoteDesk
from alerting.connectors.base import Poke

log = structlog.get_logger()
_BURST, _PER_SECOND = 60.0, 10.0
_REFUSALS, _REFUSALS_PER_SECOND = 20.0, 0.2
_MOST_NAMED = 1000
# Helpdesk, ids over there, keys -> how many of them are ours.
LookSoon = Callable[[str, Collection[str], Collection[str]], int]


class NoSuchHook(Exception):
    """No helpdesk is called so."""


class NotProven(Exception):
    """Nobody is told why."""


class NotReadable(Exception):
    """It comes from there, and makes no sense."""


class TooManyCalls(Exception):
    """This helpdesk calls without a pause."""


class Hooks:
    """`desks` are those of the configuration in force; `look_soon` has tickets looked at."""

    def __init__(
        self, desks: Callable[[], Mapping[str, RemoteDesk]], look_soon: LookSoon, clock: Clock
    ) -> None:
        self._desks, self._look_soon, self._clock = desks, look_soon, clock
        self._calls: dict[str, Bucket] = {}
        self._refusals = Bucket(clock, _REFUSALS, _REFUSALS_PER_SECOND)

    def proven(self, name: str, headers: Mapping[str, str], body: bytes) -> Poke:
        """What the call told. Raises NoSuchHook, NotProven or NotReadable.

        To be called on a thread: secrets stand in files. Header names in small letters.
        """
        desk = self._desks().get(name)
        if desk is None:
            raise NoSuchHook
        try:
            poke = desk.poke(headers, body)
        except ValueError:
            raise NotReadable from None
        if poke is None:
            raise NotProven
        return poke

    def heard(self, name: str, poke: Poke) -> None:
        """Have the tickets that it names looked at; nothing else of it is believed. Raises TooManyCalls."""
        if not self._calls.setdefault(name, Bucket(self._clock, _BURST, _PER_SECOND)).take():
            raise TooManyCalls
        ids, keys = poke.ids[:_MOST_NAMED], poke.keys[:_MOST_NAMED]
        ours = self._look_soon(name, ids, keys)
        log.debug("hook.heard", helpdesk=name, named=len(ids) + len(keys), ours=ours)

    def refused(self, name: str, reason: str) -> None:
        """Say so, but never so often that strangers fill the log."""
        if self._refusals.take():
            log.warning("hook.refused", helpdesk=name, reason=reason)
