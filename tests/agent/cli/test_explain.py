"""What `tocsin explain uptime` prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Line = dict[str, object]
ASKED = (
    "--from",
    "2026-11-01T00:00Z",
    "--to",
    "2026-11-03T00:00Z",
    "--as-of",
    "2026-11-03T00:00Z",
    "--zone",
    "UTC",
)


def told(directory: Path, *lines: Line) -> str:
    file = directory / "told.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(file)


def state(at: str, state: str, service: str = "web") -> Line:
    return {"service": service, "kind": "state", "at": at, "state": state}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.yaml").write_text(
        "agent: {id: test, state_dir: state}\n"
        'calendars: {office: {zone: UTC, hours: "mon-fri 08:00-18:00"}}\n'
        "services:\n"
        "  web: {uptime: {degraded: down}, checks: {home: {type: tcp, host: localhost, port: 1}}}\n"
    )
    return tmp_path


def test_the_figure_is_told_as_a_fraction_in_words_and_what_is_not_up_with_its_source(
    tocsin: Run, place: Path
) -> None:
    down: Line = {
        "service": "web",
        "kind": "reading",
        "at": "2026-11-01T12:00:00Z",
        "status": "down",
        "valid_for": 60,
    }
    work: Line = {
        "service": "web",
        "kind": "maintenance",
        "from": "2026-11-01T20:00:00Z",
        "to": "2026-11-01T21:00:00Z",
    }
    lines = [state("2026-11-01T00:00:00Z", "up"), down, state("2026-11-01T13:00:00Z", "up"), work]
    off: Line = {"kind": "agent_off", "from": "2026-11-02T04:00:00Z", "to": "2026-11-02T04:10:00Z"}
    assert tocsin("history", "import", told(place, *lines, off)).code == 0
    ended = tocsin("explain", "uptime", "web", *ASKED)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "web, 2026-11-01 00:00:00 to 2026-11-03 00:00:00 (UTC)\n"
        "uptime 99.96 % = 165,000 s good of 165,060 s counted\n"
        "target 99 %: 1,650.6 s may be bad, 60 s were; 1,590.6 s are left\n"
        "observed from 2026-11-01 00:00:00 to 2026-11-03 00:00:00: 165,000 s up, 60 s\n"
        "  down, 3,600 s maintenance and 4,140 s unknown\n"
        "\n"
        "2026-11-01 12:00:00 - 12:01:00  1m      down, bad\n"
        "    imported reading down of 12:00:00, believed until 12:01:00\n"
        "2026-11-01 12:01:00 - 13:00:00  59m     unknown, not counted\n"
        "    imported reading down of 12:00:00, believed until 12:01:00; no line tells of\n"
        "      the time since\n"
        "2026-11-01 20:00:00 - 21:00:00  1h      maintenance, not counted\n"
        "    imported planned work; hides 3,600 s up\n"
        "2026-11-02 04:00:00 - 04:10:00  10m     unknown, not counted\n"
        "    imported: nobody watched from 04:00:00 to 04:10:00\n"
        "\n"
        "165,000 s were plainly up, in 4 pieces: --all\n"
        "\n"
        "Planned work. Without any of it: 99.96 %\n"
        "imported  2026-11-01 20:00:00 - 21:00:00  hid 3,600 s up; without imported:\n"
        "  99.96 %\n"
    )


def test_json_has_every_piece_and_agrees_with_the_figures(tocsin: Run, place: Path) -> None:
    lines = [state("2026-11-01T00:00:00Z", "up"), state("2026-11-02T00:00:00.5Z", "degraded")]
    assert tocsin("history", "import", told(place, *lines)).code == 0
    document = tocsin("explain", "uptime", "web", *ASKED, "--json").document
    (figure,) = tocsin("uptime", "--service", "web", *ASKED, "--json").document
    assert {key: document[key] for key in figure if key in document} == {
        key: value for key, value in figure.items() if key in document
    }
    assert document["good"] == "86400.5"
    assert [(each["class"], each["counts"], each["why"]) for each in document["pieces"]] == [
        ("up", "good", None),
        ("degraded", "bad", "degraded counts as down"),
    ]
    assert document["pieces"][1]["source"] == {
        "kind": "imported",
        "text": "imported state degraded of 2026-11-02T00:00:00.500000Z",
        "line": "state",
        "class": "degraded",
        "at": "2026-11-02T00:00:00.500000Z",
        "until": None,
    }
    good = sum(Fraction(each["seconds"]) for each in document["pieces"] if each["counts"] == "good")
    assert Fraction(document["uptime"]) == good / Fraction(document["counted"])


def test_a_long_list_is_folded_unless_all_of_it_is_asked_for(tocsin: Run, place: Path) -> None:
    words = ["down", "up"] * 60
    lines = [state(f"2026-11-01T{n // 60:02}:{n % 60:02}:00Z", word) for n, word in enumerate(words)]
    assert tocsin("history", "import", told(place, *lines)).code == 0
    short = tocsin("explain", "uptime", "web", *ASKED).out
    assert "... and 20 more: --all\n" in short
    assert max(map(len, short.splitlines())) <= 80
    long = tocsin("explain", "uptime", "web", *ASKED, "--all").out
    assert long.count(" up, good") == 60
    assert "more: --all" not in long


def test_time_that_the_agreement_leaves_out_is_told_with_its_cause(tocsin: Run, place: Path) -> None:
    text = (place / "tocsin.yaml").read_text()
    text = text.replace("degraded: down", "hours: office, exclude_when: [net]")
    (place / "tocsin.yaml").write_text(
        f"{text}  net: {{checks: {{ping: {{type: tcp, host: localhost, port: 2}}}}}}\n"
    )
    lines = [state("2026-11-01T00:00:00Z", "up"), state("2026-11-01T00:00:00Z", "up", "net"),
             state("2026-11-02T09:00:00Z", "down", "net"), state("2026-11-02T09:10:00Z", "up", "net")]  # fmt: skip
    assert tocsin("history", "import", told(place, *lines)).code == 0
    document = tocsin("explain", "uptime", "web", *ASKED, "--json").document
    assert [(each["class"], each["seconds"], each["source"]["text"]) for each in document["pieces"]] == [
        (None, "115200", "outside of office"),
        ("up", "3600", "imported state up of 2026-11-01T00:00:00Z"),
        (None, "600", "net was down"),
        ("up", "31800", "imported state up of 2026-11-01T00:00:00Z"),
        (None, "21600", "outside of office"),
    ]
    page = tocsin("explain", "uptime", "web", *ASKED).out
    assert "left out: 136,800 s outside of office\nleft out: 600 s while net was down\n" in page


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("wbe",), 64, 'no service is called "wbe" (did you mean web?)'),
        (("web", "--period", "soon"), 64, "'soon' is not a period: write one of"),
        (("web", "--period", "2026", "--from", "2026-01-01", "--to", "2026-02-01"), 64, "give one of them"),
        (("web", "--from", "2026-01-01"), 64, "--from and --to go together"),
        (("web", "--period", ""), 64, "'' is not a period"),
        (("web", "--zone", ""), 64, "'' is not a time zone"),
        (("web", "--as-of", "0001-01-15"), 64, "'30d' reaches beyond the calendar"),
        (("web", "--zone", "Mars"), 64, "'Mars' is not a time zone"),
        (("web",), 1, "nothing is stored in"),
    ],
)
def test_what_cannot_be_answered_is_said(
    tocsin: Run, place: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    ended = tocsin("explain", "uptime", *words)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_of_a_period_that_is_still_to_come_nothing_was_observed(tocsin: Run, place: Path) -> None:
    assert tocsin("history", "import", told(place, state("2026-11-01T00:00:00Z", "up"))).code == 0
    assert (
        "nothing of it was observed: it is still to come\n"
        in tocsin("explain", "uptime", "web", "--period", "2999").out
    )
    document = tocsin("explain", "uptime", "web", "--period", "2999", "--json").document
    assert (document["uptime"], document["observed"], document["pieces"]) == (None, None, [])


def test_a_service_that_is_configured_no_more_is_explained_too(tocsin: Run, place: Path) -> None:
    assert tocsin("history", "import", told(place, state("2026-11-01T00:00:00Z", "up", "old"))).code == 0
    assert (
        "uptime 100.00 % = 172,800 s good of 172,800 s counted\n"
        in tocsin("explain", "uptime", "old", *ASKED).out
    )
