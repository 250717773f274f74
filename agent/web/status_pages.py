"""Status pages: what others may know of chosen services, made once for a crowd."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.memory import World
from agent.store.reader import NoStore
from agent.views.services import state_of
from agent.web.charts.strip import percent, strip
from agent.web.daemon import Daemon
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Why
from alerting.slo.figures import rfc3339
from config.models import Service
from config.status_pages import StatusPage

_FRESH = 10.0
_DAY = 86_400 * 1_000_000
_PAST = 14 * _DAY
# Worst first. What is said of each class.
WORDS: Mapping[str, str] = {
    "down": "outage",
    "degraded": "degraded",
    "maintenance": "maintenance",
    "unknown": "no data",
    "up": "operational",
}


@dataclass(frozen=True, slots=True)
class Told:
    """Of one service: by its title alone. `slug` is made of it, for addresses."""

    slug: str
    title: str
    state: str
    uptime: str | None
    strip: str


@dataclass(frozen=True, slots=True)
class Event:
    """Trouble or planned work of services, by title; moments in microseconds, `end` None while it lasts."""

    id: str
    titles: tuple[str, ...]
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A status page as it stands at one moment."""

    title: str
    description: str
    state: str
    services: tuple[Told, ...]
    troubles: tuple[Event, ...]
    planned: tuple[Event, ...]
    at: int
    tag: str

    @property
    def headline(self) -> str:
        """The worst of it, in a sentence."""
        return {
            "down": "Some services are down",
            "degraded": "Some services are degraded",
            "maintenance": "Planned work is under way",
            "unknown": "Not everything can be seen right now",
            "up": "Everything works",
        }[self.state]

    def document(self) -> dict[str, Any]:
        """As JSON, to be embedded elsewhere."""
        return {
            "title": self.title,
            "state": WORDS[self.state],
            "at": rfc3339(self.at),
            "services": [
                {"id": each.slug, "title": each.title, "state": WORDS[each.state], "uptime_30d": each.uptime}
                for each in self.services
            ],
            "incidents": [_event(each) for each in self.troubles],
            "maintenance": [_event(each) for each in self.planned],
        }


class StatusPages:
    """Each page is made anew when it is asked for and ten seconds old. To be used on threads."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._known: dict[str, tuple[float, StatusPage, Snapshot]] = {}
        self._making = threading.Lock()

    def of(self, name: str) -> Snapshot | None:
        """None where no page is called so."""
        page, now = self._daemon.config().status_pages.get(name), self._daemon.clock.monotonic()
        if page is None:
            return None
        with self._making:
            found = self._known.get(name)
            if found is None or now - found[0] >= _FRESH or found[1] is not page:
                found = now, page, _snapshot(self._daemon, name, page)
                self._known[name] = found
            return found[2]


def _snapshot(daemon: Daemon, name: str, page: StatusPage) -> Snapshot:
    config, world, now = daemon.config(), daemon.world(), daemon.clock.now()
    services = [config.services[each] for each in page.services if each in config.services]
    told, titles = _told(daemon, world, services), {each.name: each.title or "A service" for each in services}
    worst = min((each.state for each in told), key=list(WORDS).index, default="unknown")
    key = f"{config.agent.id}/{name}"
    troubles = tuple(_troubles(daemon, key, titles, now))
    planned = tuple(_planned(world, key, titles, now))
    tag = hashlib.sha256(repr((page, told, troubles, planned)).encode()).hexdigest()[:16]
    return Snapshot(page.title, page.description, worst, told, troubles, planned, now, tag)


def _told(daemon: Daemon, world: World, services: Sequence[Service]) -> tuple[Told, ...]:
    zone, figures, taken = daemon.config().agent.timezone, daemon.figures.of(services), set[str]()
    found = []
    for each in services:
        figure, title = figures[each.name], each.title or "A service"
        uptime = None if figure.uptime is None else percent(figure.uptime)
        drawn = strip(figure.days, each.target, zone) if figure.days else ""
        found.append(Told(_slug(title, taken), title, state_of(world, each), uptime, drawn))
    return tuple(found)


def _slug(title: str, taken: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:60] or "service"
    slug, number = plain, 2
    while slug in taken:
        slug, number = f"{plain}-{number}", number + 1
    taken.add(slug)
    return slug


def _troubles(daemon: Daemon, key: str, titles: Mapping[str, str], now: int) -> Sequence[Event]:
    """Incidents of the last two weeks that made a service worse than it should be, the newest first."""
    try:
        with daemon.store() as store:
            found = [each for each in store.incidents() if each.service in titles and _is_recent(each, now)]
    except NoStore:
        return []
    newest = sorted(found, key=lambda each: each.opened_at, reverse=True)
    return [
        Event(_id(f"{key}/i{each.id}"), (titles[each.service],), each.opened_at, each.resolved_at)
        for each in newest
    ]


def _is_recent(incident: Incident, now: int) -> bool:
    return incident.merged_into is None and (
        incident.resolved_at is None or incident.resolved_at > now - _PAST
    )


def _planned(world: World, key: str, titles: Mapping[str, str], now: int) -> Sequence[Event]:
    """Planned work that runs or is to come, the next first."""
    found = []
    for each in sorted(world.suppressions, key=lambda each: each.start):
        if each.why is not Why.MAINTENANCE or each.end <= now:
            continue
        concerned = tuple(titles[name] for name in titles if not each.match.names or name in each.match.names)
        if concerned:
            found.append(Event(_id(f"{key}/{each.id}"), concerned, each.start, each.end))
    return found


def _id(text: str) -> str:
    """Without what stands in it."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _event(event: Event) -> dict[str, Any]:
    end = None if event.end is None else rfc3339(event.end)
    return {"id": event.id, "services": list(event.titles), "from": rfc3339(event.start), "to": end}
