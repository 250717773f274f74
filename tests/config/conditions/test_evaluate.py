"""What is true of what was seen, and what stays unknown."""

from __future__ import annotations

import json

import pytest

from config.conditions import Facts, evaluate, parse

BODY = (
    '{"n": 12, "text": "12", "word": "abc", "flag": true, "none": null, "list": [1, "b", null],'
    ' "same": [1, "b", null], "many": [{"x": 1}, {"x": 2}], "object": {"a": 1}, "big": 1e400}'
)
FACTS = Facts(
    {
        "status": 503,
        "latency": 0.9,
        "used": 0.57,
        "label": "abc",
        "digits": "1.5",
        "duration": "30s",
        "flag": False,
        "word": "true",
        "gone": None,
        "nan": float("nan"),
        "answers": ["192.0.2.1", 7],
        "half": 0.5,
    },
    [("Content-Type", "text/html; charset=utf-8"), ("Via", "one"), ("via", "two"), ("Age", "60")],
    BODY,
)
CUT = Facts({}, [], '{"error": "down", "left', whole=False)
UNREAD = Facts({}, None, None)


def said(text: str, facts: Facts = FACTS) -> bool | None:
    return evaluate(parse(text), facts).result


@pytest.mark.parametrize(
    "text",
    [
        "status == 503",
        "status != 200",
        "status > 500 and status >= 503 and status < 504 and status <= 503",
        "status in 500..503",
        "status in 503..599",
        "status not in 200..502",
        "status in [200, 503]",
        "status not in [200, 204]",
        "used == 57%",
        "latency > 800ms",
        "half == 50%",
        "digits > 1",
        "digits == 1.5",
        "digits in 1..2",
        "digits in ['x', 1.5]",
        'label == "abc"',
        'label < "abd"',
        'label like "a*"',
        'label not like "?"',
        'label like "???"',
        'status like "5*"',
        'label matches "b"',
        'label not matches "^b"',
        'label contains "bc"',
        'label not contains "x"',
        "flag == false",
        "flag != true",
        "word == true",
        'answers contains "192.0.2.1"',
        "answers contains 7",
        "answers not contains 8",
        "len(answers) == 2",
        "len(label) == 3",
        "len(status) == 3",
        "len(half) == 3",
        "exists status",
        "not exists gone",
        "not missing == 3 or status == 503",
    ],
)
def test_true_of_the_values(text: str) -> None:
    assert said(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "json $.n == 12",
        "json $.text == 12",
        "json $.text > 11",
        'json $.n == "12"',
        "json $.flag == true",
        'json $.flag == "true"',
        "json $.none == null",
        "exists json $.none",
        "json $.list == json $.same",
        'json $.list contains "b"',
        "json $.list contains null",
        "json $.list != json $.object",
        "json $.many[*].x contains 2",
        "len(json $.many[*].x) == 2",
        "json $..x contains 1",
        "len(json $.object) == 7",
        "len(json $.n) == 2",
        "len(json $.flag) == 4",
        "len(json $.list) == 3",
        "len(json $.word) == 3",
        "json $.many[?@.x == 2].x == 2",
        "json $.big > 1e300",
        "json $.n == json $.text",
        "json $.list[-1] == null",
        'header "content-type" contains "html"',
        'header "Via" == "two"',
        'header "Via" not contains "three"',
        'header "Age" < 2m',
        'exists header "AGE"',
        'body contains "\\"n\\": 12"',
        'body matches "(?i)WORD"',
        'body like "{*}"',
        "len(body) > 100",
        'not body contains "nothing of that"',
    ],
)
def test_true_of_the_answer(text: str) -> None:
    assert said(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "flag == 0",
        "json $.flag == 1",
        "label < 3",
        "label > 3",
        "answers < 3",
        "answers == 3",
        "duration == 30",
        "duration > 1",
        'digits < "abc"',
        "json $.list > 1",
        "json $.none == 0",
        "json $.none == false",
        'header "Via" != "two"',
        'header "Via" not in ["one"]',
        'flag contains "a"',
        "status contains 5",
        'label like "b*"',
        'answers matches "1"',
        "exists json $.many[?@.x == 3]",
        "len(json $.none) > 0",
    ],
)
def test_false_rather_than_an_error(text: str) -> None:
    assert said(text) is False


ABSENT = ["gone", "json $.missing", 'header "X-None"', "len(gone)", "len(json $.none)"]


@pytest.mark.parametrize("what", ABSENT)
def test_what_is_absent_fails_every_positive_operator(what: str) -> None:
    asked = ["== 1", "< 1", ">= 1", "in 1..2", "in [1]", 'contains "1"', 'matches "1"', 'like "*"', "== null"]
    assert [said(f"{what} {rest}") for rest in asked] == [False] * len(asked)
    assert said(f"exists {what}") is False


