"""The graph of dependencies: which broken parent stands behind a child's trouble, and which may yet turn out to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from config.models import Service

# Alternatives of each other: what depends on them fails when all of them do.
Group: TypeAlias = tuple[str, ...]
# Asks something of a name, `service` or `service.check`.
Asks: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Graph:
    """What each service, and each check besides, depends on, by name: `service` or `service.check`."""

    groups: Mapping[str, tuple[Group, ...]]

    @classmethod
    def of(cls, services: Iterable[Service]) -> Graph:
        found = {}
        for service in services:
            if service.depends_on:
                found[service.name] = service.depends_on
            for check in service.checks.values():
                if check.depends_on:
                    found[check.address] = check.depends_on
        return cls(found)

    def parents(self, name: str) -> tuple[Group, ...]:
        """What a check depends on, with what its service does; or what a service does."""
        service, dot, _ = name.partition(".")
        own = self.groups.get(name, ())
        return (*own, *self.groups.get(service, ())) if dot else own

    def causes(self, name: str, broken: Asks, bare: Asks) -> list[str]:
        """The broken ancestors that have no broken ancestor themselves; `bare` ones are never looked at."""
        found: dict[str, None] = {}
        self._climb(name, {name: False}, broken, bare, found)
        return list(found)

    def doubtful(self, name: str, broken: Asks, sure: Asks) -> list[str]:
        """The ancestors that are not broken so far, but of which nobody can be `sure` that they are well.

        Where one alternative of a group is well for sure, the others do not matter.
        """
        found: dict[str, None] = {}
        for group in self._above(name, {name}):
            if not any(sure(each) for each in group):
                found.update(dict.fromkeys(each for each in group if not broken(each)))
        return list(found)

    def _climb(
        self, name: str, seen: dict[str, bool], broken: Asks, bare: Asks, found: dict[str, None]
    ) -> bool:
        """Whether there was a broken one above; the topmost are noted, `seen` says it of each that was asked."""
        any_above = False
        for group in self.parents(name):
            if not all(broken(each) or bare(each) for each in group):
                continue
            for each in group:
                if each not in seen:
                    seen[each] = False
                    above = self._climb(each, seen, broken, bare, found)
                    if not above and broken(each):
                        found[each] = None
                    seen[each] = above or broken(each)
                any_above = any_above or seen[each]
        return any_above

    def _above(self, name: str, seen: set[str]) -> Iterator[Group]:
        for group in self.parents(name):
            yield group
            for each in group:
                if each not in seen:
                    seen.add(each)
                    yield from self._above(each, seen)
