"""`tocsin uptime` for people: the table on terminals and in a pipe, its strip of days, and one service's outages."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NAME = "a-service-with-a-rather-long-name-that-somebody-generated"
CONFIG = f"""
agent: {{id: test, state_dir: state, timezone: Europe/Berlin}}
services:
  shop: {{target: 99.9%, checks: {{home: {{type: tcp, host: localhost, port: 1}}}}}}
  edge: {{checks: {{home: {{type: tcp, host: localhost, port: 1}}}}}}
  {NAME}: {{uptime: {{exclude_when: [edge]}}, checks: {{home: {{type: tcp, host: localhost, port: 1}}}}}}
  never: {{checks: {{home: {{type: tcp, host: localhost, port: 1}}}}}}
"""
# Seen at noon of 22 November, after 90 days of which the first is 25 August.
AS_OF = "2026-11-22T12:00"
LAST = ["--period", "2026-11", "--as-of", AS_OF]


def state(service: str, at: str, shown: str) -> dict[str, str]:
    return {"service": service, "kind": "state", "at": at, "state": shown}


LINES = [
    state("shop", "2026-09-03T22:00:00Z", "up"),  # 4 September, 00:00 in Berlin
    state("shop", "2026-10-24T22:00:00Z", "down"),  # the day of 25 hours, all of it
    state("shop", "2026-10-25T23:00:00Z", "up"),
    state("shop", "2026-11-10T10:00:00Z", "down"),  # a minute: within 99.9 % of a day
    state("shop", "2026-11-10T10:01:00Z", "up"),
    state("shop", "2026-11-12T10:00:00Z", "down"),
    state("shop", "2026-11-12T11:00:00Z", "up"),
    state("shop", "2026-11-14T23:00:00Z", "unknown"),  # 15 November
    state("shop", "2026-11-15T23:00:00Z", "up"),
    {"service": "shop", "kind": "maintenance", "from": "2026-11-17T23:00:00Z", "to": "2026-11-18T23:00:00Z"},
    state("shop", "2026-11-22T10:30:00Z", "down"),
    state("edge", "2026-01-01T00:00:00Z", "up"),
    state("edge", "2026-11-20T10:00:00Z", "down"),
    state("edge", "2026-11-20T10:10:00Z", "up"),
    state(NAME, "2026-01-01T00:00:00Z", "up"),
    state(NAME, "2026-11-20T10:00:00Z", "down"),
    state(NAME, "2026-11-20T10:20:00Z", "up"),
]
# 10 days before it was watched, 51 good ones, the one of 25 hours, and 28 more up to today.
STRIP = "-" * 10 + "#" * 51 + "X" + "#" * 15 + "+#x##.##m###x"
BLOCKS = STRIP.translate(str.maketrans("#+xX.", "█▆▄▂·"))


@pytest.fixture
def site(tmp_path: Path, tocsin: Callable[..., Any]) -> Path:
    (tmp_path / "tocsin.yaml").write_text(CONFIG)
    (tmp_path / "history.jsonl").write_text("\n".join(map(json.dumps, LINES)))
    assert tocsin("history", "import", "history.jsonl").code == 0
    return tmp_path


def on_terminal(site: Path, columns: int, *words: str, **env: str) -> list[str]:
    """What a terminal with so many columns shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [str(Path(sys.executable).with_name("tocsin")), "uptime", *words]
    settings = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **env}
    with subprocess.Popen(command, cwd=site, stdout=theirs, stderr=subprocess.PIPE, env=settings) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            shown += read
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(ours)
    return shown.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [80, 100, 140, 250])
def test_a_terminal_shows_every_figure_and_all_the_days_within_its_width(site: Path, columns: int) -> None:
    lines = on_terminal(site, columns, *LAST, NO_COLOR="1")
    assert max(map(len, lines)) <= columns
    text = "\n".join(lines)
    rows = re.findall(r"20\d\d-\d\d-\d\d ([█▆▄▂m·-]+)$", text, re.MULTILINE) or [text]
    assert BLOCKS in "".join(rows)
    assert len(rows) == {80: 10, 100: 10, 140: 5, 250: 1}[columns]  # the daemon itself is the last
    # The target allows 40 minutes and 19.2 seconds of the 28 days that count; 91 minutes were bad.
    assert all(part in text for part in ("99.9 %", "not so far", "1h31m", "[..........] -50m41s"))


