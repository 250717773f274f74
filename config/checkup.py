"""Mistakes that only the whole file shows: names that lead nowhere, circles, and what is legal but unwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from config.errors import Problem
from config.friendly import nearest, shown
from config.models import Config
from config.nodes import Where
from config.sources import Sources

SHIPPED_POLICIES = ("sclmr-1", "scmr-5", "scmr-17")
# No helpdesk or channel can be delivered to yet: whoever names one is told, instead of waiting for tickets.
CONNECTORS: tuple[str, ...] = ()


def cross_check(sources: Sources, config: Config, warnings: list[Problem]) -> None:
    """Note mistakes in `sources`; add warnings."""
    helpdesks, channels = _section(sources, "helpdesks"), _section(sources, "channels")
    calendars, policies = _section(sources, "calendars"), {*_section(sources, "policies"), *SHIPPED_POLICIES}
    _connectors(sources, "helpdesks", helpdesks)
    _connectors(sources, "channels", channels)
    for name in sorted(set(helpdesks) & set(channels)):
        sources.blame(
            ("channels", name),
            f'"{name}" also names a helpdesk',
            "helpdesks and channels share their names",
            key=True,
        )
    for name, service in config.services.items():
        where: Where = ("services", name)
        _known(sources, (*where, "team"), service.team, config.teams, "team")
        _known(sources, (*where, "policy"), service.policy, policies, "policy")
        for number, parent in enumerate(service.depends_on):
            _parent(sources, (*where, "depends_on", number), parent, config)
        if not sources.problems:
            _unwise(sources, config, name, warnings)
    for name, team in config.teams.items():
        _known(sources, ("teams", name, "calendar"), team.calendar, calendars, "calendar")
    for number, route in enumerate(config.routes):
        for index, target in enumerate(route.send_to):
            _known(
                sources,
                ("routes", number, "send_to", index),
                target,
                {*helpdesks, *channels},
                "helpdesk or channel",
            )
        for index, team_name in enumerate(route.match.team):
            _known(sources, ("routes", number, "match", "team", index), team_name, config.teams, "team")
    _circles(sources, config)


def _section(sources: Sources, name: str) -> dict[str, Any]:
    blocks = sources.tree.get(name)
    return blocks if isinstance(blocks, dict) else {}


def _connectors(sources: Sources, section: str, blocks: Mapping[str, Any]) -> None:
    for name, block in blocks.items():
        kind = block.get("type") if isinstance(block, dict) else None
        where: Where = (section, name, "type")
        if kind is None:
            sources.blame((section, name), "is missing type:", key=True)
        elif kind not in CONNECTORS:
            sources.blame(
                where, f"unknown type {shown(kind)}", "this version keeps tickets in its own desk only"
            )


def _known(sources: Sources, where: Where, name: str | None, known: Collection[str], what: str) -> None:
    if name is not None and name not in known:
        sources.blame(where, f"no {what} is called {shown(name)}", nearest(name, known))


def _parent(sources: Sources, where: Where, parent: str, config: Config) -> None:
    service, _, check = parent.partition(".")
    names = _section(sources, "services")
    if service not in names:
        sources.blame(where, f"no service is called {shown(service)}", nearest(service, names))
    elif check and service in config.services:
        block = names[service]
        checks = block.get("checks") if isinstance(block, dict) else {}
        known = {*(checks if isinstance(checks, dict) else {}), *config.services[service].checks}
        if check not in known:
            sources.blame(where, f"service {service} has no check {shown(check)}", nearest(check, known))


def _circles(sources: Sources, config: Config) -> None:
    """A depth-first walk without recursion; each circle is reported once, where it closes."""
    parents = {
        name: [p.partition(".")[0] for p in service.depends_on] for name, service in config.services.items()
    }
    done: set[str] = set()
    for start in parents:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                path.pop()
                done.add(name)
            elif name in path:
                circle = " -> ".join([*path[path.index(name) :], name])
                sources.blame(("services", path[-1], "depends_on"), f"depends on itself: {circle}")
            elif name not in done:
                path.append(name)
                stack.append((name, True))
                stack.extend((parent, False) for parent in parents.get(name, ()))


def _unwise(sources: Sources, config: Config, name: str, warnings: list[Problem]) -> None:
    service = config.services[name]
    if not service.checks:
        warnings.append(
            sources.problem(("services", name), "has no check that runs: its uptime stays unknown", key=True)
        )
    for check in service.checks.values():
        where: Where = ("services", name, "checks", check.name)
        if check.every < check.timeout:
            message = f"every ({check.every:g}s) is shorter than timeout ({check.timeout:g}s): slow looks will be skipped"
            warnings.append(sources.problem(where, message, "raise every or lower timeout", key=True))
    counting = sum(check.counts_for_uptime for check in service.checks.values())
    words = service.down_when.split()
    if len(words) == 3 and words[0].isdecimal() and int(words[0]) > counting:
        sources.blame(
            ("services", name, "down_when"),
            f'"{service.down_when}" can never be met: {counting} of its checks count',
        )
