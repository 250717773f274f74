"""Agreements that leave time out, through the installed command, against somebody who goes from second to second."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.daemon import Ended, tocsin

LENGTH = 16 * 3600
CLASSES = ("up", "degraded", "down", "maintenance", "unknown")
STATUSES = {"ok": "up", "degraded": "degraded", "down": "down", "unknown": "unknown"}
# Where the clocks are changed soon after: forward in Berlin, back by half an hour on Lord Howe.
BEGINNINGS = {
    "Europe/Berlin": datetime(2026, 3, 28, 20, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 4, tzinfo=UTC),
}
# Open hours by weekday, Monday 0, in minutes; days off.
Days = dict[int, list[tuple[int, int]]]
CALENDARS: dict[str, tuple[str, Days, str | None]] = {
    "night": ("22:00-06:00", {day: [(0, 360), (1320, 1440)] for day in range(7)}, None),
    "weekend": ("sat-sun 00:00-24:00", {5: [(0, 1440)], 6: [(0, 1440)]}, None),
    "saturday": ("sat 01:00-13:00, 14:00-24:00", {5: [(60, 780), (840, 1440)]}, None),
    "holiday": ("24x7", {day: [(0, 1440)] for day in range(7)}, "second day"),
}


@dataclass
class Told:
    """A service: its agreement, and what happened to it in the order in which it is told."""

    policy: dict[str, str]
    target: str
    hours: str | None
    others: list[str]
    monitored_from: int | None
    events: list[tuple[int, str, int | None]] = field(default_factory=list)
    windows: list[tuple[int, int]] = field(default_factory=list)


@dataclass(eq=False)
class World:
    zone: str
    services: dict[str, Told]
    off: tuple[int, int]

    def moment(self, second: int) -> str:
        return (BEGINNINGS[self.zone] + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")

    @cache  # noqa: B019 - one for each test
    def is_open(self, calendar: str) -> list[bool]:
        """For each second, what a clock on the wall and a calendar beside it say."""
        _, days, off = CALENDARS[calendar]
        zone, begin = ZoneInfo(self.zone), BEGINNINGS[self.zone]
        closed = (begin.astimezone(zone) + timedelta(days=1)).date() if off else None
        found = []
        for second in range(LENGTH):
            local = (begin + timedelta(seconds=second)).astimezone(zone)
            minute = local.hour * 60 + local.minute
            spans = days.get(local.weekday(), [])
            found.append(local.date() != closed and any(start <= minute < end for start, end in spans))
        return found

    @cache  # noqa: B019 - one for each test
    def seen(self, name: str) -> list[str | None]:
        """The class of each second; None before anything was known."""
        told = self.services[name]
        at = {second: (word, lasts) for second, word, lasts in told.events}
        found: list[str | None] = []
        word, since, lasts = None, 0, None
        for second in range(LENGTH):
            if second in at:
                (word, lasts), since = at[second], second
            believed = lasts is None or second < since + lasts
            watched = not self.off[0] <= second < self.off[1]
            found.append(word if word is None or (believed and watched) else "unknown")
        for start, end in told.windows:
            found[start:end] = ["maintenance"] * (min(end, LENGTH) - start)
        return found


def world(dice: Random, zone: str) -> World:
    names = [f"s{number}" for number in range(14)]
    off = dice.randrange(LENGTH)
    return World(zone, {name: service(dice, name, names) for name in names}, (off, off + 1800))


def service(dice: Random, name: str, names: list[str]) -> Told:
    told = Told(
        {
            "degraded": dice.choice(["up", "down"]),
            "unknown": dice.choice(["exclude", "down", "up"]),
            "maintenance": dice.choice(["exclude", "down"]),
        },
        dice.choice(["99%", "90%", "50%"]),
        dice.choice([None, *CALENDARS]),
        [other for other in dice.sample(names, dice.choice([0, 1, 1, 3])) if other != name],
        dice.choice([None, None, dice.randrange(LENGTH)]),
    )
    for _ in range(dice.randrange(12)):
        # Few moments, so that several events fall on one.
        at = dice.randrange(0, LENGTH, dice.choice([1, 1800]))
        if dice.random() < 0.6:
            told.events.append((at, dice.choice(["up", "degraded", "down", "down", "unknown"]), None))
        else:
            told.events.append((at, STATUSES[dice.choice(list(STATUSES))], dice.randrange(5000)))
    for _ in range(dice.randrange(3)):
        start = dice.randrange(LENGTH)
        told.windows.append((start, start + dice.randrange(1, 9000)))
    return told


def expected(world: World, name: str, window: tuple[int, int], as_of: int) -> dict[str, Any]:
    told, allowed = world.services[name], 1 - Fraction(world.services[name].target.rstrip("%")) / 100
    is_open = world.is_open(told.hours) if told.hours else [True] * LENGTH
    mine, others = world.seen(name), [(other, world.seen(other)) for other in told.others]
    planned = {second for start, end in told.windows for second in range(start, end)}
    first = min((at for at, _, _ in told.events), default=LENGTH)
    since = first if told.monitored_from is None else told.monitored_from
    treated = {"up": "up", "down": "down", **told.policy}
    tally: Counter[str] = Counter()
    bad, ahead = [], 0
    for second in range(max(window[0], since), window[1]):
        if second >= as_of:
            ahead += is_open[second] and not (second in planned and told.policy["maintenance"] == "exclude")
            continue
        down = next((other for other, seen in others if seen[second] == "down"), None)
        klass = "maintenance" if second in planned else down or mine[second] or "unknown"
        tally[klass if is_open[second] else "hours"] += 1
        if is_open[second] and treated.get(klass) == "down":
            bad.append(second)
    good = sum(tally[klass] for klass in CLASSES if treated[klass] == "up")
    counted = good + len(bad)
    causes = [*(["hours"] if told.hours else []), *told.others]
    seconds = {klass: tally[klass] for klass in CLASSES}
    observed = tally.total() - tally["hours"]
    return {
        "seconds": {**seconds, "excluded": sum(tally[cause] for cause in causes)} if causes else seconds,
        "excluded": [(cause, tally[cause]) for cause in causes] if causes else None,
        "counted": counted,
        "uptime": Fraction(good, counted) if counted else None,
        "met": Fraction(good, counted) >= 1 - allowed if counted and as_of >= window[1] else None,
        "budget": allowed * (counted + ahead),
        "left": allowed * (counted + ahead) - len(bad),
        "coverage": None if not observed else 10**6 * 100 * counted // observed,
        "outages": runs(bad),
    }


def runs(seconds: list[int]) -> list[tuple[int, int]]:
    """Seconds in a row as from and to."""
    found: list[tuple[int, int]] = []
    for second in seconds:
        if found and found[-1][1] == second:
            found[-1] = (found[-1][0], second + 1)
        else:
            found.append((second, second + 1))
    return found


def shown(world: World, figure: dict[str, Any]) -> dict[str, Any]:
    outages = [
        tuple(
            (datetime.fromisoformat(each[end]) - BEGINNINGS[world.zone]).total_seconds()
            for end in ("from", "to")
        )
        for each in figure["outages"]
    ]
    causes = figure.get("excluded")
    covered = figure["coverage_percent"]
    return {
        "seconds": {name: Fraction(text) for name, text in figure["seconds"].items()},
        "excluded": None if causes is None else [(each["by"], Fraction(each["seconds"])) for each in causes],
        "counted": Fraction(figure["counted"]),
        "uptime": None if figure["uptime"] is None else Fraction(figure["uptime"]),
        "met": figure["met"],
        "budget": Fraction(figure["budget_seconds"]),
        "left": Fraction(figure["budget_left_seconds"]),
        "coverage": None if covered is None else Fraction(covered) * 10**6,
        "outages": outages,
    }


@dataclass
class Place:
    directory: Path

    def run(self, *arguments: str) -> Ended:
        return tocsin(*arguments, config=self.directory / "tocsin.yaml", directory=self.directory)

    def write(self, document: dict[str, Any]) -> None:
        self.directory.mkdir(exist_ok=True)
        document = {
            "agent": {"state_dir": str(self.directory / "state"), **document.pop("agent", {})},
            **document,
        }
        (self.directory / "tocsin.yaml").write_text(json.dumps(document))

    def told(self, lines: list[dict[str, Any]]) -> None:
        (self.directory / "told.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        ended = self.run("history", "import", str(self.directory / "told.jsonl"))
        assert ended.code == 0, ended.err


def document_of(world: World) -> dict[str, Any]:
    day = (BEGINNINGS[world.zone].astimezone(ZoneInfo(world.zone)) + timedelta(days=1)).date().isoformat()
    calendars = {
        name: {"zone": world.zone, "hours": hours, **({"holidays": [day]} if off else {})}
        for name, (hours, _, off) in CALENDARS.items()
    }
    services = {}
    for name, told in world.services.items():
        agreed: dict[str, Any] = {**told.policy, "exclude_when": told.others}
        if told.hours:
            agreed["hours"] = told.hours
        if told.monitored_from is not None:
            agreed["monitored_from"] = world.moment(told.monitored_from)
        services[name] = {
            "target": told.target,
            "uptime": agreed,
            "checks": {"home": {"type": "tcp", "host": "localhost", "port": 1}},
        }
    return {"calendars": calendars, "services": services}


def lines_of(world: World, dice: Random) -> list[dict[str, Any]]:
    """Services mixed; each service's events in the order in which they are told."""
    queues = {name: list(told.events) for name, told in world.services.items() if told.events}
    lines: list[dict[str, Any]] = []
    while queues:
        name = dice.choice(list(queues))
        at, word, lasts = queues[name].pop(0)
        status = next(status for status, klass in STATUSES.items() if klass == word)
        what = {"kind": "state", "state": word}
        if lasts is not None:
            what = {"kind": "reading", "status": status}
        lines.append({"service": name, "at": world.moment(at), **what})
        if lasts is not None:
            lines[-1]["valid_for"] = lasts
        if not queues[name]:
            del queues[name]
    for name, told in world.services.items():
        for start, end in told.windows:
            ends = {"from": world.moment(start), "to": world.moment(end)}
            lines.append({"service": name, "kind": "maintenance", **ends})
    ends = {"from": world.moment(world.off[0]), "to": world.moment(world.off[1])}
    return [*lines, {"kind": "agent_off", **ends}]


