"""JSON paths: what they select, and that their work is bounded."""

from __future__ import annotations

import json
from typing import Any

import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.conditions import Facts, evaluate, parse
from config.conditions.paths import TooMuchWork, compile_path

KEYS = st.sampled_from(["a", "b", "c"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b"]),
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
]


@given(document=JSON, path=st.sampled_from(PATHS))
def test_the_counted_walk_selects_what_the_library_selects(document: Any, path: str) -> None:
    if isinstance(document, str):
        document = [document]  # the library would read a bare text as a document of its own
    expected = jsonpath.JSONPathEnvironment(strict=True, filter_caching=False).compile(path).findall(document)
    assert compile_path(path).select(document, 100_000) == expected


@pytest.mark.parametrize(
    "path", ["$..*..*", "$..[?count(@..*) > 1]", "$..[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"]
)
def test_a_path_that_asks_for_too_much_stops(path: str) -> None:
    document: Any = 1
    for _ in range(400):
        document = [document]
    with pytest.raises(TooMuchWork):
        compile_path(path).select(document, 5_000)
    assert compile_path("$..*").select(document, 5_000)


def test_too_much_work_is_unknown_and_not_absent() -> None:
    facts = Facts({}, None, "[" * 800 + "]" * 800)
    assert evaluate(parse("exists json $..*..*"), facts).result is None


def test_every_node_of_any_body_can_be_visited_once() -> None:
    body = json.dumps([0] * 60_000, separators=(",", ":"))
    assert evaluate(parse("len(json $..*) == 60000"), Facts({}, None, body)).result is True
    assert evaluate(parse("len(json $[?@ == 0]) == 60000"), Facts({}, None, body)).result is True
