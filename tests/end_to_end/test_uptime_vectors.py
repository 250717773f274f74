"""Figures that were worked out by hand, through the installed command: one store, a call for each kind of period.

What is left of the questions is asked in tests/agent/cli/test_uptime_vectors.py, in one process.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerting.slo.vectors.files import CONFIG, HISTORY, RULES, questions, write
from tests.alerting.slo.vectors.vector import Vector
from tests.end_to_end.daemon import Ended, tocsin

EVERY = {vector.name: vector for vectors in RULES.values() for vector in vectors}
# Of each kind of period the question of a vector; those that share it are answered with it.
OF_A_KIND = ["nearly_all", "2026-04_in_lord_howe", "rolling_30_days", "a_month_that_runs", "believed"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which all of them are."""
    found = tmp_path_factory.mktemp("vectors")
    lines = write(found, list(EVERY.values()))
    ended = run(found, "history", "import", HISTORY)
    assert ended.out.startswith(f"imported {lines} line"), ended
    return found


def run(directory: Path, *arguments: str) -> Ended:
    return tocsin(*arguments, config=directory / CONFIG, directory=directory)


@pytest.mark.parametrize("kind", OF_A_KIND)
def test_the_installed_command_answers_what_was_worked_out_by_hand(directory: Path, kind: str) -> None:
    question = EVERY[kind].asked
    ended = run(directory, "uptime", "--json", *question.typed())
    assert (ended.code, ended.err) == (0, ""), ended
    figures = {figure["service"]: figure for figure in ended.document}
    settled: list[Vector] = list(questions(list(EVERY.values()))[question])
    for vector in settled:
        assert vector.settled(figures[vector.name]) == vector.gives, vector.words


def test_no_two_vectors_share_a_name() -> None:
    assert len(EVERY) == sum(map(len, RULES.values()))


def test_the_table_cuts_percentages_too(directory: Path) -> None:
    vector = EVERY["nearly_all"]
    shown = run(directory, "uptime", "--service", vector.name, *vector.asked.typed()).out
    assert "99.99 %" in shown
    assert "100.00" not in shown.replace("100.00 %", "", 1)  # once: all of it was seen
