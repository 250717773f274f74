"""What peers' own tests expect of uptime, asked of our arithmetic; where it answers otherwise the docs say why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.alerting.slo.vectors.vector import Asked, Vector, answered

HOUR = 3600
# Where ours differs: the words that the docs give as the reason.
DIFFERENT = {
    "uptime-24h-0": "nothing was seen",
    "uptime-24h-4": "nothing but maintenance",
}
# These say in words what happened; so it is told here.
NOW = "2020-01-15T00:00:00Z"
SINCE = "2019-01-01T00:00:00Z"
TOLD = {
    "uptime-month-no-flips": f"{SINCE} up",
    "uptime-month-one-day": f"{SINCE} up\n2020-01-14T00:00:00Z down",
    "uptime-month-zone": f"{SINCE} up\n2019-12-31T23:00:00Z down",
    "uptime-month-dst": f"{SINCE} down",
}
RIGA = {"uptime-month-zone", "uptime-month-dst"}


def cases(shared: Path) -> dict[str, Any]:
    listed = json.loads((shared / "real" / "cases_uptime.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in listed}


def words_of(beats: Any) -> list[str]:
    """One word a beat; a pattern is repeated as often as it is said."""
    if isinstance(beats, Mapping):
        pattern = beats["pattern"]
        return [pattern[number % len(pattern)] for number in range(beats["count"])]
    return [word for word, _ in beats]


def spread(words: list[str], last: int) -> Fraction | None:
    """Our uptime over the last so many beats.

    The peer's beats have no times, or one a day: here they are a day apart, and each holds for its day.
    """
    days = [f"2024-01-{number + 1:02}T00:00:00Z" for number in range(len(words) + 1)]
    told = [
        f"work {day} {following}" if word == "maintenance" else f"{day} {word}"
        for word, day, following in zip(words, days, days[1:], strict=False)
    ]
    asked = Asked(start=days[len(words) - last], end=days[len(words)], as_of=days[len(words)])
    return fraction(
        answered(Vector("beats", "", "\n".join([*told, "2023-12-31T00:00:00Z unknown"]), asked, {}))
    )


def fraction(figure: Mapping[str, Any]) -> Fraction | None:
    return None if figure["uptime"] is None else Fraction(figure["uptime"])


def month(case: str, period: str) -> Mapping[str, Any]:
    zone = "Europe/Riga" if case in RIGA else "UTC"
    return answered(Vector("flips", "", TOLD[case], Asked(period=period, zone=zone, as_of=NOW), {}))


def test_beats_at_equal_distances_give_what_the_peer_expects_where_anything_was_seen(shared: Path) -> None:
    counted = {name: case for name, case in cases(shared).items() if case["beats"]}
    assert len(counted) >= 6
    for name, case in counted.items():
        words, expect = words_of(case["beats"]), case["expect"]
        wanted = {len(words): expect.get("uptime", expect.get("uptime_30d"))}
        if "uptime_7d" in expect:
            wanted[7] = expect["uptime_7d"]
        for last, uptime in wanted.items():
            ours = spread(words, last)
            if name in DIFFERENT:
                assert (ours, uptime) == (None, 0), name
            else:
                assert ours is not None and float(ours) == uptime, name


def test_no_beat_at_all_is_no_figure_where_the_peer_says_nought(shared: Path) -> None:
    case = cases(shared)["uptime-24h-0"]
    assert (case["beats"], case["expect"]["uptime"]) == ([], 0)
    never = answered(Vector("never", "", "", Asked(period="24h", as_of=NOW), {}))
    assert (never["uptime"], never["uptime_percent"], never["met"]) == (None, None, None)


def test_months_with_their_zones_and_clocks_come_out_as_the_peer_expects(shared: Path) -> None:
    known = cases(shared)
    for name in TOLD:
        expect = known[name]["expect"]
        for period, wanted in expect.get("months", {}).items():
            figure = month(name, period)
            got = (Fraction(figure["seconds"]["down"]), len(figure["outages"]))
            assert got == (wanted["down_s"], wanted["count"]), (name, period)
        for period, uptime in expect.get("uptime", {}).items():
            assert fraction(month(name, period)) == uptime == 0, (name, period)


def test_every_case_is_asked(shared: Path) -> None:
    assert {name for name, case in cases(shared).items() if case["beats"] is None} == set(TOLD)
    assert DIFFERENT.keys() <= cases(shared).keys()


def test_each_difference_is_in_the_docs_with_its_reason(root: Path) -> None:
    page = (root / "docs" / "uptime.md").read_text(encoding="utf-8")
    for name, reason in DIFFERENT.items():
        (line,) = [line for line in page.splitlines() if f"`{name}`" in line]
        assert reason in line
