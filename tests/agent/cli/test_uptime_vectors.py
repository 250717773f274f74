"""Figures that were worked out by hand, through the command and the store: one import a rule, one call a question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.alerting.slo.vectors.files import CONFIG, HISTORY, RULES, questions, write


@pytest.mark.parametrize("rule", RULES)
def test_the_command_answers_what_was_worked_out_by_hand(
    tmp_path: Path, tocsin: Callable[..., Any], rule: str
) -> None:
    lines = write(tmp_path, RULES[rule])
    imported = tocsin("--config", CONFIG, "history", "import", HISTORY)
    assert imported.out.startswith(f"imported {lines} line"), imported
    for question, vectors in questions(RULES[rule]).items():
        ended = tocsin("--config", CONFIG, "uptime", "--json", *question.typed())
        assert (ended.code, ended.err) == (0, ""), ended
        figures = {figure["service"]: figure for figure in ended.document}
        for vector in vectors:
            assert vector.settled(figures[vector.name]) == vector.gives, vector.words
