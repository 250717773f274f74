"""Each broken file, named after its mistake, gets the very answer that stands beside it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.golden import BROKEN, NAMES, UNSET, answer, answer_file

TOCSIN = Path(sys.executable).with_name("tocsin")
# Run as they are installed too: one for each way in which the command can end, and a bit of everything.
INSTALLED = (
    "alias-bomb",
    "byte-order-mark",
    "empty",
    "many-in-conditions",
    "many-in-secrets",
    "many-over-many-files",
    "many-warnings",
    "tab-as-indentation",
)
A_MISTAKE = re.compile(r"(?:error|warning): [\w./-]+\.yaml(?::\d+:\d+)?: \S.*")
BELOW_A_CONDITION = re.compile(r"  \S.*|  +\^")
SUMMARY = re.compile(r"(?:ok: .+|\d+ errors?( in \d+ files)?(, \d+ warnings?)?|secrets (?:un)?set: .+)")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", NAMES)
def test_broken_file_gets_its_answer_word_for_word(name: str) -> None:
    code, said = answer(name)
    assert said == answer_file(name).read_text(encoding="utf-8"), (
        "read it, then python -m tests.config.golden"
    )
    assert code == (78 if "error: " in said else 0)


@pytest.mark.parametrize("name", INSTALLED)
def test_the_installed_command_answers_the_same(name: str) -> None:
    done = subprocess.run(
        [str(TOCSIN), "validate", "--config", f"{name}.yaml"],
        cwd=BROKEN,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    assert done.stdout == answer_file(name).read_bytes()
    assert done.returncode == answer(name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_an_answer_is_a_mistake_with_its_place_or_the_summary(name: str) -> None:
    for line in answer_file(name).read_text(encoding="utf-8").splitlines():
        assert A_MISTAKE.fullmatch(line) or BELOW_A_CONDITION.fullmatch(line) or SUMMARY.fullmatch(line), line
        assert line.isprintable()


def test_most_files_hold_one_mistake_and_at_least_ten_hold_many() -> None:
    counts = [len(re.findall(r"^(?:error|warning): ", answer_file(name).read_text(), re.M)) for name in NAMES]
    assert len(NAMES) >= 60
    assert sum(count >= 5 for count in counts) >= 10
    assert sum(count == 1 for count in counts) > len(NAMES) / 2


def test_no_answer_is_left_over() -> None:
    assert {path.stem for path in BROKEN.glob("*.txt")} == set(NAMES)
