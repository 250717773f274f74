"""What all addresses that look have in common: the store at one moment, and the one service that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent.access.person import Person
from agent.store.reader import NoStore, Reader
from agent.web import sight
from agent.web.api.problems import Problem
from agent.web.daemon import Daemon
from config.models import Service


@contextmanager
def stored(daemon: Daemon) -> Iterator[Reader]:
    """Raises Problem (503) where nothing was stored yet."""
    try:
        with daemon.store() as store:
            yield store
    except NoStore as error:
        raise Problem(503, str(error), {"Retry-After": "5"}) from None


def one_service(daemon: Daemon, person: Person, name: str) -> Service:
    """Raises Problem (404) for one that is not there, or not theirs."""
    found = sight.seen_service(daemon.config(), person, name)
    if found is None:
        raise Problem(404, "there is no such service")
    return found
