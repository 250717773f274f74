"""What a year takes: 1,000 checks every 30 s, 20 flips each a month, on the disk and to ask for.

Spans, flips, hourly and daily sketches and a week of packed readings, as the agent itself would have left them: rows in
the order of time, readings packed and sketches made by its own code. So that it takes minutes, only some hundreds of
hours of readings are made up and packed; every check and hour gets one of them, chosen by chance, with its own key.

python -m benchmarks.year [--checks 1000] [--days 365] [--hours 400] [--json FILE]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, text

from agent.store import schema
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.packing import packed
from agent.store.reader import Reader, reading
from agent.store.rows import put
from agent.uptime import figures, retired, totals
from alerting.slo.periods import parse_period
from alerting.slo.sketch import Sketch, merged, sketched
from alerting.slo.sketch import packed as packed_sketches
from benchmarks import tables
from benchmarks.processes import pace
from checks.http.kind import VALUES
from checks.readable import readable

AGENT, CHECK = "monitor-1", "home"
SECOND = 1_000_000
HOUR, DAY = 3600 * SECOND, 24 * 3600 * SECOND
MONTH = 365 * DAY // 12
START = 1_767_225_600 * SECOND  # 2026-01-01
EVERY, FLIPS = 30, 20
RAW_DAYS, HOURLY_DAYS = 7, 35
# Of each phase: the usual time in seconds, and by how much it varies (of its logarithm, the standard deviation).
PHASES = {
    "resolve": (8e-4, 0.4),
    "connect": (0.012, 0.08),
    "tls": (0.022, 0.15),
    "first_byte": (0.06, 0.25),
    "transfer": (4e-4, 0.4),
}
_LATE = 1.3e-3  # seconds after its time, on average, that a look begins
_BATCH = 5000
_OF_ONE = 20  # hours of a check
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Year:
    """What is made up: so many checks, for so many days, from so many different hours of readings."""

    checks: int
    days: int
    hours: int
    chance: random.Random

    @property
    def end(self) -> int:
        return START + self.days * DAY

    def names(self) -> list[str]:
        return [f"shop-{number:04}" for number in range(self.checks)]


def look(chance: random.Random, at: int, slow: float) -> list[Any]:
    """A good look of an http check over TLS."""
    told: dict[str, Any] = dict.fromkeys(value.name for value in VALUES)
    for name, (usual, spread) in PHASES.items():
        told[name] = round(
            usual * slow * chance.lognormvariate(0, spread) * (5 if chance.random() < 0.02 else 1), 6
        )
    latency = round(sum(told[name] for name in PHASES) + chance.uniform(5e-4, 12e-4), 6)
    days = round(83.1 - (at - START) / DAY % 60, 3)
    told |= {"status": 200, "latency": latency, "size": 18234, "redirects": 0, "content_type": "text/html"}
    told |= {"cert_days": days, "chain_days": days, "http_version": "2", "ip": "203.0.113.7"}
    said = ", ".join(f"{value.name} {readable(told[value.name], value.unit)}" for value in VALUES[:3])
    return [at, "ok", round(latency + chance.uniform(2e-4, 5e-4), 6), said, told]


def hours_of(year: Year) -> Iterator[list[list[Any]]]:
    """Hours of some checks, quick and slow ones, 20 of each; its hours differ by a tenth."""
    slow = 1.0
    for number in range(year.hours):
        slow = year.chance.lognormvariate(0, 1) if number % _OF_ONE == 0 else slow
        yield hour_of(year.chance, slow * year.chance.lognormvariate(0, 0.1))


def hour_of(chance: random.Random, slow: float) -> list[list[Any]]:
    """The readings of an hour of a check."""
    start = START + chance.randrange(50) * HOUR
    moments = (start + number * EVERY * SECOND for number in range(HOUR // SECOND // EVERY))
    return [look(chance, at + int(chance.expovariate(1 / _LATE) * SECOND), slow) for at in moments]


def flipping(year: Year) -> list[tuple[int, int, int | None, str, str]]:
    """When each check became what, until when; in the order of time."""
    found = []
    for name in year.names():
        flips = sorted(
            year.chance.randrange(START, year.end) for _ in range(FLIPS * year.days * DAY // MONTH)
        )
        bounds: list[int | None] = [START, *flips, None]
        for number, (start, end) in enumerate(pairwise(bounds)):
            found.append((start or START, number, end, name, "down" if number % 2 else "up"))
    return sorted(found, key=lambda each: each[0])


def spans(year: Year) -> Iterator[Row]:
    """A check's and, with the same bounds, its service's."""
    for start, _, end, name, klass in flipping(year):
        for check in (CHECK, ""):
            yield {**_of(name, check), "start": start, "end": end, "klass": klass}


def flips(year: Year) -> Iterator[Row]:
    """All of them but the first."""
    for start, number, _, name, klass in flipping(year):
        if number:
            after, before, reason = (
                ("down", "ok", "status 503 (expected 200..299)") if klass == "down" else ("ok", "down", "")
            )
            at = start + EVERY * SECOND
            yield {**_of(name), "at": at, "since": start, "before": before, "after": after, "reason": reason}


def packed_hours(year: Year, blobs: list[bytes]) -> Iterator[Row]:
    """The last week's."""
    for hour in range(max(START, year.end - RAW_DAYS * DAY), year.end, HOUR):
        for name in year.names():
            yield {**_of(name), "hour": hour, "count": 120, "packed": year.chance.choice(blobs)}


