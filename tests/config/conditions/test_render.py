"""What a verdict shows to people."""

from __future__ import annotations

import json

import pytest

from config.conditions import Facts, Leaf, evaluate, parse, render

FACTS = Facts(
    {"status": 503, "latency": 0.25, "gone": None, "answers": ["a", "b\n"], "inf": float("inf")},
    [("Server", "x\x1b[31m\u202e"), ("Via", "one"), ("Via", "two")],
    '{"a": 1, "b": {"c": [1, 2]}}' + " " * 300,
)


def shown(text: str) -> str:
    return render(evaluate(parse(text), FACTS))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("status in 200..299", "status in 200..299 (status = 503)"),
        ("latency < 0.1 or status == 200", "latency < 0.1 (latency = 0.25); status == 200 (status = 503)"),
        ("status == 503 and latency > 1", "latency > 1 (latency = 0.25)"),
        ("status == 503 or latency > 1", "status == 503 (status = 503)"),
        ("status == 503 and missing > 1", "missing > 1 (missing is unknown)"),
        ("not (status == 503 and latency > 1)", "latency > 1 (latency = 0.25)"),
        ("not status == 200", "not status == 200 (status = 503)"),
        ("exists gone", "exists gone (gone is absent)"),
        ("answers contains 'c'", 'answers contains \'c\' (answers = ["a", "b\\\\n"])'),
        ("json $.a == json $.b.c", "json $.a == json $.b.c (json $.a = 1, json $.b.c = [1, 2])"),
        ("len(json $.b) > 13", "len(json $.b) > 13 (len(json $.b) = 11)"),
        ("header 'Via' == 'x'", "header 'Via' == 'x' (header 'Via' = \"one\", \"two\")"),
        ("status ==\n  200", "status ==   200 (status = 503)"),
    ],
)
def test_a_line_names_what_decided_and_what_was_seen(text: str, line: str) -> None:
    assert shown(text) == line


def test_a_terminal_gets_no_control_characters() -> None:
    assert shown('header "server" == "x"') == 'header "server" == "x" (header "server" = "x\\x1b[31m\\u202e")'


def test_every_leaf_is_answered_also_after_the_result_is_known() -> None:
    verdict = evaluate(parse("status == 503 or latency > 1 or missing == 3"), FACTS)
    assert verdict.result is True
    assert [leaf.verdict for leaf in verdict.leaves] == [True, False, None]
    assert [leaf.text for leaf in verdict.failing()] == ["status == 503"]


def test_long_text_is_shown_by_its_beginning() -> None:
    leaf = evaluate(parse("body contains 'zz'"), FACTS).leaves[0]
    assert isinstance(leaf.value, str) and len(leaf.value) == 200 and leaf.value.startswith('{"a": 1')
    assert len(shown("body contains 'zz'")) < 120


def test_values_seen_are_json() -> None:
    text = "inf > 1 and json $ == 1 and header 'Via' == 'x' and answers == 1 and gone == 1 and missing == 1"
    leaves = evaluate(parse(text), FACTS).leaves
    values = json.loads(json.dumps([leaf.value for leaf in leaves], allow_nan=False))
    assert values == ["inf", {"a": 1, "b": {"c": [1, 2]}}, ["one", "two"], ["a", "b\\n"], None, None]


def test_a_question_left_open_by_a_limit_says_which() -> None:
    facts = Facts({}, None, "[" * 300)
    assert (
        render(evaluate(parse("exists json $.a"), facts)) == "exists json $.a (the answer is nested too deep)"
    )


def test_a_leaf_can_be_built_by_its_three_public_parts() -> None:
    assert Leaf("a == 1", 2, False) == Leaf(text="a == 1", value=2, verdict=False, seen=())
