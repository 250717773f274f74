"""Laws: any text, any reading, any truth table."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from config.conditions import (
    Condition,
    ConditionError,
    Facts,
    Measure,
    evaluate,
    holds,
    measure,
    parse,
    render,
)

WORDS = [
    "status",
    "latency",
    "a-b",
    "and",
    "or",
    "not",
    "exists",
    "len",
    "(",
    ")",
    "[",
    "]",
    ",",
    "..",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "contains",
    "matches",
    "like",
    "body",
    "json",
    "$.a",
    "$..*",
    "$[?@.a==1]",
    "header",
    "value",
    "for",
    "of",
    "3",
    "5m",
    "95%",
    "-1",
    "'x'",
    '"a.*"',
    "true",
    "false",
    "null",
    "200..299",
    "[1,2]",
    "(",
    "len(body)",
    "$['a",
    "1",
    "$[",
    "@",
    "\\",
    "'",
    '"',
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=14).map("".join),
)
OPERANDS = [
    "a",
    "b",
    "json $.a",
    "json $..*",
    "body",
    "len(a)",
    "len(json $)",
    "header 'a'",
    "json $[?@.a == 1]",
    "json $..[?search(@, 'x|1')]",
]
LITERALS = ["1", "'x'", "true", "null", "5m", "''", "b", "json $.b", "header 'b'", "len(body)"]
QUESTIONS = [
    f"{operator} {right}" for operator in ("==", "!=", "<", "<=", ">", ">=", "contains") for right in LITERALS
]
QUESTIONS += ["in 1..2", "in [1, 'x', null]", "matches 'x|1'", "like '*x?'", "not in 1..2", "not like 'x*'"]
LEAVES = st.builds("{} {}".format, st.sampled_from(OPERANDS), st.sampled_from(QUESTIONS)) | st.sampled_from(
    [f"exists {operand}" for operand in OPERANDS]
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map("not ({})".format)
        | inner.map("not {}".format)
        | st.builds("({}) and {}".format, inner, inner)
        | st.builds("{} or ({})".format, inner, inner)
    ),
    max_leaves=6,
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1", "x", "true"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=10,
)
TEXT = st.text(st.characters(), max_size=12) | st.text("x1\ud800\n", max_size=4)
FACTS = st.builds(
    Facts,
    st.dictionaries(st.sampled_from(["a", "b"]), JSON, max_size=2),
    st.none() | st.lists(st.tuples(st.sampled_from(["a", "B", "A"]), TEXT), max_size=3),
    st.none() | JSON.map(json.dumps) | TEXT,
    st.booleans(),
)
ANSWERS = {"t == 1": True, "t == 2": False, "gone == 1": None}
KNOWN = Facts({"t": 1}, None, None)
THREE = st.sampled_from(list(ANSWERS))


def said(text: str) -> bool | None:
    return evaluate(parse(text), KNOWN).result


@given(
    text=TEXTS,
    names=st.sampled_from([None, {"status", "latency"}, {"status": Measure(), "a-b": measure("ratio")}]),
)
@example(text="(" * 100_000, names=None)
@example(text="x" * 100_000, names=None)
@example(text="\u202e\u0000\ufeff\U0001f600 == 1", names=None)
@example(text="json $[?@ == 1e999] == 1", names=None)
@example(text="json $[?@ == :1.5] == 1", names=None)
@example(text="json $[?" + "@.a && " * 500 + "@.a] == 1", names=None)
@example(text="json $" + "[?@" * 32 + "]" * 32 + " == 1", names=None)
@example(text="json $[?match(@, '" + "(" * 900 + "')] == 1", names=None)
@example(text="a-b > 1e300 and a-b not in [1, 2] or a-b < -1e300", names={"a-b": measure("ratio")})
@example(text="$" * 4096, names=None)
@example(text="json $[?" + "(" * 31 + "!" * 500 + "@.a" + ")" * 31 + "] == 1", names=None)
@example(text="json $[" + "[" * 4000, names=None)
@example(text="x matches '" + "(" * 1000 + ")" * 1000 + "'", names=None)
@example(text="not " * 1000, names=None)
@example(text="x == " + "9" * 4000, names=None)
@example(text="json $[" + "9" * 4080 + "] == 1", names=None)
@example(text="json $['\\ud800'] == \ud800", names=None)
@example(text="x matches '\ud800'", names=None)
def test_any_text_is_a_condition_or_one_error_with_a_place(text: str, names: Any) -> None:
    try:
        assert isinstance(parse(text, names), Condition)
    except ConditionError as error:
        assert 0 <= error.position <= len(text)
        assert error.message and error.text == text
        assert str(error).splitlines()[-1].endswith("^")


@given(text=EXPRESSIONS, facts=FACTS)
def test_any_reading_has_a_verdict_that_can_be_printed(text: str, facts: Facts) -> None:
    verdict = evaluate(parse(text), facts)
    assert verdict.result in (True, False, None)
    json.dumps([leaf.value for leaf in verdict.leaves], allow_nan=False)
    assert render(verdict).replace(" ", "").isprintable()
    assert verdict.failing()
    assert holds(parse(text), facts) is verdict.result


@given(text=EXPRESSIONS, facts=FACTS)
def test_not_turns_every_verdict_round(text: str, facts: Facts) -> None:
    plain, turned = evaluate(parse(text), facts), evaluate(parse(f"not ({text})"), facts)
    assert turned.result == (None if plain.result is None else not plain.result)
    assert len(turned.failing()) == len(plain.failing())


@given(operand=st.sampled_from(OPERANDS), facts=FACTS)
def test_a_negative_operator_is_the_opposite_of_its_positive(operand: str, facts: Facts) -> None:
    for positive, negative in (
        ("== 1", "!= 1"),
        ("in [1, 'x']", "not in [1, 'x']"),
        ("like 'x*'", "not like 'x*'"),
    ):
        one = evaluate(parse(f"{operand} {positive}"), facts).result
        other = evaluate(parse(f"{operand} {negative}"), facts).result
        assert (one is None and other is None) or (one is (not other))


@given(one=THREE, other=THREE)
def test_and_or_not_are_those_of_kleene(one: str, other: str) -> None:
    first, second = ANSWERS[one], ANSWERS[other]
    both = {first, second}
    assert said(f"{one} and {other}") is (False if False in both else None if None in both else True)
    assert said(f"{one} or {other}") is (True if True in both else None if None in both else False)
    assert said(f"not ({one} and {other})") is said(f"not {one} or not {other}")
    assert said(f"not (not {one})") is first


@given(text=EXPRESSIONS, facts=FACTS)
def test_the_deciding_leaves_alone_decide(text: str, facts: Facts) -> None:
    verdict = evaluate(parse(text), facts)
    deciding = [leaf.verdict for leaf in verdict.failing()]
    assert (None in deciding) is (verdict.result is None)