def roll_ups(year: Year, hourly: list[Sketch]) -> Iterator[Row]:
    """Daily ones, 16 in a row, and after them the hourly ones of the last 35 days, 24 in a row."""
    checks = [hourly[first : first + _OF_ONE] for first in range(0, len(hourly), _OF_ONE)]
    daily = [merged(year.chance.choices(year.chance.choice(checks), k=24)) for _ in range(len(hourly) // 4)]
    turn = max(START, year.end - HOURLY_DAYS * DAY) // DAY * DAY
    block = 16 * DAY
    for start in range(START // block * block, turn, block):
        days = range(max(0, (START - start) // DAY), min(16, (turn - start) // DAY))
        yield from _rows(year, "day", start, _joined(year, daily, days))
    whole = _joined(year, hourly, range(24))
    for start in range(turn, year.end, DAY):
        yield from _rows(year, "hour", start, whole)


def _joined(year: Year, sketches: list[Sketch], numbers: range) -> list[bytes]:
    """Some rows of so many sketches, chosen by chance."""
    picked = (year.chance.choices(sketches, k=len(numbers)) for _ in range(year.hours // 4))
    return [packed_sketches(dict(zip(numbers, each, strict=True))) for each in picked]


def _rows(year: Year, step: str, start: int, sketches: list[bytes]) -> Iterator[Row]:
    for name in year.names():
        yield {**_of(name), "step": step, "start": start, "sketches": year.chance.choice(sketches)}


def _of(service: str, check: str = CHECK) -> Row:
    return {"agent_id": AGENT, "service": service, "check_id": check}


def write(engine: Engine, table: Table, rows: Iterable[Row]) -> None:
    """A few thousand in a transaction."""
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        with engine.begin() as connection:
            put(connection, table, batch)


def fill(path: Path, year: Year) -> list[list[object]]:
    """Write the year; what packing an hour of readings took."""
    hours = list(hours_of(year))
    began = time.process_time()
    blobs = [packed(hour) for hour in hours]
    took = (time.process_time() - began) / year.hours
    sketches = [sketched(entry[4]["latency"] for entry in hour) for hour in hours]
    engine = writing_engine(path)
    migrate(engine)
    write(engine, schema.agents, [{"agent_id": AGENT, "started_at": START, "alive_until": year.end}])
    write(engine, schema.spans, spans(year))
    write(engine, schema.flips, flips(year))
    write(engine, schema.roll_ups, roll_ups(year, sketches))
    write(engine, schema.packed_readings, packed_hours(year, blobs))
    engine.dispose()
    return [
        ["packing an hour of a check, ms of CPU", took * 1000],
        ["a packed reading, bytes", sum(map(len, blobs)) / sum(map(len, hours))],
        ["a sketch of an hour, bytes", len(packed_sketches(dict(enumerate(sketches[:_OF_ONE])))) / _OF_ONE],
    ]


def sizes(path: Path) -> list[list[object]]:
    """Megabytes (10^6 bytes) of each table with its indices, and of the file."""
    engine = writing_engine(path)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name"
                " GROUP BY m.tbl_name HAVING sum(s.pgsize) > 100000 ORDER BY 2 DESC"
            )
        ).all()
        counts = [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name, _ in rows]
    engine.dispose()
    listed = [[name, count, size / 1e6] for (name, size), count in zip(rows, counts, strict=True)]
    return [*listed, ["in all, the file", "", path.stat().st_size / 1e6]]


def asked(directory: Path, year: Year) -> list[list[object]]:
    """Milliseconds of CPU for each question, the best of some tries."""
    services, period = [retired(name) for name in year.names()], parse_period("90d", "UTC", year.end)
    one, end = services[0], year.end
    questions: dict[str, Callable[[Reader], object]] = {
        "uptime of all services over 90 days": lambda store: totals(store, services, [period], end),
        "one service with its outages, 90 days": lambda store: figures(
            one, store.ledger(one.name, since=period.start), period, end
        ),
        "when each was first seen": lambda store: store.first_seen(),
        "latency of a check, 90 days": lambda store: store.latency(one.name, CHECK, period.start, end),
    }
    return [[name, min(_cpu(directory, ask) for _ in range(5))] for name, ask in questions.items()]


def _cpu(directory: Path, ask: Callable[[Reader], object]) -> float:
    with reading(directory, AGENT) as store:
        began = time.process_time()
        ask(store)
        return (time.process_time() - began) * 1000


def main() -> None:
    """Make up the year, ask, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year", description=__doc__)
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument(
        "--hours", type=int, default=400, help="how many different hours of readings are made up"
    )
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    year = Year(chosen.checks, chosen.days, chosen.hours, random.Random(5))
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as name:
        path = Path(name) / FILE_NAME
        packing, size = fill(path, year), sizes(path)
        queries = asked(Path(name), year)
    tables.show([f"{year.checks} checks, {year.days} days", "rows", "MB"], size)
    tables.show(["question", "ms of CPU"], queries)
    tables.show(["made of", ""], packing)
    print(f"pace of the machine: {pace():.0f} ms")
    tables.keep(chosen.json, {"size": size, "queries": queries, "packing": packing})


if __name__ == "__main__":
    main()