@pytest.mark.parametrize(("seed", "zone"), list(enumerate(BEGINNINGS)))
def test_every_figure_equals_a_count_of_seconds_also_when_told_in_parts(
    tmp_path: Path, seed: int, zone: str
) -> None:
    dice = Random(seed)
    known = world(dice, zone)
    here = Place(tmp_path)
    here.write(document_of(known))
    lines = lines_of(known, dice)
    cut = dice.randrange(len(lines))
    here.told(lines[:cut])
    here.told(lines[cut:])
    for window, as_of in (((0, LENGTH), LENGTH), ((3600, LENGTH - 600), 30000), ((0, 50000), 20000)):
        ends = ("--from", known.moment(window[0]), "--to", known.moment(window[1]))
        figures = here.run("uptime", "--json", *ends, "--as-of", known.moment(as_of)).document
        assert [figure["service"] for figure in figures] == [*known.services, "tocsin"]
        for figure in figures[:-1]:
            name = figure["service"]
            assert shown(known, figure) == expected(known, name, window, as_of), name


def checked(**more: Any) -> dict[str, Any]:
    return {**more, "checks": {"home": {"type": "tcp", "host": "localhost", "port": 1}}}


def test_a_service_is_monitored_from_the_agreed_midnight_be_it_earlier_or_later_than_the_first_state(
    tmp_path: Path,
) -> None:
    here = Place(tmp_path)
    services = {
        "early": checked(uptime={"monitored_from": "2026-11-01"}),
        "late": checked(uptime={"monitored_from": "2026-11-03"}),
        "silent": checked(uptime={"monitored_from": "2026-11-04T12:00:00+02:00"}),
    }
    here.write({"agent": {"timezone": "Africa/Johannesburg"}, "services": services})
    here.told(
        [
            {"service": name, "kind": "state", "at": "2026-11-01T22:00:00Z", "state": "down"}
            for name in ("early", "late")
        ]
    )
    asked = ("--period", "2026-11", "--as-of", "2026-11-05", "--json")
    early, late, silent, _itself = [figure["seconds"] for figure in here.run("uptime", *asked).document]
    # Midnight in Johannesburg is 22:00 in UTC: the states begin with the second day of November.
    assert (early["unknown"], early["down"]) == ("86400", str(3 * 86400))
    assert (late["unknown"], late["down"]) == ("0", str(2 * 86400))
    assert (silent["unknown"], silent["down"]) == ("43200", "0")


