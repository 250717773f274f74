"""Each rule of the figures is a sentence in the docs and the name of a test."""

from __future__ import annotations

import re
from pathlib import Path

RULE = re.compile(r"^(\d+)\. (.+(?:\n   .+)*)", re.MULTILINE)
TEST = re.compile(r"def test_rule_(\d+)_")


def test_each_rule_is_one_sentence_and_the_name_of_a_test(root: Path) -> None:
    page = (root / "docs" / "uptime.md").read_text(encoding="utf-8")
    _, _, section = page.partition("## The rules in a sentence each")
    rules = RULE.findall(section.partition("\n## ")[0])
    assert [int(number) for number, _ in rules] == list(range(1, 11))
    for number, sentence in rules:
        assert sentence.endswith("."), number
        assert len(re.findall(r"\.(?:\s|$)", sentence)) == 1, number
    tests = [path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py")]
    named = {number for text in tests for number in TEST.findall(text)}
    assert named == {number for number, _ in rules}
