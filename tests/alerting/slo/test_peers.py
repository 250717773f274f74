"""The same events counted the peers' way and ours; the table in the docs is the one that comes out here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from agent.uptime import Alive, Ledger, Told, accounted, retired
from alerting.slo.events import Event
from alerting.slo.periods import Period
from alerting.slo.spans import Klass
from tests.alerting.slo.peers import (
    DAY,
    HOUR,
    MONTH,
    Look,
    Manner,
    World,
    confirmed,
    cut,
    gatus,
    kuma_1,
    kuma_2,
    looks,
    rounded,
    statping,
)

SECOND = 1_000_000
TIMEOUT = 10
OURS = Manner(retries=1, retry_every=5)
PLAIN = Manner()
KUMA = Manner(retries=3, retry_every=20, drifts=True)


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    world: World
    why: str
    kuma: Manner = KUMA
    from_before: World | None = None


def daily(hour: float, lasts: int) -> tuple[tuple[int, int], ...]:
    starts = (day * DAY + int(hour * HOUR) for day in range(30))
    return tuple((start, start + lasts) for start in starts)


# 1 November 2026 is a Sunday.
SUNDAYS = tuple((day * DAY + 2 * HOUR, day * DAY + 6 * HOUR) for day in (0, 7, 14, 21, 28))
NIGHT = (9 * DAY + 22 * HOUR, 10 * DAY + 6 * HOUR)
AFTER_THE_NIGHT = (NIGHT[1], NIGHT[1] + HOUR // 2)
RESOLVER = (19 * DAY + 8 * HOUR, 19 * DAY + 14 * HOUR)
SCENES = [
    Scene(
        "down for 30 min a day, looked at every minute, and every 10 s meanwhile",
        World(every=((0, 60),), down=daily(12, 1800)),
        "a failing look is repeated sooner, so bad looks are more and weigh more",
        Manner(retries=1000, retry_every=10, drifts=True),
    ),
    Scene(
        "one look a day gets no answer, the next one does",
        World(blip=288),
        "a repeated look that was good does not take back the bad one",
    ),
    Scene(
        "looked at every 30 min and down for a day, then every minute",
        World(every=((0, 1800), (15 * DAY, 60)), down=((3 * DAY, 4 * DAY),)),
        "thirty looks of the second half weigh as much as one of the first",
    ),
    Scene(
        "looked at once an hour, one look in vain",
        World(every=((0, HOUR),), down=((14 * DAY + 12 * HOUR + 1200, 14 * DAY + 13 * HOUR + 2400),)),
        "the repeated looks of one minute weigh as much as so many hours",
    ),
    Scene(
        "four hours of planned work each Sunday, down meanwhile",
        World(down=SUNDAYS, work=SUNDAYS),
        "gatus keeps alerts back in maintenance and counts on; version 1 of Uptime Kuma counts it as up",
    ),
    Scene(
        "the monitor's own resolver out of order for six hours",
        World(unknown=(RESOLVER,)),
        "there is no unknown: what could not be looked at is down (gatus can be told to leave looks out while an "
        "address of your choice is not reached)",
    ),
    Scene(
        "the monitor off for a night, the service down for 30 min after it",
        World(off=(NIGHT,), down=(AFTER_THE_NIGHT,)),
        "version 1 of Uptime Kuma charges the night to the first look after it; the others do not say that "
        "eight hours were not seen",
    ),
    Scene(
        "down for a minute, looked at every two minutes, no look repeated",
        World(every=((0, 120),), down=((5 * DAY, 5 * DAY + 60),)),
        "99.995 % is rounded up",
        PLAIN,
    ),
    Scene(
        "the monitor off for the whole month, the service down for half of the day before",
        World(off=((0, MONTH),)),
        "nothing was seen: that is neither 0 % nor 100 %, nor what the last day was",
        from_before=World(down=((0, DAY // 2),)),
    ),
    Scene(
        "rows 2, 5, 6 and 7 in one month, and down for 12 hours on the 3rd",
        World(
            down=tuple(sorted([*SUNDAYS, (2 * DAY + 6 * HOUR, 2 * DAY + 18 * HOUR), AFTER_THE_NIGHT])),
            work=SUNDAYS,
            unknown=(RESOLVER,),
            off=(NIGHT,),
            blip=288,
        ),
        "errors of both signs, in one figure",
    ),
]


def ours(world: World) -> tuple[Fraction | None, Fraction | None]:
    """Uptime and coverage by the product's arithmetic, of what it sees of the world with the usual `confirm: 2`."""
    words = {"up": Klass.UP, "down": Klass.DOWN, "unknown": Klass.UNKNOWN}
    events = tuple(
        Event(
            look.at * SECOND,
            words[look.word],
            (look.at + 2 * world.interval(look.at) + TIMEOUT) * SECOND,
        )
        for look in confirmed(looks(world, OURS))
    )
    before = Event(-SECOND, Klass.UP, 0)  # it was watched before the month as well
    ledger = Ledger(
        (), Alive(running=False, until=0), told=Told((before, *events), us(world.work), us(world.off))
    )
    got = accounted(retired("web"), ledger, Period("month", 0, MONTH * SECOND, "UTC"), MONTH * SECOND)
    return got.uptime, got.coverage


