"""The phases as bars: what is printed adds up, fits the page, and leaves no time out."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from agent.cli.waterfall import Whole, waterfall

seconds = st.floats(0, 30) | st.floats(0, 0.05)
phases = st.dictionaries(st.sampled_from(("resolve", "connect", "tls", "first_byte", "transfer")), seconds)
LINE = re.compile(r"(\w[\w ]*?) +([\d.]+) (ms|s)(?:  (.*))?")


def _read(line: str) -> tuple[str, int, str]:
    """Name, time in the smallest unit shown, bar."""
    found = LINE.fullmatch(line)
    assert found is not None, line
    return found[1], int(found[2].replace(".", "")), found[4] or ""


@example({"resolve": 5e-324}, None, None, 60)
@given(phases, st.none() | seconds, st.none() | seconds, st.integers(56, 100))
def test_what_is_printed_adds_up_and_fits(
    each: dict[str, float], latency: float | None, failed: float | None, width: int
) -> None:
    lines = waterfall(each, Whole(latency, failed), width)
    if not lines:
        assert sum(each.values()) <= 5e-6 or not each
        return
    *steps, (last, whole, _) = map(_read, lines)
    assert last in ("latency", "total")
    assert sum(time for _, time, _ in steps) == whole
    assert {name for name, _, _ in steps} >= each.keys()
    assert all(len(line) <= width for line in lines)
    assert all(bar.strip() for _, time, bar in steps if time)


def test_bars_stand_one_after_another() -> None:
    assert waterfall({"connect": 0.1, "tls": 0.2, "first_byte": 0.1}, Whole(0.4), 40, "#") == [
        "connect       100.0 ms  ####",
        "tls           200.0 ms      ########",
        "first_byte    100.0 ms              ####",
        "latency       400.0 ms",
    ]


def test_time_of_no_phase_has_a_line_of_its_own() -> None:
    good = waterfall({"connect": 0.1}, Whole(0.3), 60)
    assert [_read(line)[:2] for line in good] == [("connect", 1000), ("other", 2000), ("latency", 3000)]
    failed = waterfall({"resolve": 0.5}, Whole(2.0, 2.1), 60)
    assert [_read(line)[0] for line in failed] == ["resolve", "until it failed", "latency"]
    unconnected = waterfall({"resolve": 0.5}, Whole(None, 4.0), 60)
    assert [_read(line)[:2] for line in unconnected] == [
        ("resolve", 500),
        ("until it failed", 3500),
        ("total", 4000),
    ]


def test_phases_that_the_latency_does_not_count_are_told_apart() -> None:
    last = waterfall({"resolve": 0.02, "connect": 0.01}, Whole(0.01), 60)[-1]
    assert " ".join(last.split()) == "total 30.00 ms of which latency 10.00 ms"


def test_a_look_without_phases_has_none() -> None:
    assert waterfall({}, Whole(0.3), 80) == []
    assert waterfall({"connect": 0.0}, Whole(None), 80) == []
