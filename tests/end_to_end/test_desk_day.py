"""A day's work at the desk, from the terminal alone: what docs/desk.md shows is what the commands print."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerting.desk.oncall import next_turn, on_call_at
from tests.end_to_end.desk_day import PAGE, Day, alike, arranged, crew_of, transcripts

PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def test_each_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    blocks = transcripts(PAGE_TEXT)
    assert sum(map(len, blocks)) > 20
    with Day(tmp_path, PAGE_TEXT) as day:
        for block in blocks:
            for command in block:
                assert alike(day.run(command.line)) == alike(command.printed), command.line


@pytest.mark.parametrize("hours", range(0, 15 * 24, 5))
def test_who_is_on_call_on_the_page_is_so_whenever_it_is_run(hours: int) -> None:
    at = int(datetime(2027, 3, 22, 6, 59, tzinfo=UTC).timestamp() + hours * 3600) * 1_000_000
    crew = crew_of(arranged(PAGE_TEXT, at))
    (turn,) = {on_call_at(crew, (), at + minutes * 60_000_000) for minutes in range(60)}
    assert turn is not None
    assert turn.person == "Agent Two"
    assert (next_turn(crew, at) or 0) - at < 25 * 3600 * 1_000_000


def test_no_line_of_the_page_but_refusals_is_wider_than_a_terminal() -> None:
    printed = [
        line for block in transcripts(PAGE_TEXT) for each in block for line in each.printed.splitlines()
    ]
    assert max(len(line) for line in printed if not line.startswith("tocsin: ")) <= 80
