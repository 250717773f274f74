"""Imported history through the installed command, against somebody who classifies second after second."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.end_to_end.daemon import Ended, tocsin

BEGIN = datetime(2026, 3, 28, 20, tzinfo=UTC)
LENGTH = 9000  # seconds
SERVICES = 30
GOOD = {"up": "up", "degraded": "degraded", "down": "down", "unknown": "unknown", "ok": "up"}


@dataclass
class History:
    """What happened to one service, in the order in which it is told."""

    policy: dict[str, str]
    target: str
    events: list[tuple[int, str, int | None]] = field(default_factory=list)
    windows: list[tuple[int, int]] = field(default_factory=list)


def moment(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def history(dice: Random) -> History:
    told = History(
        {
            "degraded": dice.choice(["up", "down"]),
            "unknown": dice.choice(["exclude", "down", "up"]),
            "maintenance": dice.choice(["exclude", "down"]),
        },
        dice.choice(["99%", "95%", "99.9%", "50%"]),
    )
    for _ in range(dice.randrange(25)):
        # Few moments, so that several events fall on one.
        at = dice.randrange(0, LENGTH, dice.choice([1, 300]))
        if dice.random() < 0.5:
            told.events.append((at, dice.choice(["up", "degraded", "down", "unknown"]), None))
        else:
            told.events.append((at, dice.choice(["ok", "degraded", "down", "unknown"]), dice.randrange(900)))
    for _ in range(dice.randrange(4)):
        start = dice.randrange(LENGTH)
        told.windows.append((start, start + dice.randrange(1, 2000)))
    return told


def seconds_of(told: History, off: list[tuple[int, int]]) -> list[str | None]:
    """The class of each second; None before the service was watched."""
    seen = {at: (word, lasts) for at, word, lasts in told.events}
    classes: list[str | None] = []
    word: str | None = None
    since, lasts = 0, None
    for second in range(2 * LENGTH):
        if second in seen:
            (word, lasts), since = seen[second], second
        if word is None:
            classes.append(None)
        elif any(start <= second < end for start, end in told.windows):
            classes.append("maintenance")
        elif any(start <= second < end for start, end in off) or (
            lasts is not None and second >= since + lasts
        ):
            classes.append("unknown")
        else:
            classes.append(GOOD[word])
    return classes


def expected(told: History, classes: list[str | None], window: tuple[int, int], as_of: int) -> dict[str, Any]:
    """Every figure by counting seconds."""
    treated = {"up": "up", "down": "down", **told.policy}
    observed = [classes[second] for second in range(window[0], min(window[1], as_of))]
    tally = Counter(klass for klass in observed if klass is not None)
    good = sum(times for klass, times in tally.items() if treated[klass] == "up")
    bad = sum(times for klass, times in tally.items() if treated[klass] == "down")
    watched = next((second for second, klass in enumerate(classes) if klass is not None), None)
    ahead = 0
    for second in range(max(window[0], as_of), window[1]):
        if watched is None or second < watched:
            continue
        planned = any(start <= second < end for start, end in told.windows)
        ahead += not (planned and told.policy["maintenance"] == "exclude")
    allowed = 1 - Fraction(told.target.rstrip("%")) / 100
    uptime = Fraction(good, good + bad) if good + bad else None
    return {
        "seconds": {each: tally[each] for each in ("up", "degraded", "down", "maintenance", "unknown")},
        "counted": good + bad,
        "uptime": uptime,
        "met": None if uptime is None or as_of < window[1] else uptime >= 1 - allowed,
        "budget": allowed * (good + bad + ahead),
        "left": allowed * (good + bad + ahead) - bad,
        "bad": bad,
    }


def shown(figure: dict[str, Any]) -> dict[str, Any]:
    """The figures of a document of `tocsin uptime`, as numbers."""
    outages = [
        (datetime.fromisoformat(each["from"]), datetime.fromisoformat(each["to"]))
        for each in figure["outages"]
    ]
    return {
        "seconds": {name: Fraction(text) for name, text in figure["seconds"].items()},
        "counted": Fraction(figure["counted"]),
        "uptime": None if figure["uptime"] is None else Fraction(figure["uptime"]),
        "met": figure["met"],
        "budget": Fraction(figure["budget_seconds"]),
        "left": Fraction(figure["budget_left_seconds"]),
        "bad": sum((end - start).total_seconds() for start, end in outages),
    }


@dataclass
class Place:
    directory: Path

    def run(self, *arguments: str) -> Ended:
        return tocsin(*arguments, config=self.directory / "tocsin.yaml", directory=self.directory)

    def figures(self, window: tuple[int, int], as_of: int, *more: str) -> Any:
        asked = ("--from", moment(window[0]), "--to", moment(window[1]), "--as-of", moment(as_of))
        return [
            figure
            for figure in self.run("uptime", "--json", *asked, *more).document
            if figure["service"] != "tocsin"
        ]


def configured(directory: Path, histories: dict[str, History]) -> Place:
    services = {
        name: {
            "target": told.target,
            "uptime": told.policy,
            "checks": {"home": {"type": "tcp", "host": "localhost", "port": 1}},
        }
        for name, told in histories.items()
    }
    directory.mkdir(exist_ok=True)
    document = {"agent": {"state_dir": str(directory / "state")}, "services": services}
    (directory / "tocsin.yaml").write_text(json.dumps(document))
    return Place(directory)


def lines(histories: dict[str, History], off: list[tuple[int, int]], dice: Random) -> Iterator[str]:
    """All of it as a file: services mixed, each service's events in the order in which they are told."""
    queues = {name: list(told.events) for name, told in histories.items() if told.events}
    while queues:
        name = dice.choice(list(queues))
        at, word, lasts = queues[name].pop(0)
        kind = (
            {"kind": "state", "state": word}
            if lasts is None
            else {"kind": "reading", "status": word, "valid_for": lasts}
        )
        yield json.dumps({"service": name, "at": moment(at), **kind})
        if not queues[name]:
            del queues[name]
    for name, told in histories.items():
        for start, end in told.windows:
            yield json.dumps(
                {"service": name, "kind": "maintenance", "from": moment(start), "to": moment(end)}
            )
    for start, end in off:
        yield json.dumps({"kind": "agent_off", "from": moment(start), "to": moment(end)})


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_equals_a_count_of_seconds_also_after_a_second_import_and_after_a_move(
    tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)
    histories = {f"s{number}": history(dice) for number in range(SERVICES)}
    off = [(at, at + dice.randrange(1, 900)) for at in (dice.randrange(LENGTH) for _ in range(2))]
    here = configured(tmp_path / "here", histories)
    (tmp_path / "told.jsonl").write_text("\n".join(lines(histories, off, dice)) + "\n")
    assert here.run("history", "import", str(tmp_path / "told.jsonl")).code == 0
    classes = {name: seconds_of(told, off) for name, told in histories.items()}
    windows = [((0, LENGTH), LENGTH), ((1000, 5000), 3210), ((3000, 2 * LENGTH), 4000)]
    for window, as_of in windows:
        for figure in here.figures(window, as_of):
            name = figure["service"]
            assert shown(figure) == expected(histories[name], classes[name], window, as_of), name
    first = here.figures(*windows[0])
    assert here.run("history", "import", str(tmp_path / "told.jsonl")).code == 0
    assert here.figures(*windows[0]) == first
    assert here.run("history", "export", str(tmp_path / "moved.jsonl")).code == 0
    there = configured(tmp_path / "there", histories)
    assert there.run("history", "import", str(tmp_path / "moved.jsonl")).code == 0
    assert there.figures(*windows[0]) == first


