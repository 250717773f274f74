"""The store of this host, read without the daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.setting import fail, no_such
from agent.clock import SystemClock

if TYPE_CHECKING:
    from agent.store.reader import Reader
    from agent.views.uptime import Shown
    from alerting.slo.periods import Period
    from config.models import Config

_USAGE = 64
_MOST_CHANGES = 1000
_COMING = ("planned", "running")
Document = dict[str, Any]


class Here:
    """A Source."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @property
    def zone(self) -> str:
        return self._config.agent.timezone

    def now(self) -> int:
        return SystemClock().now()

    def knows(self, service: str) -> bool:
        return service in self._config.services

    def status(self) -> Document:
        from agent.views.services import services

        with self._stored() as store:
            return services(self._config, store, self.now())

    def incidents(self, *, only_open: bool) -> list[Document]:
        from agent.views.incidents import incidents

        with self._stored() as store:
            return incidents(store, only_open=only_open)

    def tickets(self, wanted: Document) -> list[Document]:
        from agent.control import user_name
        from agent.desk.document import document
        from agent.views.ticket import mirrors
        from agent.views.tickets import Wanted, names_of

        said = {name: each for name, each in wanted.items() if name not in ("open", "mine")}
        names = names_of(user_name(os.geteuid()), self._config.teams) if wanted.get("mine") else ()
        chosen, now = Wanted(only_open=wanted.get("open", False), mine=names, **said), self.now()
        with self._stored() as store:
            remote = mirrors(store)
            found = [each for each in store.tickets() if chosen.fits(each, now)]
        return [document(each, remote.get(each.number, ())) for each in found]

    def ticket(self, number: int) -> Document:
        from agent.views.ticket import whole_document

        with self._stored() as store:
            found = store.ticket(number)
            if found is None:
                fail(f"there is no ticket T-{number}", 1)
            return whole_document(store, found)

    def outbox(self, *, only_unsent: bool) -> list[Document]:
        from agent.views.outbox import entries, outbox_document

        with self._stored() as store:
            return [outbox_document(each) for each in entries(store) if each.unsent or not only_unsent]

    def maintenance(self, *, everything: bool) -> list[Document]:
        from agent.store.planning import work_document

        now = self.now()
        with self._stored() as store:
            found = [work_document(each, now) for each in store.planned_work()]
        return [each for each in found if everything or each["state"] in _COMING]

    def silences(self, *, everything: bool) -> list[Document]:
        from agent.store.planning import record_document
        from alerting.incidents.problem import Why

        now = self.now()
        with self._stored() as store:
            found = [record_document(each, now) for each in store.suppressions().all(Why.SILENCE)]
        return [each for each in found if everything or each["state"] in _COMING]

    def changes(self, since: int) -> list[Document]:
        from alerting.incidents.change import as_json

        with self._stored() as store:
            return [as_json(each) for each in store.changes(since, _MOST_CHANGES)]

    def uptime(self, service: str | None, span: Period, now: int, *, days: bool) -> list[Shown]:
        from agent.store.reader import NoStore, reading
        from agent.views.uptime import NoSuchService, figures
        from alerting.slo.periods import midnights
        from alerting.slo.strip import DAYS

        # The days of the strip end with the period, or with the day that it is shown on.
        bounds = midnights(min(now, span.end), span.zone, DAYS) if days else ()
        agent, known = self._config.agent, [*self._config.services]
        try:
            with reading(Path(agent.state_dir), agent.id) as store:
                return figures(self._config, store, service, (span, bounds), now)
        except NoStore as error:
            if service is None or service in known:
                fail(str(error), 1)
            fail(no_such("service", service, known), _USAGE)
        except NoSuchService as error:
            fail(no_such("service", error.name, error.known), _USAGE)

    @contextmanager
    def _stored(self) -> Iterator[Reader]:
        from agent.store.reader import NoStore, reading

        try:
            with reading(Path(self._config.agent.state_dir), self._config.agent.id) as store:
                yield store
        except NoStore as error:
            fail(str(error), 1)