def us(windows: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start * SECOND, end * SECOND) for start, end in windows)


def row(scene: Scene) -> list[str]:
    uptime, seen = ours(scene.world)
    before: list[Look] = looks(scene.from_before, scene.kuma, end=DAY) if scene.from_before else []
    plain, beats = looks(scene.world, PLAIN), looks(scene.world, scene.kuma)
    return [
        scene.title,
        "none" if uptime is None else cut(uptime),
        "" if seen is None else cut(seen),
        cut(gatus(plain)),
        rounded(kuma_2(beats, before)),
        rounded(kuma_1(beats, before)),
        rounded(statping(plain)),
    ]


def table() -> str:
    """The table as it stands in the docs."""
    head = ["in a month", "Tocsin", "seen", "gatus", "Uptime Kuma 2", "Uptime Kuma 1", "statping"]
    numbered = [[str(number), *row(scene)] for number, scene in enumerate(SCENES, 1)]
    rows = [["", *head], ["---:", "---", *["---:"] * 6], *numbered]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def test_the_table_in_the_docs_is_the_one_that_comes_out(root: Path) -> None:
    page = (root / "docs" / "uptime.md").read_text(encoding="utf-8")
    assert table() in page, f"docs/uptime.md wants this table:\n{table()}"


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_each_error_is_explained_in_the_docs(root: Path, number: int) -> None:
    page = " ".join((root / "docs" / "uptime.md").read_text(encoding="utf-8").split())
    assert f"{number + 1}. {SCENES[number].why}".lower() in page.lower()


def test_the_peers_ways_by_hand() -> None:
    """6 good looks and 3 bad ones of a minute each, then one in maintenance, all at 60 s; 9 counted."""
    seen = [Look(60 * number, "down" if 3 <= number < 6 else "up", number == 9) for number in range(10)]
    assert gatus(seen) == Fraction(7, 10)
    assert kuma_2(seen) == Fraction(6, 9)
    assert kuma_1(seen) == Fraction(6, 9)  # the first beat weighs nothing, maintenance is up
    assert statping(seen) == 1 - Fraction(3, 7)


def test_three_failures_in_ten_are_57_percent_for_one_who_divides_by_the_good_ones() -> None:
    seen = [Look(number, "down" if number < 300 else "up") for number in range(1000)]
    assert (rounded(statping(seen)), rounded(gatus(seen))) == ("57.14", "70.00")


def test_where_looks_are_even_and_nothing_is_special_all_agree_with_time() -> None:
    """A tenth of the looks in one stretch: counting is as good as measuring."""
    world = World(down=((0, MONTH // 10),))
    seen = looks(world, PLAIN)
    assert ours(world) == (Fraction(9, 10), Fraction(1))
    assert gatus(seen) == kuma_2(seen) == Fraction(9, 10)
