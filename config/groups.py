"""A name that stands for all that its targets made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import is_
from typing import TypeAlias, TypeVar

from config.categories import TeamRule
from config.desk import DeskOptions
from config.models import Check, Config, Route, Service, SeverityRule
from config.policies import Jump, Policy, PriorityRule

Groups = Mapping[str, tuple[str, ...]]
Needs: TypeAlias = tuple[tuple[str, ...], ...]
Matching = TypeVar("Matching", Route, SeverityRule, TeamRule)
OfPolicy = TypeVar("OfPolicy", PriorityRule, Jump)


def meant_by(names: Iterable[str], groups: Groups) -> tuple[str, ...]:
    """The names, and those that a name of targets stands for instead of it, each once."""
    return tuple(dict.fromkeys(each for name in names for each in _each(name, groups)))


def _each(name: str, groups: Groups) -> tuple[str, ...]:
    service, dot, check = name.partition(".")
    if name in groups:
        return groups[name]
    return tuple(f"{made}.{check}" for made in groups[service]) if dot and service in groups else (name,)


def with_groups(config: Config, groups: Groups) -> Config:
    """The configuration with such names replaced in `depends_on`, `exclude_when`, rules and windows."""
    filled = _Filled(groups)
    services = {name: filled.service(service) for name, service in config.services.items()}
    routes = tuple(_matching(route, groups) for route in config.routes)
    severity = tuple(_matching(rule, groups) for rule in config.severity)
    windows = {
        name: replace(window, services=_some(window.services, groups))
        for name, window in config.maintenance.items()
    }
    return replace(
        config,
        services=services,
        routes=routes,
        severity=severity,
        maintenance=windows,
        desk=_desk(config.desk, groups),
        policies={name: _policy(policy, groups) for name, policy in config.policies.items()},
    )


def _desk(desk: DeskOptions, groups: Groups) -> DeskOptions:
    categories = {
        name: each.model_copy(update={"service": _some(each.service, groups)})
        for name, each in desk.categories.items()
    }
    teams = tuple(_matching(rule, groups) for rule in desk.teams)
    return desk.model_copy(update={"categories": categories, "teams": teams})


def _policy(policy: Policy, groups: Groups) -> Policy:
    if not groups:
        return policy
    return replace(
        policy,
        priorities=tuple(_of_policy(rule, groups) for rule in policy.priorities),
        jumps=tuple(_of_policy(jump, groups) for jump in policy.jumps),
    )


def _of_policy(rule: OfPolicy, groups: Groups) -> OfPolicy:
    return replace(rule, match=replace(rule.match, service=_some(rule.match.service, groups)))


class _Filled:
    """Services and checks with such names replaced; thousands may name the same thousands: each list is made once."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._needs: dict[Needs, Needs] = {}

    def service(self, service: Service) -> Service:
        needs, left_out = self.needs(service.depends_on), self.names(service.uptime.exclude_when)
        checks = {name: self.check(check) for name, check in service.checks.items()}
        if left_out != service.uptime.exclude_when:
            uptime = service.uptime.model_copy(update={"exclude_when": left_out})
            service = replace(service, uptime=uptime)
        same = needs == service.depends_on and all(map(is_, checks.values(), service.checks.values()))
        return service if same else replace(service, depends_on=needs, checks=checks)

    def check(self, check: Check) -> Check:
        needs = self.needs(check.depends_on)
        return check if needs == check.depends_on else replace(check, depends_on=needs)

    def names(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        if asked not in self._names:
            self._names[asked] = meant_by(asked, self.groups)
        return self._names[asked]

    def needs(self, asked: Needs) -> Needs:
        """All that a plain name stands for are needed; among alternatives they are further alternatives."""
        if asked not in self._needs:
            self._needs[asked] = tuple(dict.fromkeys(one for group in asked for one in self._groups(group)))
        return self._needs[asked]

    def _groups(self, group: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        made = self.names(group)
        if len(group) == 1:
            return ((name,) for name in made)
        return (made,) if made else ()


def _matching(rule: Matching, groups: Groups) -> Matching:
    named = {name: getattr(rule.match, name, ()) for name in ("service", "check")}
    made = {name: _some(names, groups) for name, names in named.items() if names}
    return rule.model_copy(update={"match": rule.match.model_copy(update=made)})


def _some(names: tuple[str, ...], groups: Groups) -> tuple[str, ...]:
    """Where no name at all means every service: a name that stands for none just now must not become that."""
    return meant_by(names, groups) or names