def test_one_mistake_and_nothing_is_imported(tmp_path: Path) -> None:
    here = configured(tmp_path / "here", {"web": History({}, "99%")})
    good = json.dumps({"service": "web", "kind": "state", "at": moment(0), "state": "up"})
    (tmp_path / "told.jsonl").write_text(f'{good}\n\n{good[:-1]}, "note": 1}}\n')
    ended = here.run("history", "import", str(tmp_path / "told.jsonl"))
    assert (ended.code, ended.out) == (1, "")
    assert 'told.jsonl:3: a line of kind state has no "note"' in ended.err
    assert "1 line with mistakes: nothing was imported" in ended.err
    assert not (tmp_path / "here" / "state" / "tocsin.db").exists()


def test_a_service_that_is_configured_no_more_still_has_its_figures(tmp_path: Path) -> None:
    here = configured(tmp_path / "here", {"web": History({}, "99%")})
    told = {"service": "old", "kind": "reading", "at": moment(0), "status": "down", "valid_for": 60}
    (tmp_path / "told.jsonl").write_text(json.dumps(told))
    assert here.run("history", "import", str(tmp_path / "told.jsonl")).code == 0
    (figure,) = here.figures((0, 120), 120, "--service", "old")
    assert (figure["seconds"]["down"], figure["seconds"]["unknown"], figure["met"]) == ("60", "60", False)
    assert [each["service"] for each in here.figures((0, 120), 120)] == ["web"]
    assert here.run("uptime", "--service", "never-heard-of").code == 64


def test_what_was_only_told_of_was_never_seen_alive(tmp_path: Path) -> None:
    here = configured(tmp_path / "here", {"web": History({}, "99%")})
    told = {"service": "web", "kind": "state", "at": moment(0), "state": "up"}
    (tmp_path / "told.jsonl").write_text(json.dumps(told))
    assert here.run("history", "import", str(tmp_path / "told.jsonl")).code == 0
    document = json.loads(here.run("status", "--json").out)
    assert document["agent"]["alive_until"] is None
    assert [(each["state"], each["since"]) for each in document["services"]] == [("unknown", None)] * 2
