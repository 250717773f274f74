"""What plugins print: every recorded case, odd forms, and laws that hold for any text."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Perfdata
from checks.command import perfdata
from checks.command.plugin_output import as_plugin, as_program

LABELS = st.text(min_size=1).filter(lambda text: "=" not in text and text.strip("\0") == text)
NUMBERS = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
UNITS = st.sampled_from(["", "s", "ms", "%", "B", "KB", "c", "GBP", "kb/s", "°C", "m3"])
RANGES = st.none() | st.sampled_from(["10", "10:", "~:10", "10:20", "@10:20", "-1.5:1e3"])
LIMITS = st.none() | NUMBERS


def document(one: Perfdata) -> dict[str, Any]:
    return {
        "label": one.label,
        "value": one.value,
        "uom": one.uom,
        "warn": one.warn,
        "crit": one.crit,
        "min": one.least,
        "max": one.most,
    }


def parsed(text: str) -> list[dict[str, Any]]:
    return [document(one) for one in perfdata.parse(text)]


def printed(one: Perfdata) -> str:
    """As a careful plugin writes it."""
    fields = [one.warn, one.crit, one.least, one.most]
    said = ";".join("" if field is None else str(field) for field in fields)
    label = one.label.replace("'", "''")
    return f"'{label}'={'U' if one.value is None else one.value}{one.uom};{said}"


def test_recorded_cases_are_read_as_noted(shared: Path) -> None:
    cases = json.loads((shared / "real" / "nagios_perfdata.json").read_text(encoding="utf-8"))
    wrong = []
    for case in cases:
        if "perfdata" in case:
            found: Any = parsed(case["perfdata"])
            expected = case["expect"]
        else:
            output = as_plugin(case["stdout"])
            found = {
                "text": output.text,
                "long_text": output.long_text,
                "perfdata": list(map(document, output.perfdata)),
            }
            expected = {name: value for name, value in case["expect"].items() if name != "state"}
        if found != expected:
            wrong.append((case["id"], found, expected))
    assert len(cases) >= 61
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "labels_and_values"),
    [
        ("rubbish", []),
        (" =3;;;; dgasdg =;;;; sff=;;;;", []),
        ("'a=b'=1 'it''s'=2 it's=3 '|'=4", [("a=b", 1), ("it's", 2), ("it's", 3), ("|", 4)]),
        ("'unclosed=5 b=6", [("unclosed", 5), ("b", 6)]),
        ("a=1\tb=2\r\nc=3|d=4 | e=5", [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]),
        ("loss=0, rta=0.80, x=1ms,", [("loss", 0), ("rta", 0.8), ("x", 1)]),
        ("a=23. b=.42 c=+1.5E-15EB d=1E", [("a", 23), ("b", 0.42), ("c", 1.5e-15), ("d", 1)]),
        ("a=nan b=inf c=-inf d=1e999 e=--1 f=1.2.3 g=1-2", []),
        ("a=U b=U;1;2 c=Us", [("a", None), ("b", None)]),
        ("octets=18446744073709551615c", [("octets", 18446744073709551615.0)]),
        ("bytes=9007199254740993B", [("bytes", 9007199254740993)]),
        ("x=1.234,56 y=1,234", [("y", 1.234)]),
    ],
)
def test_odd_forms(text: str, labels_and_values: list[tuple[str, float | None]]) -> None:
    assert [(one.label, one.value) for one in perfdata.parse(text)] == labels_and_values


def test_bounds_that_repeat_the_unit_are_numbers_and_others_are_not() -> None:
    assert parsed("u=5%;80%;90%;0%;100% v=1B;;;x;1KB") == [
        {"label": "u", "value": 5, "uom": "%", "warn": "80%", "crit": "90%", "min": 0, "max": 100},
        {"label": "v", "value": 1, "uom": "B", "warn": None, "crit": None, "min": None, "max": None},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("", "", 0)),
        ("\n\n", ("", "", 0)),
        ("OK", ("OK", "", 0)),
        ("OK |\n", ("OK", "", 0)),
        ("| a=1", ("", "", 1)),
        ("OK | a=1 | b=2\n", ("OK", "", 2)),
        ("OK\nmore\n\n  indented\n| a=1\nb=2\n", ("OK", "more\n\n  indented", 2)),
        ("OK | a=1\nb=2 'c'=3\nmore d=4\ne=5", ("OK", "b=2 'c'=3\nmore d=4\ne=5", 3)),
        ("OK\na=1\nb=2", ("OK", "a=1\nb=2", 0)),
        ("OK | a=1\nmore | b=2\nc=3 rubbish | d=4", ("OK", "more", 4)),
        ("OK\r\nmore\r\nlast\r\n", ("OK", "more\r\nlast", 0)),
    ],
)
def test_lines_fall_into_text_and_measurements(text: str, expected: tuple[str, str, int]) -> None:
    output = as_plugin(text)
    assert (output.text, output.long_text, len(output.perfdata)) == expected


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("OK | a=1 b=12", ["a"]),
        ("OK | a=1 b=12 ", ["a", "b"]),
        ("OK | a=1\nmore | b=2\nc=3", ["a", "b"]),
        ("OK | a=1\nmore te", ["a"]),
        ("OK|a=1", []),
        ("", []),
    ],
)
def test_number_that_may_lack_digits_is_no_measurement(text: str, labels: list[str]) -> None:
    output = as_plugin(text, whole=False)
    assert [one.label for one in output.perfdata] == labels
    assert (output.text, output.long_text) == (as_plugin(text).text, as_plugin(text).long_text)


def test_pipe_of_any_other_program_is_part_of_its_text() -> None:
    output = as_program("\n  a | b=1\nrest\n")
    assert (output.text, output.long_text, output.perfdata) == ("a | b=1", "rest", ())


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    output = as_plugin(text)
    json.dumps([document(one) for one in output.perfdata], allow_nan=False)
    assert "\n" not in output.text
    assert all(one.label and "'=" not in one.uom for one in output.perfdata)
    assert as_program(text).perfdata == ()


@given(st.text(alphabet="'=;|, \n\taU0-1.5e%~:@"))
def test_any_text_of_its_own_marks_is_taken(text: str) -> None:
    output = as_plugin(text)
    json.dumps([document(one) for one in output.perfdata], allow_nan=False)
    assert len(output.perfdata) <= text.count("=")


@given(
    st.lists(st.builds(Perfdata, LABELS, st.none(), st.just(""), RANGES, RANGES, LIMITS, LIMITS))
    | st.lists(st.builds(Perfdata, LABELS, NUMBERS, UNITS, RANGES, RANGES, LIMITS, LIMITS))
)
def test_what_a_careful_plugin_prints_comes_back(listed: list[Perfdata]) -> None:
    assert list(perfdata.parse(" ".join(map(printed, listed)))) == listed


@pytest.mark.parametrize(
    "piece", ["'", "'a ", "''c ", "'a''b ", "=", "a=", "a=1;", "a=1,", "\0|", "a=1e", "'x=' "], ids=repr
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    def work(size: int) -> float:
        text, began = (piece * size)[:size], time.process_time()
        perfdata.parse(text)
        return time.process_time() - began

    least = min(work(16 * 1024) for _ in range(3))
    # Quadratic work would take 256 times as long for 16 times the length.
    assert min(work(256 * 1024) for _ in range(3)) < 100 * max(least, 0.002)
