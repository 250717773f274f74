"""A day's work at the desk, from the terminal alone: what docs/desk.md shows is what the commands print."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.desk_day import PAGE, Day, alike, transcripts

PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def test_each_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    blocks = transcripts(PAGE_TEXT)
    assert sum(map(len, blocks)) > 20
    with Day(tmp_path, PAGE_TEXT) as day:
        for block in blocks:
            for command in block:
                assert alike(day.run(command.line)) == alike(command.printed), command.line


def test_no_line_of_the_page_but_refusals_is_wider_than_a_terminal() -> None:
    printed = [
        line for block in transcripts(PAGE_TEXT) for each in block for line in each.printed.splitlines()
    ]
    assert max(len(line) for line in printed if not line.startswith("tocsin: ")) <= 80
