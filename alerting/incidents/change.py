"""Changes: what was changed, where, when and by whom; which of them may be the cause of a problem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alerting.slo.figures import rfc3339

CONFIG = "config"
DEPLOY = "deploy"
_HOUR = 3600 * 1_000_000
# As long before a problem a change is still worth a look.
BEFORE = 6 * _HOUR


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `at` is microseconds UTC; no service: all of them. `kind` is `config`, `deploy` or another word."""

    number: int
    at: int
    kind: str
    services: tuple[str, ...]
    version: str | None
    text: str
    by: str

    @property
    def id(self) -> str:
        return f"C-{self.number}"

    def concerns(self, services: Iterable[str]) -> bool:
        """Whether it is about one of the services."""
        return not self.services or not frozenset(services).isdisjoint(self.services)


def suspects(changes: Iterable[Change], services: Iterable[str], since: int, now: int) -> list[Change]:
    """Those of these services in the hours before a problem that began then, and since; the newest first."""
    names = frozenset(services)
    found = (each for each in changes if since - BEFORE <= each.at <= now and each.concerns(names))
    return sorted(found, key=lambda each: (each.at, each.number), reverse=True)


def as_json(change: Change) -> dict[str, Any]:
    """A change as commands print it; `services` is empty for all of them."""
    return {
        "id": change.id,
        "at": rfc3339(change.at),
        "kind": change.kind,
        "services": list(change.services),
        "version": change.version,
        "text": change.text,
        "by": change.by,
    }
