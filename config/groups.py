"""A name that stands for all that its targets made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from config.models import Config, Route, Service

Groups = Mapping[str, tuple[str, ...]]


def meant_by(names: Iterable[str], groups: Groups) -> tuple[str, ...]:
    """The names, and those that a name of targets stands for instead of it, each once."""
    return tuple(dict.fromkeys(each for name in names for each in _each(name, groups)))


def _each(name: str, groups: Groups) -> tuple[str, ...]:
    service, dot, check = name.partition(".")
    if name in groups:
        return groups[name]
    return tuple(f"{made}.{check}" for made in groups[service]) if dot and service in groups else (name,)


def with_groups(config: Config, groups: Groups) -> Config:
    """The configuration with such names replaced in `depends_on`, `exclude_when`, routes and windows."""
    if not groups:
        return config
    known: dict[tuple[str, ...], tuple[str, ...]] = {}  # thousands may depend on the same thousands
    services = {}
    for name, service in config.services.items():
        for asked in (service.depends_on, service.uptime.exclude_when):
            if asked not in known:
                known[asked] = meant_by(asked, groups)
        services[name] = _service(service, known)
    routes = tuple(_route(route, groups) for route in config.routes)
    windows = {
        name: replace(window, services=_some(window.services, groups))
        for name, window in config.maintenance.items()
    }
    return replace(config, services=services, routes=routes, maintenance=windows)


def _service(service: Service, known: Mapping[tuple[str, ...], tuple[str, ...]]) -> Service:
    needs, left_out = known[service.depends_on], known[service.uptime.exclude_when]
    if (needs, left_out) == (service.depends_on, service.uptime.exclude_when):
        return service
    uptime = service.uptime.model_copy(update={"exclude_when": left_out})
    return replace(service, depends_on=needs, uptime=uptime)


def _route(route: Route, groups: Groups) -> Route:
    match = route.match.model_copy(update={"service": _some(route.match.service, groups)})
    return route.model_copy(update={"match": match})


def _some(names: tuple[str, ...], groups: Groups) -> tuple[str, ...]:
    """Where no name at all means every service: a name that stands for none just now must not become that."""
    return meant_by(names, groups) or names
