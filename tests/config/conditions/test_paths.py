"""JSON paths: what they select, and that their work is bounded."""

from __future__ import annotations

import json
from typing import Any

import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.conditions import Facts, evaluate, parse
from config.conditions.paths import compile_path
from config.conditions.work import TooMuchWork, Work

KEYS = st.sampled_from(["a", "b", "c"])
# No booleans: the library takes true for 1 where texts and numbers are put in order, the standard does not.
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3) | st.floats(0, 3) | st.sampled_from(["", "a", "b", "ab"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=20,
)
PATHS = [
    "$",
    "$.a",
    "$.a.b",
    "$['a','b']",
    "$[0]",
    "$[-1]",
    "$[1:]",
    "$[::-1]",
    "$[::0]",
    "$[0, 0]",
    "$.*",
    "$[*].a",
    "$..a",
    "$..*",
    "$..[0]",
    "$..a..b",
    "$[?@.a]",
    "$[?@ == 1]",
    "$[?@.a > @.b]",
    "$..[?@.a == $.b]",
    "$[?count(@.*) > 1]",
    "$[?length(@) >= 2]",
    "$[?value(@..a) == 1]",
    "$[?!@.a || @.b && @.c != null]",
    "$[?@[?@ == 'a']]",
    "$[?$[0] == @]",
    "$[?@.a != 'a']",
    "$[?@.a <= @.b]",
    "$[?@.a >= 1 && @.b < 3 || !(@.c == 'b')]",
    "$..[?match(@, 'a.?')]",
    "$..[?search(@.a, '[ab]')]",
    "$[?@.a == null || @['b'] == 0.5]",
    "$[?length(@.a) == count(@.*)]",
    "$[?value(@.*) == 1]",
    "$[?@[0] == @[-1]]",
    "$..[?@..a]",
    "$..a..b..c",
    "$[?@.missing == @.nothing]",
    "$[?@[*]]",
    "$[?@[1:]]",
]
BOOK = {
    "text": "b",
    "dot": "x.y",
    "values": [True, False, 0, 1, 1.0, "1", None, [], {}, [1], [True], {"a": 1}, {"a": True}, "a\nb", "ab"],
    "obj": {"x": "y"},
    "arr": [2, 3],
}
STANDARD = [  # what RFC 9535 says of comparisons and functions, where implementations err
    ("$.values[?@]", BOOK["values"]),
    ("$.values[?@ == true]", [True]),
    ("$.values[?@ == 1]", [1, 1.0]),
    (
        "$.values[?@ != 1]",
        [True, False, 0, "1", None, [], {}, [1], [True], {"a": 1}, {"a": True}, "a\nb", "ab"],
    ),
    ("$.values[?@ < 1]", [0]),
    ("$.values[?@ <= 1]", [0, 1, 1.0]),
    ("$.values[?@ >= 'ab']", ["ab"]),
    ("$.values[?@ <= true]", [True]),
    ("$.values[?@ == $.arr || @ == $.nothing]", []),
    ("$.values[?@ == $.values[9]]", [[1]]),
    ("$.values[?@.a == $.values[11].a]", [{"a": 1}]),
    ("$.values[?@.a != $.nothing]", [{"a": 1}, {"a": True}]),
    ("$.values[?!@.a && @ == null]", [None]),
    ("$.values[?length(@) == 2]", ["ab"]),
    ("$.values[?match(@, 'a.b')]", []),
    ("$.values[?search(@, 'b')]", ["a\nb", "ab"]),
    ("$.values[?match(@, $.text)]", []),
    ("$.values[?search(@, $.text)]", ["a\nb", "ab"]),
    ("$.values[?search(@, $.obj)]", []),
    ("$[?search(@, '[.]')]", ["x.y"]),
    ("$[?count(@[*]) == 2]", [[2, 3]]),
    ("$[?value($..x) == 'y' && @ == 'b']", ["b"]),
]


@given(document=JSON, path=st.sampled_from(PATHS))
def test_the_counted_walk_selects_what_the_library_selects(document: Any, path: str) -> None:
    if isinstance(document, str):
        document = [document]  # the library would read a bare text as a document of its own
    expected = jsonpath.JSONPathEnvironment(strict=True, filter_caching=False).compile(path).findall(document)
    assert compile_path(path).select(document, Work(100_000)) == expected


@pytest.mark.parametrize(("path", "found"), STANDARD)
def test_filters_do_what_the_standard_says(path: str, found: list[Any]) -> None:
    selected = compile_path(path).select(BOOK, Work(100_000))
    assert [(type(each), each) for each in selected] == [(type(each), each) for each in found]


@pytest.mark.parametrize(
    "path",
    ["$..*..*", "$..[?count(@..*) > 1]", "$..[0,0,0,0,0,0,0,0,0,0,0,0]", "$..[?@..*..*]"],
)
def test_a_path_that_asks_for_too_much_stops(path: str) -> None:
    document: Any = 1
    for _ in range(400):
        document = [document]
    with pytest.raises(TooMuchWork):
        compile_path(path).select(document, Work(30_000))
    assert compile_path("$..*").select(document, Work(30_000))


def test_patterns_out_of_a_hostile_document_are_few() -> None:
    document = [{"x": "aaaa", "p": f"a{{{number}}}"} for number in range(1, 900)]
    with pytest.raises(TooMuchWork):
        compile_path("$[?search(@.x, @.p)]").select(document, Work(150_000))
    assert len(compile_path("$[?search(@.x, @.p)]").select(document[:3], Work(150_000))) == 3


def test_too_much_work_is_unknown_and_not_absent() -> None:
    facts = Facts({}, None, "[" * 150 + "]" * 150)
    verdict = evaluate(parse("exists json $..*..*..*..*"), facts)
    assert verdict.result is None
    assert "more than the size of the answer allows" in verdict.leaves[0].why


def test_every_node_of_a_usual_body_can_be_looked_at() -> None:
    rows = [{"id": number, "name": f"user{number}", "ok": True, "tags": ["a", "b"]} for number in range(1600)]
    facts = Facts({}, None, json.dumps(rows))
    for text in (
        "len(json $..*) == 11200",
        "len(json $[?@.ok == true && @.id >= 100]) == 1500",
        "json $[?search(@.name, '^user1[0-9]$')].id contains 15",
        "len(json $..tags) == 1600",
    ):
        assert evaluate(parse(text), facts).result is True, text
    dense = Facts({}, None, json.dumps([0] * 50_000, separators=(",", ":")))
    assert evaluate(parse("len(json $[*]) == 50000"), dense).result is True
