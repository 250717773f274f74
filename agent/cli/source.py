"""Where commands that read take their documents from: the store of this host, or a daemon elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agent.cli.afar import server

if TYPE_CHECKING:
    from agent.views.uptime import Shown
    from alerting.slo.periods import Period

Document = dict[str, Any]


class Source(Protocol):
    """Each gives what the command of that name prints with --json, or ends the command with the reason."""

    @property
    def zone(self) -> str:
        """In which times are shown."""

    def now(self) -> int: ...

    def knows(self, service: str) -> bool: ...

    def status(self) -> Document: ...

    def incidents(self, *, only_open: bool) -> list[Document]: ...

    def tickets(self, wanted: Document) -> list[Document]:
        """`wanted` has the names of the API's filters."""

    def ticket(self, number: int) -> Document: ...

    def outbox(self, *, only_unsent: bool) -> list[Document]: ...

    def maintenance(self, *, everything: bool) -> list[Document]: ...

    def silences(self, *, everything: bool) -> list[Document]: ...

    def changes(self, since: int) -> list[Document]: ...

    def uptime(self, service: str | None, span: Period, now: int, *, days: bool) -> list[Shown]:
        """Figures of a period as it stood then; with the last ninety days of it where they are wanted."""


def source(config: Path | None) -> Source:
    """The one that is meant; the configuration is read where it is this host's."""
    there = server()
    if there is not None:
        from agent.cli.there import There

        return There(there)
    from agent.cli.here import Here
    from agent.cli.setting import loaded

    return Here(loaded(config))
