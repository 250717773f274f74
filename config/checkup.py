"""Mistakes that only the whole file shows: names that lead nowhere, and circles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from config.burn import look_at_burn
from config.friendly import nearest, shown
from config.hours import overlap
from config.models import Config, Service, Timetable
from config.old_names import look_at_old_names
from config.places import Where
from config.service_reader import ALL_DAY, SHARE
from config.sources import Sources
from config.unwise import warn_of_unwise

SHIPPED_POLICIES = ("sclmr-1", "scmr-5", "scmr-17")
# No helpdesk or channel can be delivered to yet: whoever names one is told, instead of waiting for tickets.
CONNECTORS: tuple[str, ...] = ()
_FEW = 8


def cross_check(sources: Sources, config: Config) -> None:
    """Note mistakes and warnings in `sources`."""
    _Checkup(sources, config).run()


class _Checkup:
    def __init__(self, sources: Sources, config: Config) -> None:
        self.sources, self.config = sources, config
        self.helpdesks, self.channels = self._section("helpdesks"), self._section("channels")
        self.calendars = self._section("calendars")
        self.policies = {*self._section("policies"), *SHIPPED_POLICIES}
        self.services, self.teams = self._section("services"), self._section("teams")
        self.service_names = {*self.services, *(name for name in sources.groups if "." not in name)}

    def run(self) -> None:
        self._connectors("helpdesks", self.helpdesks)
        self._connectors("channels", self.channels)
        self._shared_names()
        for name, service in self.config.services.items():
            self._service(("services", name), service)
        for name, team in self.config.teams.items():
            self._known(("teams", name, "calendar"), team.calendar, self.calendars, "calendar")
        for name, block in self._section("maintenance").items():
            self._window(("maintenance", name, "services"), block)
        self._routes()
        look_at_old_names(self.sources, self.config)
        look_at_burn(self.sources, self.config)
        self._circles()
        warn_of_unwise(self.sources, self.config)
        if not self.service_names and not self.sources.problems:
            self.sources.warn(("services",), "no service is defined: nothing will be looked at")

    def _section(self, name: str) -> Mapping[str, Any]:
        blocks = self.sources.tree.get(name)
        return blocks if isinstance(blocks, dict) else {}

    def _connectors(self, section: str, blocks: Mapping[str, Any]) -> None:
        for name, block in blocks.items():
            kind = block.get("type") if isinstance(block, dict) else None
            if kind is None:
                self.sources.blame((section, name), "is missing type:", key=True)
            elif kind not in CONNECTORS:
                hint = nearest(str(kind), CONNECTORS) or "this version keeps tickets in its own desk only"
                self.sources.blame((section, name, "type"), f"unknown type {shown(kind)}", hint)

    def _shared_names(self) -> None:
        for name in self.channels:
            if name in self.helpdesks:
                hint = "helpdesks and channels share their names"
                self.sources.blame(("channels", name), f"{shown(name)} also names a helpdesk", hint, key=True)

    def _service(self, where: Where, service: Service) -> None:
        self._known((*where, "team"), service.team, self.teams, "team")
        self._known((*where, "policy"), service.policy, self.policies, "policy")
        if service.uptime.hours != ALL_DAY:
            self._known((*where, "uptime", "hours"), service.uptime.hours, self.calendars, "calendar")
        self._leaves_out((*where, "uptime", "exclude_when"), service)
        written = self.services[service.name]
        for number, parent in enumerate(service.depends_on):
            self._parent((*where, "depends_on", number), parent)
        self._active(where, written)
        for name, check in service.checks.items():
            self._open_together((*where, "checks", name, "active"), check.active)
        self._share(where, service)

    def _leaves_out(self, where: Where, service: Service) -> None:
        """The services during whose outages its time does not count."""
        groups = self.sources.groups
        for number, name in enumerate(service.uptime.exclude_when):
            place = (*where, number)
            parent, dot, _ = name.partition(".")
            if dot and parent in self.service_names:
                message = f"names a check, and only services are looked at: {shown(name)}"
                self.sources.blame(place, message, f"did you mean {shown(parent)}?")
                continue
            self._known(place, name, self.service_names, "service")
            self.sources.make(len(groups.get(name, ())), place)
            if service.name in groups.get(name, (name,)):
                hint = "name what it relies on, or leave the line out"
                self.sources.blame(place, "its own outages cannot be left out", hint)
            other = self.config.services.get(name)
            if other and other.checks and not any(each.counts_for_uptime for each in other.checks.values()):
                self.sources.warn(place, f"{name} is never down: none of its checks counts for uptime")

    def _active(self, where: Where, written: Any) -> None:
        """The calendars that a service and its checks name."""
        blocks = [(where, written)]
        checks = written.get("checks") if isinstance(written, dict) else None
        for name, check in checks.items() if isinstance(checks, dict) else ():
            blocks.append(((*where, "checks", name), check))
        for place, block in blocks:
            active = block.get("active") if isinstance(block, dict) else None
            if isinstance(active, str):
                self._known((*place, "active"), active, self.calendars, "calendar")

    def _window(self, where: Where, written: Any) -> None:
        named = written.get("services") if isinstance(written, dict) else None
        listed = named if isinstance(named, list) else [named]
        names = [name for name in listed if isinstance(name, str)]
        if names == ["all"] and "all" not in self.service_names:
            self.sources.blame(where, 'no service is called "all"', "leave the line out for all services")
        else:
            self._all_known(where, names, self.service_names, "service")

    def _open_together(self, where: Where, calendars: tuple[Timetable, ...]) -> None:
        """A check is looked at while its own calendar and its service's are open: there must be such a time."""
        if len({each.zone for each in calendars}) == 1 and not overlap([each.week for each in calendars]):
            first, second = (shown(each.name) for each in calendars)
            message = f"is never looked at: {first} (of the service) and {second} are never open together"
            self.sources.warn(where, message)

    def _share(self, where: Where, service: Service) -> None:
        """`2 of 3` against the checks that count; silent where some could not be read."""
        share = SHARE.fullmatch(service.down_when)
        written = (self.services[service.name] or {}).get("checks") or {}
        wanted, of = (int(share[1]), int(share[2])) if share else (0, 0)
        if not 1 <= wanted <= of or len(service.checks) != len(written):
            return
        counting = sum(check.counts_for_uptime for check in service.checks.values())
        at, quoted = (*where, "down_when"), shown(service.down_when)
        if wanted > counting:
            self.sources.blame(at, f"{quoted} can never be met: {_counting(counting)}")
        elif of != counting:
            message = f"{quoted} speaks of {of} checks, but {_counting(counting)}"
            self.sources.warn(at, message, f'did you mean "{wanted} of {counting}"?')

    def _routes(self) -> None:
        targets = {**self.helpdesks, **self.channels}
        for number, route in enumerate(self.config.routes):
            where: Where = ("routes", number)
            self._all_known((*where, "send_to"), route.send_to, targets, "helpdesk or channel")
            self._all_known((*where, "match", "team"), route.match.team, self.teams, "team")
            self._all_known((*where, "match", "service"), route.match.service, self.service_names, "service")

    def _all_known(self, where: Where, names: Collection[str], known: Collection[str], what: str) -> None:
        for number, name in enumerate(names):
            self._known((*where, number), name, known, what)

    def _known(self, where: Where, name: str | None, known: Collection[str], what: str) -> None:
        if name is None or name in known or not self.sources.whole:
            return
        self.sources.blame(
            where, f"no {what} is called {shown(name)}", nearest(name, known) or _all_of(known, what)
        )

    def _parent(self, where: Where, parent: str) -> None:
        service, _, check = parent.partition(".")
        self._known(where, service, self.service_names, "service")
        self.sources.make(len(self.sources.groups.get(parent) or self.sources.groups.get(service, ())), where)
        if not check or parent in self.sources.groups:
            return
        made = self.sources.groups.get(service, (service,))  # they all have the same checks
        for block in [self.services[name] for name in made if self.services.get(name) is not None][:1]:
            known = block.get("checks") if isinstance(block, dict) else None
            if check not in (known if isinstance(known, dict) else {}):
                hint = nearest(check, known) if isinstance(known, dict) else None
                self.sources.blame(where, f"service {service} has no check {shown(check)}", hint)

    def _circles(self) -> None:
        services = self.config.services
        parents: dict[str, Collection[str]] = {
            name: [parent.partition(".")[0] for parent in service.depends_on]
            for name, service in services.items()
        }
        for circle in circles({**parents, **self.sources.groups}):
            last = next(name for name in reversed(circle[:-1]) if name in services)
            self.sources.blame(("services", last, "depends_on"), f"depends on itself: {' -> '.join(circle)}")


def _counting(number: int) -> str:
    return f"{number or 'none'} of its checks {'count' if number > 1 else 'counts'} for uptime"


def _all_of(known: Collection[str], what: str) -> str | None:
    """The names there are, when they are few."""
    if not known:
        return f"there is no {what} in the configuration"
    return f"known: {', '.join(sorted(known))}" if len(known) <= _FEW else None


def circles(parents: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Each circle once, as the names along it with the first repeated; a walk without recursion."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                path.popitem()
                done.add(name)
            elif name in path:
                names = list(path)
                found.append([*names[names.index(name) :], name])
            elif name not in done:
                path[name] = None
                stack.append((name, True))
                stack.extend((parent, False) for parent in dict.fromkeys(parents.get(name, ())))
    return found