def test_status_shows_the_same_uptime_as_uptime_does(tmp_path: Path) -> None:
    here = Place(tmp_path)
    here.write({"services": {"edge": checked(), "shop": checked(uptime={"exclude_when": "edge"})}})
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)
    states = [("up", 0), ("down", 24), ("up", 48)]
    here.told(
        [
            {
                "service": name,
                "kind": "state",
                "at": (begin + timedelta(hours=hours)).isoformat(),
                "state": state,
            }
            for name in ("edge", "shop")
            for state, hours in states
        ]
    )
    edge, shop, _itself = here.run("status", "--json").document["services"]
    assert (edge["uptime"]["30d"][:3], shop["uptime"]["30d"]) == ("90.", "100.00")
    (figure,) = here.run("uptime", "--service", "shop", "--json").document
    assert (figure["excluded"], figure["outages"]) == ([{"by": "edge", "seconds": "86400"}], [])


def test_a_period_of_centuries_is_reckoned_and_one_without_end_is_refused_at_once(tmp_path: Path) -> None:
    here = Place(tmp_path)
    calendars = {"night": {"hours": "22:00-06:00"}}
    here.write({"calendars": calendars, "services": {"bar": checked(uptime={"hours": "night"})}})
    here.told([{"service": "bar", "kind": "state", "at": "2026-01-01T00:00:00Z", "state": "up"}])
    figure, _itself = here.run("uptime", "--json", "--from", "1970-01-01", "--to", "2070-01-01").document
    assert figure["uptime"] == "1/1"
    for command in (("uptime",), ("explain", "uptime", "bar")):
        refused = here.run(*command, "--from", "0001-01-02", "--to", "9999-12-30")
        assert refused.code == 64
        assert "at most 300 years" in refused.err
