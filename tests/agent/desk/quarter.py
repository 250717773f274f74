"""A quarter at the desk in seconds: tickets come, twelve people work on them, reporters answer, and time moves.

The decisions, the verbs and the store are the daemon's own. What people do is drawn from a seed: some tickets are hard
and wait for a higher tier, some are forgotten, some wait for their reporter.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from agent import decide
from agent.desk.asked import Asked
from agent.desk.rooms import VERBS
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.save import save
from alerting.calendars import Calendar, opens_at
from alerting.connectors.registry import all_connectors
from alerting.desk.notices import sent
from alerting.desk.ticket import Ticket, TicketState
from checks.registry import all_kinds
from config.loader import load
from tests.readings import reading

AGENT = "quarter"
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
# A Thursday; the switch to winter time of Berlin and New York, Christmas and a year's end lie in the ninety days.
START = round(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * SECOND
DAYS = 90
_TITLES = {
    "technical": ("The page shows an error", "Search is slow", "The upload fails"),
    "billing": ("Wrong invoice", "The payment was refused", "I was charged twice"),
    "account": ("I cannot sign in", "My password does not work", "Delete my account"),
}
# By team: the skills of its people, and the hours of their three shifts.
TEAMS = {"web": "technical", "money": "billing", "people": "account"}
_SHIFTS = ("mon-sun 00:00-10:00", "mon-sun 07:00-17:00", "mon-sun 15:00-24:00", "mon-sun 09:00-19:00")
_ZONES = ("Africa/Johannesburg", "Europe/Berlin", "America/New_York")
Act = Callable[[], None]


def configuration(directory: Path) -> dict[str, Any]:
    """Three teams of four, each with three tiers, shifts in zones of their own, a lead and a manager."""
    tiers = (1, 1, 2, 3)
    shifts = {
        f"shift-{n}": {"zone": "Africa/Johannesburg", "hours": hours} for n, hours in enumerate(_SHIFTS)
    }
    teams = {
        name: {
            "skills": [skill],
            "lead": f"lead-{name}@example.org",
            "manager": "manager@example.org",
            "supervisor": "supervisor@example.org",
            "members": [
                {
                    "name": f"{name.title()} {n}",
                    "email": f"{name}-{n}@example.org",
                    "tier": tiers[n],
                    "calendar": f"shift-{n}",
                }
                for n in range(4)
            ],
        }
        for name, skill in TEAMS.items()
    }
    services = {
        f"{team}-{n}": {
            "team": team,
            "policy": "scmr-17",
            "criticality": criticality,
            "checks": {"home": {"type": "http", "url": "http://127.0.0.1:9/"}},
        }
        for team in TEAMS
        for n, criticality in enumerate(("high", "medium", "low") * 10)
    }
    return {
        "agent": {"id": AGENT, "state_dir": str(directory), "self_service": False},
        "defaults": {
            "every": "1d",
            "confirm": 1,
            "recover": 1,
            "blind_after": "366d",
            "watch_for": "15m",
            "burn": False,
        },
        "incidents": {"max_open_per_minute": 1000},
        "channels": {
            "mail": {"type": "email", "from": "desk@example.org", "server": "127.0.0.1:9", "tls": "none"}
        },
        # A third follow-up, so that low ones that are forgotten jump.
        "policies": {"default": {"extends": "scmr-17", "follow_ups": {"low": ["24h", "48h", "72h"]}}},
        "calendars": {
            **shifts,
            "office": {"zone": _ZONES[0], "hours": "mon-fri 08:00-17:00", "holidays": "ZA"},
        },
        "teams": teams,
        "services": services,
    }


@dataclass
class Quarter:
    """`run` lets the quarter pass. `broken` collects what never may be; `most_open` is the largest backlog."""

    directory: Path
    seed: int
    tickets: int
    broken: list[str] = field(default_factory=list)
    most_open: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.now = START
        file = self.directory / "tocsin.yaml"
        file.write_text(yaml.safe_dump(configuration(self.directory), sort_keys=False), encoding="utf-8")
        self.rules = Rulebook.of(load(file, all_kinds(), all_connectors()))
        self.engine = writing_engine(self.directory / FILE_NAME)
        migrate(self.engine)
        raw = self.engine.raw_connection()
        raw.cursor().execute("PRAGMA synchronous=OFF")  # whether the disk is honest is another test's
        raw.close()
        self.world = World()
        self._events: list[tuple[int, int, Act]] = []
        self._turn = 0
        self._moods: dict[int, str] = {}
        self._broken_services: set[tuple[str, str]] = set()

    def run(self) -> None:
        """All that happens, in the order of its moments; the desk's own steps are among it."""
        self._leave()
        for _ in range(round(self.tickets * 1.2)):  # some only open an earlier one again
            at = START + self.random.randrange((DAYS - 1) * DAY)
            self.at(at, self._opened if self.random.random() < 0.6 else self._trouble)
        end = START + DAYS * DAY
        while True:
            due = min((at for at in self.world.desk_due.values() if at is not None), default=end)
            upcoming = self._events[0][0] if self._events else end
            if min(due, upcoming) >= end:
                break
            self.now = max(self.now, min(due, upcoming))
            act = heapq.heappop(self._events)[2] if upcoming <= due else self._sweep
            act()
        self.now = end
        self._sweep()
        self.engine.dispose()

    def at(self, moment: int, act: Act) -> None:
        self._turn += 1
        heapq.heappush(self._events, (moment, self._turn, act))

    def commit(self, change: Callable[[Draft], Any]) -> None:
        """One transaction, as the daemon makes it; mail is delivered at once."""
        draft = Draft(self.world)
        change(draft)
        draft.desk_sweep = True
        decide.conclude(draft, self.rules, self.now)
        for key, notice in list(draft.notices.changed.items()):
            draft.notices.put(key, sent(notice, self.now))
        with self.engine.begin() as connection:
            save(connection, AGENT, draft, self.now)
        changed = {number: self.world.tickets.get(number) for number in draft.tickets.changed}
        draft.settle()
        for number, before in changed.items():
            self._look_after(before, self.world.tickets[number])
        self.world.forget_ended()

    def ask(self, verb: str, by: str, **arguments: Any) -> None:
        """Somebody asks the desk for something."""
        self.commit(lambda draft: VERBS[verb](draft, self.rules, Asked(arguments, by, self.now)))

    # -- what happens

    def _sweep(self) -> None:
        self.commit(lambda draft: decide.sweep(draft, self.rules, self.now))

    def _leave(self) -> None:
        """Everybody has a week off, one after the other."""
        people = [person for crew in self.rules.crews.values() for person in crew.people]
        for number, person in enumerate(people):
            start = START + (3 + 7 * number) * DAY
            self.at(START, lambda name=person.name, start=start: self.ask(  # type: ignore[misc]
                "team.away", "Lead", person=name, start=start, end=start + 7 * DAY, reason="leave"))  # fmt: skip

    def _opened(self) -> None:
        """A person reports something."""
        category = self.random.choice(list(_TITLES))
        title = self.random.choice(_TITLES[category])
        number = self.random.randrange(500)
        reporter = {"name": f"Reporter {number}", "email": f"reporter-{number}@example.org"}
        urgency = self.random.choices(("high", "medium", "low"), (1, 4, 5))[0]
        self.ask("tickets.open", "Web 0", title=title, category=category, channel="web", reporter=reporter,
                 fields={"urgency": urgency})  # fmt: skip

    def _trouble(self) -> None:
        """A service breaks, and recovers by itself or by what people do."""
        name = self.random.choice([each for each in self.rules.services if each in self.rules.members])
        key, at = (name, "home"), self.now
        if name == "tocsin" or key in self._broken_services:
            return
        self._broken_services.add(key)
        self._seen(key, self.random.choice("gd"))
        self.at(at + round(self.random.lognormvariate(0.5, 1.2) * HOUR), lambda: self._recovered(key))

    def _recovered(self, key: tuple[str, str]) -> None:
        self._broken_services.discard(key)
        self._seen(key, "o")
        self.at(self.now + 16 * MINUTE, self._sweep)

    def _seen(self, key: tuple[str, str], word: str) -> None:
        self.commit(lambda draft: decide.take(draft, self.rules, key, reading(word, self.now / SECOND)))

    # -- what people do

    def _look_after(self, before: Ticket | None, ticket: Ticket) -> None:
        """Whoever was given a ticket works on it; whoever is asked answers."""
        self._must_hold(ticket)
        given = ticket.is_open and ticket.assignee and (before is None or before.assignee != ticket.assignee)
        lifted = before is not None and before.tier != ticket.tier
        reopened = before is not None and not before.is_open
        if given or (ticket.is_open and (lifted or reopened)):
            self._begin(ticket)
        ask = ticket.ask
        if ask is not None and ask.answered_at is None and (before is None or before.ask != ask):
            self._answer(ticket)

    def _must_hold(self, ticket: Ticket) -> None:
        if ticket.is_open and not ticket.assignee:
            self.broken.append(f"{ticket.id} has no owner")
        if ticket.is_open and "resolve" not in ticket.due:
            self.broken.append(f"{ticket.id} has no due time")
        self.most_open = max(self.most_open, sum(each.is_open for each in self.world.tickets.values()))

    def _mood(self, number: int) -> str:
        """What sort of ticket it is: most are mended soon."""
        if number not in self._moods:
            sorts = {"quick": 70, "waits": 12, "hard": 9, "harder": 4, "forgotten": 5}
            self._moods[number] = self.random.choices(list(sorts), list(sorts.values()))[0]
        return self._moods[number]

    def _begin(self, ticket: Ticket) -> None:
        mood, number, who = self._mood(ticket.number), ticket.number, ticket.assignee or ""
        wanted = {"hard": 2, "harder": 3}.get(mood, 1)
        at = self._works_from(who, self.now + round(self.random.expovariate(1 / 20)) * MINUTE)
        if mood == "forgotten" and ticket.tier < 2:
            return
        self.at(at, lambda: self._started(number, who))
        if ticket.tier >= wanted:
            took = round(self.random.lognormvariate(0.3, 1.0) * HOUR)
            if mood == "waits" and ticket.tier == 1:
                self.at(at + MINUTE, lambda: self._waits(number, who))
                took += round(self.random.expovariate(1 / 20) * HOUR) + 2 * MINUTE
                self.at(at + took - MINUTE, lambda: self._started(number, who))
            self.at(self._works_from(who, at + took), lambda: self._mended(number, who))

    def _works_from(self, name: str, at: int) -> int:
        """The first moment at which they are at work; leads, who are addresses, always are."""
        people = (person for crew in self.rules.crews.values() for person in crew.people)
        person = next((each for each in people if each.name == name), None)
        hours = [Calendar(person.hours)] if person is not None and person.hours is not None else []
        opens = opens_at(hours, at)
        return at if opens is None else opens

    def _has(self, number: int, who: str, *states: TicketState) -> bool:
        ticket = self.world.tickets.get(number)
        return ticket is not None and ticket.assignee == who and ticket.state in states

    def _started(self, number: int, who: str) -> None:
        if self._has(number, who, TicketState.NEW, TicketState.ACKNOWLEDGED, TicketState.PENDING):
            self.ask("tickets.start", who, ticket=number)

    def _waits(self, number: int, who: str) -> None:
        if self._has(number, who, TicketState.IN_PROGRESS):
            self.ask("tickets.pend", who, ticket=number, **{"for": "reporter"})

    def _mended(self, number: int, who: str) -> None:
        if self._has(number, who, TicketState.IN_PROGRESS, TicketState.PENDING):
            if self.world.tickets[number].state is TicketState.PENDING:
                self.ask("tickets.start", who, ticket=number)
            self.ask("tickets.resolve", who, ticket=number, note="mended")

    def _answer(self, ticket: Ticket) -> None:
        drawn, number = self.random.random(), ticket.number
        if drawn < 0.5:
            later = round(self.random.expovariate(1 / 10) * HOUR)
            self.at(self.now + later, lambda: self._says(number, satisfied=True))
        elif drawn < 0.55 and not ticket.reopened:
            self.at(self.now + 2 * HOUR, lambda: self._says(number, satisfied=False))

    def _says(self, number: int, *, satisfied: bool) -> None:
        ticket = self.world.tickets.get(number)
        if ticket is not None and ticket.state is TicketState.RESOLVED:
            self.ask("tickets.confirm", "Web 0", ticket=number, satisfied=satisfied, text="that is so")
