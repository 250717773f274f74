"""Histories drawn by chance, as they are told to the product, and its answer in the words of the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.alerting.slo.oracle import CLASSES, Agreement, History

HORIZON = 60
SECOND = 1_000_000
BEGIN = "2026-03-28T23:59:30"
WORDS = {"up": "ok", "degraded": "degraded", "down": "down", "unknown": "unknown"}

seconds = st.integers(0, HORIZON)
windows = st.lists(st.tuples(seconds, st.integers(1, 20)).map(lambda each: (each[0], sum(each))), max_size=3)
events = st.tuples(seconds, st.sampled_from(sorted(WORDS)), st.one_of(st.none(), st.integers(0, 2 * HORIZON)))
histories = st.builds(History, st.lists(events, max_size=10), windows, windows)
agreements = st.builds(
    Agreement,
    st.sampled_from(["up", "down"]),
    st.sampled_from(["exclude", "up", "down"]),
    st.sampled_from(["exclude", "down"]),
    st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(99, 100), Fraction(9995, 10_000)]),
)


def moment(second: int, us: int = 0) -> str:
    at = datetime.fromisoformat(BEGIN) + timedelta(seconds=second, microseconds=us)
    return at.isoformat() + "Z"


def records(history: History) -> list[str]:
    """The lines in the order of telling, as a vector has them."""
    told = [
        f"{moment(at)} {word}" if lasts is None else f"{moment(at)} {WORDS[word]} for {lasts}"
        for at, word, lasts in history.events
    ]
    work = [f"work {moment(start)} {moment(end)}" for start, end in history.work]
    off = [f"off {moment(start)} {moment(end)}" for start, end in history.off]
    return [*told, *work, *off]


def plain(figure: Mapping[str, Any]) -> dict[str, object]:
    begin = datetime.fromisoformat(BEGIN + "Z")

    def second(text: str) -> int:
        return int((datetime.fromisoformat(text) - begin).total_seconds())

    coverage = figure["coverage_percent"]
    return {
        **{name: int(figure["seconds"][name]) for name in CLASSES},
        "counted": int(figure["counted"]),
        "uptime": None if figure["uptime"] is None else Fraction(figure["uptime"]),
        "met": figure["met"],
        "budget": Fraction(figure["budget_seconds"]),
        "left": Fraction(figure["budget_left_seconds"]),
        "coverage": None if coverage is None else Fraction(coverage),
        "outages": [(second(each["from"]), second(each["to"])) for each in figure["outages"]],
    }


def shown(wanted: dict[str, object]) -> dict[str, object]:
    """What was counted as the product shows it: coverage as far as its six places go."""
    exact = wanted["coverage"]
    if isinstance(exact, Fraction):
        return {**wanted, "coverage": Fraction(100 * exact * 10**6 // 1, 10**6)}
    return wanted
