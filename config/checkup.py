"""Mistakes that only the whole file shows: names that lead nowhere, and circles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from config.burn import look_at_burn
from config.dependencies import look_at_dependencies
from config.exposure import look_at_exposure
from config.friendly import nearest, shown
from config.hours import overlap
from config.models import ITSELF, Check, Config, Service, Timetable
from config.notices import look_at_notices, notices_channel
from config.old_names import look_at_old_names
from config.people import look_at_categories, look_at_people
from config.places import Where
from config.policy_checkup import look_at_policies
from config.route_checkup import look_at_checks, look_at_routes
from config.service_reader import ALL_DAY, SHARE
from config.sources import Sources
from config.unwise import warn_of_unwise

_FEW = 8


def cross_check(sources: Sources, config: Config) -> None:
    """Note mistakes and warnings in `sources`."""
    _Checkup(sources, config).run()


class _Checkup:
    def __init__(self, sources: Sources, config: Config) -> None:
        self.sources, self.config = sources, config
        self.helpdesks, self.channels = self._section("helpdesks"), self._section("channels")
        self.calendars = self._section("calendars")
        self.policies = {*self._section("policies"), *config.policies}
        self.services, self.teams = self._section("services"), self._section("teams")
        self.service_names = {*self.services, *(name for name in sources.groups if "." not in name)}

    def run(self) -> None:
        self._shared_names()
        for name, service in self.config.services.items():
            self._service(("services", name), service)
        if ITSELF in self.services:
            self._service(("services", ITSELF), self.config.itself)
        for name, team in self.config.teams.items():
            self._known(("teams", name, "calendar"), team.calendar, self.calendars, "calendar")
        for name, block in self._section("maintenance").items():
            self._window(("maintenance", name, "services"), block)
        self._inbound()
        for name, page in self.config.status_pages.items():
            self._status_page(("status_pages", name, "services"), page.services)
        self._severity()
        self._routes()
        look_at_exposure(self.sources, self.config)
        look_at_notices(self.sources, self.config, self._known, {**self.helpdesks, **self.channels})
        look_at_people(self.sources, self.config, self._known, self.calendars)
        look_at_categories(self.sources, self.config, self._known, self.service_names)
        look_at_policies(self.sources, self.config, self._known, self.service_names)
        look_at_old_names(self.sources, self.config)
        look_at_burn(self.sources, self.config)
        look_at_dependencies(self.sources, self.config, self._known_service)
        warn_of_unwise(self.sources, self.config)
        if not self.service_names and not self.sources.problems:
            self.sources.warn(("services",), "no service is defined: nothing will be looked at")

    def _section(self, name: str) -> Mapping[str, Any]:
        blocks = self.sources.tree.get(name)
        return blocks if isinstance(blocks, dict) else {}

    def _shared_names(self) -> None:
        for name in self.channels:
            if name in self.helpdesks:
                hint = "helpdesks and channels share their names"
                self.sources.blame(("channels", name), f"{shown(name)} also names a helpdesk", hint, key=True)

    def _service(self, where: Where, service: Service) -> None:
        self._known((*where, "team"), service.team, self.teams, "team")
        self._known((*where, "policy"), service.policy, self.policies, "policy")
        self._known((*where, "vendor"), service.vendor, self._section("vendors"), "vendor")
        if service.uptime.hours != ALL_DAY:
            self._known((*where, "uptime", "hours"), service.uptime.hours, self.calendars, "calendar")
        self._leaves_out((*where, "uptime", "exclude_when"), service)
        self._active(where, self.services[service.name])
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

    def _status_page(self, where: Where, names: Sequence[str]) -> None:
        """A service without a title would be told of by its name, which is nobody else's business."""
        self._all_known(where, names, self.service_names, "service")
        for number, name in enumerate(names):
            found = self.config.services.get(name)
            if found is not None and not found.title:
                hint = f"write services.{name}.title: it is what others are told"
                self.sources.blame((*where, number), f"{shown(name)} has no title", hint)

    def _inbound(self) -> None:
        """The services that alerts of other tools are about."""
        for name, source in self.config.inbound.items():
            where: Where = ("inbound", name)
            self._known((*where, "service"), source.service, self.service_names, "service")
            for theirs, ours in source.services.items():
                self._known((*where, "services", theirs), ours, self.service_names, "service")

    def _severity(self) -> None:
        """Rules whose names lead nowhere, or whose labels nothing carries, would never match."""
        for number, rule in enumerate(self.config.severity):
            match: Where = ("severity", number, "match")
            self._all_known((*match, "team"), rule.match.team, self.teams, "team")
            self._all_known((*match, "service"), rule.match.service, self.service_names, "service")
            self._carried((*match, "labels"), rule.match.labels)

    def _carried(self, where: Where, labels: Mapping[str, str]) -> None:
        """Warn of labels that nothing carries."""
        carried = {pair for each in self._labelled() for pair in each.labels.items()} if labels else set()
        for name, value in labels.items():
            if (name, value) not in carried:
                message = f"no service or check has the label {name}: {shown(value)}"
                self.sources.warn(
                    (*where, name), message, nearest(name, {known for known, _ in carried} - {name})
                )

    def _labelled(self) -> list[Service | Check]:
        return [*self.config.services.values(), *self.config.checks()]

    def _routes(self) -> None:
        targets = {**self.helpdesks, **self.channels}
        for number, route in enumerate(self.config.routes):
            where: Where = ("routes", number)
            self._all_known((*where, "send_to"), route.send_to, targets, "helpdesk or channel")
            self._all_known((*where, "match", "team"), route.match.team, self.teams, "team")
            self._all_known((*where, "match", "service"), route.match.service, self.service_names, "service")
            self._all_known((*where, "fallback"), route.fallback, targets, "helpdesk or channel")
            for option in ("active", "not_active"):
                calendar = getattr(route.match, option)
                self._known((*where, "match", option), calendar, self.calendars, "calendar")
            self._carried((*where, "match", "labels"), route.match.labels)
            look_at_checks(self.sources, number, route.match.check, self._known_service)
        look_at_routes(self.sources, self.config)
        routed = {name for route in self.config.routes for name in (*route.send_to, *route.fallback)}
        routed |= {notices_channel(self.config), self.config.agent.emergency or ""}
        for name in sorted(self.config.helpdesks.keys() - routed):
            section = "helpdesks" if name in self.helpdesks else "channels"
            self.sources.warn((section, name), "no route leads here: nothing is sent to it", key=True)

    def _known_service(self, where: Where, name: str) -> None:
        self._known(where, name, self.service_names, "service")

    def _all_known(self, where: Where, names: Collection[str], known: Collection[str], what: str) -> None:
        for number, name in enumerate(names):
            self._known((*where, number), name, known, what)

    def _known(self, where: Where, name: str | None, known: Collection[str], what: str) -> None:
        itself = what == "service" and name == ITSELF  # always there
        if name is None or name in known or itself or not self.sources.whole:
            return
        self.sources.blame(
            where, f"no {what} is called {shown(name)}", nearest(name, known) or _all_of(known, what)
        )


def _counting(number: int) -> str:
    return f"{number or 'none'} of its checks {'count' if number > 1 else 'counts'} for uptime"


def _all_of(known: Collection[str], what: str) -> str | None:
    """The names there are, when they are few."""
    if not known:
        return f"there is no {what} in the configuration"
    return f"known: {', '.join(sorted(known))}" if len(known) <= _FEW else None