def test_a_long_name_does_not_push_the_figures_off_the_page(site: Path) -> None:
    lines = on_terminal(site, 80, *LAST, NO_COLOR="1")
    figures = lines[lines.index(NAME) + 1]
    assert re.fullmatch(r" +99\.96 % +99 % +so far +10m +99\.96 % +1", figures)
    assert "  not counted: 10m while edge was down" in lines


def test_colours_are_for_terminals_that_want_them(site: Path) -> None:
    assert any("\x1b[32m█" in line for line in on_terminal(site, 140, *LAST))
    plain = "".join(on_terminal(site, 140, *LAST, "--service", "shop", NO_COLOR="1"))
    assert not re.search(r"\x1b\[(\d;)?3", plain)


@pytest.mark.parametrize(
    "said", [{"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "C"}, {"PYTHONIOENCODING": "latin-1"}]
)
def test_what_cannot_write_blocks_gets_letters(site: Path, said: dict[str, str]) -> None:
    lines = on_terminal(site, 140, *LAST, NO_COLOR="1", **said)
    text = "\n".join(lines)
    assert text.isascii()
    assert f"2026-08-25 {STRIP}" in text
    assert ". not seen" in text


def test_in_a_pipe_each_service_has_one_row(site: Path, tocsin: Callable[..., Any]) -> None:
    lines = tocsin("uptime", *LAST).out.splitlines()
    (row,) = (line for line in lines if line.startswith("shop"))
    assert row.endswith(BLOCKS)
    assert [line.split()[0] for line in lines[:6]] == ["service", "shop", "edge", NAME, "not", "never"]
    (never,) = (line for line in lines if line.startswith("never"))
    assert "not measured" in never
    assert never.endswith("-" * 90)


def test_the_strip_ends_with_the_period(site: Path, tocsin: Callable[..., Any]) -> None:
    ended = tocsin("uptime", "--period", "2026-10", "--service", "shop", "--as-of", AS_OF)
    assert "the last one 2026-10-31" in ended.out.replace("\n", " ")
    assert ended.out.splitlines()[1].endswith("█" * 51 + "▂" + "█" * 6)


def test_of_one_service_the_outages_are_listed_newest_first(site: Path, tocsin: Callable[..., Any]) -> None:
    lines = tocsin("uptime", *LAST, "--service", "shop").out.splitlines()
    listed = [re.split(r" {2,}", line)[:3] for line in lines[lines.index("Outages") + 2 :]]
    assert listed == [
        ["2026-11-22 11:30:00", "goes on", "30m"],
        ["2026-11-12 11:00:00", "2026-11-12 12:00:00", "1h"],
        ["2026-11-10 11:00:00", "2026-11-10 11:01:00", "1m"],
    ]


def test_of_many_outages_the_newest_twenty_are_listed(site: Path, tocsin: Callable[..., Any]) -> None:
    moments = [f"2026-11-02T{hour:02}:00:00Z" for hour in range(24)]
    lines = [state("edge", at, "down") for at in moments]
    lines += [state("edge", at.replace(":00:00Z", ":30:00Z"), "up") for at in moments]
    (site / "more.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert tocsin("history", "import", "more.jsonl").code == 0
    shown = tocsin("uptime", *LAST, "--service", "edge").out.splitlines()
    assert len(shown[shown.index("Outages") + 2 :]) == 21
    assert shown[-1] == "... and 5 more: --json"


def test_a_name_that_is_nearly_right_is_suggested(site: Path, tocsin: Callable[..., Any]) -> None:
    ended = tocsin("uptime", "--service", "shap")
    assert (ended.code, ended.err) == (64, 'tocsin: no service is called "shap" (did you mean shop?)\n')
