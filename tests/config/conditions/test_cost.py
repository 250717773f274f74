"""What an evaluation may cost: 100 kB of the worst answer and the worst condition, in turns of an empty loop."""

from __future__ import annotations

import json
import random
import time

import pytest

from config.conditions import Facts, evaluate, holds, parse
from config.conditions.work import TooMuchWork, work_for

SIZE = 100_000
# 10 ms are some 330,000 turns on a small server. The margin is for a machine that others use as well.
MOST_TURNS = 900_000


def filled(piece: str) -> str:
    return "[" + ",".join([piece] * (SIZE // (len(piece) + 1))) + "]"


BODIES = {
    "numbers": filled("0"),
    "texts": filled('"a"'),
    "lists": filled("[]"),
    "nested": filled("[" * 150 + "]" * 150),
    "objects": filled('{"a":1,"b":{"c":2}}'),
    "chains": filled('{"a":' * 60 + "1" + "}" * 60),
    "names": "{" + ",".join(f'"{number}":0' for number in range(9000)) + "}",
    "usual": json.dumps(
        [{"id": n, "name": f"user{n}", "tags": ["a", "b"], "load": n / 4} for n in range(1500)]
    ),
    "page": "<p>" + "x a, {b} " * 11_000,
    "two letters": "".join(random.Random(1).choices("ab", k=SIZE)),
    "one text": '"' + "a" * (SIZE - 2) + '"',
}
LETTERS = "abcdefgh"
MANY = [
    "json $..{}>1",
    "len(json $..{})>1",
    "body contains '{}'",
    "body matches '{}.*z'",
    "json $ contains '{}'",
]
MANY += ["json $['{}'] == json $", "json $..* == '{}'"]
CONDITIONS = [
    "json $..* == 1",
    "len(json $) > 1",
    "json $[?@.a == 1 && @.b.c > 1] contains 2",
    "json $..[?count(@..*) > 1] == 1",
    "json $..[*]..[*] == 1",
    "json $[?@ == $[1]] == 1",
    "json $[?@[?@[?@ == 1]]] == 1",
    "json $.* == json $[*]",
    "json $[*] contains 5",
    "json $..[0,0,0,0,0,0,0,0] == 1",
    'json $[?match(@, "[ab]*a[ab]{20}c")] == 1',
    "json $[?search(@, $[0])] == 1",
    "json $[?" + "@.a && " * 200 + "@.a] == 1",
    'body matches "[ab]*a[ab]{14}c"',
    'body matches "a.{0,50}c"',
    'body matches "([ab]x?){20}c"',
    'body contains "aaaaaaaaaaab"',
    "json $ in [" + ",".join(["1"] * 1900) + "]",
    *(" or ".join(one.format(first + second) for first in LETTERS for second in LETTERS) for one in MANY),
]


def turns(text: str, body: str) -> float:
    """The CPU time of one evaluation, in turns of an empty loop timed just before and after it."""
    condition, facts = parse(text), Facts({}, None, body)
    before = loop()
    began = time.process_time()
    evaluate(condition, facts)
    took = time.process_time() - began
    return took / min(before, loop())


def loop() -> float:
    """Seconds for one turn."""
    began = time.process_time()
    for _ in range(20_000):
        pass
    return (time.process_time() - began) / 20_000


@pytest.mark.parametrize("body", BODIES)
def test_no_condition_takes_long_over_any_body(body: str) -> None:
    for text in CONDITIONS:
        assert min(turns(text, BODIES[body]) for _ in range(3)) < MOST_TURNS, text[:80]


def test_the_steps_of_an_evaluation_grow_with_the_body_alone() -> None:
    small, large = work_for(100_000), work_for(1_000_000)
    assert small.left < 200_000
    assert large.left < 10 * small.left


def test_what_cannot_be_paid_is_not_begun_and_leaves_the_rest() -> None:
    work = work_for(0)
    before = work.left
    with pytest.raises(TooMuchWork, match="so many"):
        work.afford(before + 1, "so many")
    assert work.left == before
    with pytest.raises(TooMuchWork):
        work.spend(before + 1)
    with pytest.raises(TooMuchWork):
        work.spend(1)


def test_a_costly_question_leaves_the_cheap_ones_answered() -> None:
    facts = Facts({"status": 503}, [("A", "1")], BODIES["two letters"])
    condition = parse(
        "status == 503 and body matches '[ab]*a[ab]{14}c' and header 'A' == 1 and body contains 'ab'"
    )
    verdict = evaluate(condition, facts)
    assert [leaf.verdict for leaf in verdict.leaves] == [True, None, True, True]
    assert "too costly for a text of 100000 characters" in verdict.leaves[1].why
    assert verdict.result is None is holds(condition, facts)


@pytest.mark.parametrize(
    "pattern",
    [
        "error|fatal|critical",
        r"\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}",
        "<title>.*Shop.*</title>",
        "(?i)warning: +[a-z_]+",
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d",
        "(a|b|ab)*c",
        "(.*)(.*)(.*)x$",
    ],
)
def test_usual_patterns_are_searched_for_in_any_body(pattern: str) -> None:
    for body in BODIES.values():
        assert evaluate(parse(f'body matches "{pattern}"'), Facts({}, None, body)).result is not None
