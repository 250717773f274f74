"""Values that options give a name to, as conditions may ask for them."""

from __future__ import annotations

import pytest

from tests.config.conftest import Examine

FILE = "services: {{a: {{checks: {{b: {{type: log, path: /x, match: {{oom: y}}, degraded: '{condition}'}}}}}}}}\n"


@pytest.mark.parametrize("condition", ["oom > 0", "oom > 0 or errors > 5", "rate > 1"])
def test_name_from_the_options_can_be_asked_for(look: Examine, condition: str) -> None:
    loaded = look(FILE.format(condition=condition))
    assert [problem.message for problem in loaded.errors] == []


@pytest.mark.parametrize(
    ("condition", "told"), [("oomm > 0", "no value is called"), ("oom < 0", "can never be true")]
)
def test_slip_in_such_a_name_or_its_figure_is_a_mistake(look: Examine, condition: str, told: str) -> None:
    (problem,) = look(FILE.format(condition=condition)).errors
    assert told in problem.message


def test_names_of_one_check_are_not_those_of_another(look: Examine) -> None:
    other = FILE.replace("oom: y", "disk: y").replace("{{a:", "{{c:").format(condition="oom > 0")
    assert not look(FILE.format(condition="oom > 0")).errors
    assert look(other).errors