@pytest.mark.parametrize("what", ABSENT)
def test_what_is_absent_satisfies_every_negative_operator(what: str) -> None:
    asked = [
        "!= 1",
        "!= null",
        "not in 1..2",
        "not in [1]",
        'not contains "1"',
        'not matches "1"',
        'not like "*"',
    ]
    assert [said(f"{what} {rest}") for rest in asked] == [True] * len(asked)


@pytest.mark.parametrize("what", ["missing", "nan", "len(missing)"])
def test_what_could_not_be_looked_at_is_unknown(what: str) -> None:
    assert [said(f"{what} {rest}") for rest in ("== 1", "!= 1", "in [1]", "not in 1..2")] == [None] * 4
    assert said(f"exists {what}") is None


def test_an_answer_that_could_not_be_read_is_unknown() -> None:
    for text in ('body contains "x"', "json $.a == 1", 'header "A" != "x"', "exists body", "len(body) > 1"):
        assert said(text, UNREAD) is None


def test_what_is_not_found_in_a_body_cut_short_is_unknown() -> None:
    assert said('body contains "down"', CUT) is True
    assert said('body not contains "down"', CUT) is False
    assert said('body contains "up"', CUT) is None
    assert said('not body matches "up"', CUT) is None
    assert said('body matches "d.wn"', CUT) is True
    assert said('body like "*error*"', CUT) is True
    assert said('body like "*left"', CUT) is None
    assert said("json $.error == 'down'", CUT) is None
    assert said("exists json $.nothing", CUT) is None
    assert said("len(body) > 3", CUT) is None
    assert said("exists body", CUT) is True


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "{} {}",
        "NaN",
        "[1,]",
        "<p>" + "{" * 100_000,
        "tru",
        "9" * 5000,
    ],
)
def test_a_body_that_is_not_json_has_no_paths(body: str) -> None:
    facts = Facts({}, None, body)
    assert said("exists json $", facts) is False
    assert said("json $.a != 1", facts) is True


@pytest.mark.parametrize(
    "body", ["[" * 300 + "]" * 300, "[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000]
)
def test_a_body_nested_too_deep_to_be_read_is_unknown_and_says_so(body: str) -> None:
    leaf = evaluate(parse("json $.a != 1"), Facts({}, None, body)).leaves[0]
    assert leaf.verdict is None
    assert leaf.why in ("the answer is nested too deep", "the answer holds too many values")


def test_half_a_surrogate_pair_in_a_body_keeps_nothing_else_from_being_read() -> None:
    facts = Facts({}, None, '{"title": "cut \\ud83d", "status": "ok"}')
    assert said("json $.status == 'ok'", facts) is True


def test_what_was_asked_before_changes_no_answer_and_no_cost() -> None:
    facts = Facts({}, None, json.dumps([[number] for number in range(9000)]))
    one, other = (
        parse("len(json $..*) == 18000"),
        parse("len(json $[*][?@ >= 0]) == 9000 and len(json $..*) > 1"),
    )
    fresh = [evaluate(each, Facts({}, None, facts.body)).result for each in (one, other)]
    assert [evaluate(each, facts).result for each in (other, one, other, one)] == [
        *reversed(fresh),
        *reversed(fresh),
    ]


def test_a_reading_is_shared_by_conditions_without_reading_its_body_again() -> None:
    facts = Facts({}, None, "[1]")
    assert said("json $[0] == 1", facts) is True
    kept = facts._kept["document"][0]
    assert said("json $[0] < 2", facts) is True
    assert facts._kept["document"][0] is kept
    assert Facts({}, None, "[2]") == Facts({}, None, "[2]")


def test_numbers_beyond_every_limit_are_compared_quietly() -> None:
    facts = Facts({"n": 10**5000, "inf": float("inf")}, None, "1" * 4000)
    assert said("n > 1e300", facts) is True
    assert said('n not like "1*"', facts) is True
    assert said("inf > 1e300 and body > 1", facts) is not None
    assert said("json $ > 1e300", facts) is True


def test_text_that_is_no_unicode_is_compared_quietly() -> None:
    facts = Facts({"x": "a\ud800b"}, None, '"\\ud800"')
    assert said('x like "a?b"', facts) is True
    assert said('json $ matches "^.$"', facts) is True


def test_a_glob_takes_signs_as_they_are() -> None:
    facts = Facts({"x": "a.b\n[c]\\d+é"}, None, None)
    assert said("x like 'a.b?[c]\\d+*'", facts) is True
    assert said("x like 'aXb*'", facts) is False
