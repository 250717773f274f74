"""What reads as a condition, and what is refused where."""

from __future__ import annotations

import pytest

from config.conditions import ConditionError, Facts, Hold, evaluate, parse
from config.conditions.tree import And, Comparison, Literal, Not, Or

NAMES = {"status", "latency", "used", "ip", "rate_5xx"}


def refused(text: str) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        parse(text, NAMES)
    return caught.value


def literal(text: str) -> object:
    tree = parse(f"x == {text}").tree
    assert isinstance(tree, Comparison) and isinstance(tree.right, Literal)
    return tree.right.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("800ms", 0.8),
        ("5m", 300),
        ("1h30m", 5400),
        ("-1h30m", -5400),
        ("2w", 1_209_600),
        ("57%", 0.57),
        ("10GiB", 10 * 2**30),
        ("1.5KB", 1500),
        ("2TB", 2 * 10**12),
        ("+3", 3),
        ("-0.5", -0.5),
        ("1e3", 1000),
        ("9007199254740993", 9007199254740993),
        ("0x1f", 31),
        ("0b10", 2),
        ("true", True),
        ("'it\\'s'", "it's"),
        (r'"a\.b\\c\"d"', r"a\.b\c" + '"d'),
    ],
)
def test_literals_are_in_base_units(text: str, value: object) -> None:
    assert literal(text) == value
    assert type(literal(text)) is type(value)


def test_not_binds_closer_than_and_and_and_closer_than_or() -> None:
    tree = parse("not a == 1 and b == 2 or c == 3").tree
    assert isinstance(tree, Or) and isinstance(tree.parts[0], And)
    first = tree.parts[0].parts[0]
    assert isinstance(first, Comparison) and first.negated and first.text == "not a == 1"


def test_brackets_change_what_is_joined() -> None:
    tree = parse("not (a == 1 and (b == 2 or c == 3))").tree
    assert isinstance(tree, Not) and isinstance(tree.of, And) and isinstance(tree.of.parts[1], Or)


@pytest.mark.parametrize(
    ("text", "hold", "shown"),
    [
        ("latency > 1s for 5m", Hold(seconds=300), "5m"),
        ("latency > 1s for 90s", Hold(seconds=90), "90s"),
        ("latency > 1s for 1h30m", Hold(seconds=5400), "90m"),
        ("latency > 1s for 500ms", Hold(seconds=0.5), "500ms"),
        ("status == 500 3 of 5", Hold(count=3, of=5), "3 of 5"),
        ("status == 1 or status == 2 1 of 1", Hold(count=1, of=1), "1 of 1"),
    ],
)
def test_a_hold_ends_a_whole_condition(text: str, hold: Hold, shown: str) -> None:
    assert parse(text, NAMES).must_hold == hold
    assert str(hold) == shown


def test_a_condition_says_what_it_needs() -> None:
    plain = parse('status == 200 or value "used %" > 3')
    assert (plain.needs_body, plain.needs_headers, plain.names) == (
        False,
        False,
        frozenset({"status", "used %"}),
    )
    assert parse('len(json $.a) > 1 and header "Age" < 5').needs_body
    assert parse('header "Age" < 5').needs_headers
    assert parse("body == 'x'").needs_body


@pytest.mark.parametrize("text", ["value > 5", "not value in 1..5", "value > value", "exists value"])
def test_value_is_a_name_where_there_is_one_of_that_name(text: str) -> None:
    assert parse(text, {"value"}).names == {"value"}
    assert parse(text).names == {"value"}
    with pytest.raises(ConditionError, match="value takes a name in quotes"):
        parse(text, {"status"}, others=True)


@pytest.mark.parametrize("name", ["a-b", "a.b", "/var"[1:], "eth0:rx", "a/b", "_x", "größe"])
def test_names_of_perfdata_need_no_quotes(name: str) -> None:
    assert parse(f"{name}>1").names == {name}


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("", 0, "missing"),
        ("status ==", 9, "expected a value or a literal"),
        ("status", 6, "write status == true"),
        ("status = 200", 7, "write =="),
        ("statsu == 200", 0, "did you mean status?"),
        ("status == ok", 10, 'quote it: "ok"'),
        ("ip == 127.0.0.1", 6, 'quote it: "127.0.0.1"'),
        ("latency > 5sec", 11, "did you mean s?"),
        ("used > 5GIB", 8, "did you mean GiB?"),
        ("latency > 5 s", 12, "without a space"),
        ("status == 200 AND latency > 1", 14, "did you mean and?"),
        ("status == 200 && latency > 1", 14, "write and"),
        ("status is 200", 7, "write == or !="),
        ("status not == 200", 11, "operator"),
        ("200 == status", 0, "starts with what is looked at"),
        ("status in 299..200", 10, "did you mean 200..299?"),
        ("status in []", 10, "empty"),
        ("status in [200, latency]", 16, "quote it"),
        ("(status == 200", 0, "never closed"),
        ("status == 200)", 13, "unexpected"),
        ('ip == "127', 6, "never closed"),
        ("status == 200 for 5", 18, "did you mean 5s?"),
        ("status == 200 for 5 minutes", 18, "did you mean 5m?"),
        ("status == 200 for 5 ms", 18, "did you mean 5ms?"),
        ("status == 200 for 5MB", 18, "duration"),
        ("status == 200 for 0s", 18, "longer than 0s"),
        ("status == 200 5 of 3", 14, "1 <= M <= N <= 64"),
        ("status == 200 3 of 65", 19, "1 <= M <= N <= 64"),
        ("status == 200 for 5m 3 of 5", 21, "nothing follows"),
        ("(status == 200 for 5m) or status == 1", 15, "at the end of the whole condition"),
        ("(status == 200 3 of 5)", 15, "at the end of the whole condition"),
        ('body matches "a("', 13, "RE2"),
        (r'body matches "(?=a)"', 13, "RE2"),
        ("body matches abc", 13, "quote it"),
        ("json status == 1", 5, "starts with $"),
        ("$.status == 1", 0, "write json $.status"),
        ("json $.a[wat] == 1", 9, "not a JSON path"),
        ("json $.a[0 == 1", 8, "never closed"),
        ('json $[?match(@.a, "x(")] == 1', 7, "RE2"),
        ("json $[?count(@.*)] == 1", 7, "must be compared"),
        ("json $[?!@.a == 1] == 1", 7, "only values can be compared"),
        ("json $[?@.a == 1e999] == 1", 5, "cannot be read"),
        ("header Age > 1", 7, "quotes"),
        ("len(len(body)) > 1", 4, "no length"),
        ("status == 1e999", 10, "too large"),
        ("and == 1", 0, 'value "and"'),
        ("status == \u201c200\u201d", 10, "quote text"),
        ("status ==\x00 1", 9, "U+0000"),
    ],
)
def test_each_mistake_has_its_place_and_a_remedy(text: str, position: int, part: str) -> None:
    error = refused(text)
    assert part in str(error).splitlines()[0]
    assert error.position == position


def test_the_caret_stands_under_the_wrong_word() -> None:
    _, line, caret = str(refused("status == 200 and latncy > 1s")).splitlines()
    assert line[caret.index("^") :].startswith("latncy")


def test_the_caret_finds_its_word_in_a_long_text_of_several_lines() -> None:
    _, line, caret = str(refused("status == 200 and\n" * 30 + "nothing == 3")).splitlines()
    assert line[caret.index("^") :].startswith("nothing")
    assert len(line) < 120


def test_a_text_has_a_greatest_length_depth_and_number_of_questions() -> None:
    assert refused("x" * 5000).position == 4096
    assert "64" in refused("(" * 65 + "status == 1" + ")" * 65).message
    assert "64" in refused("not " * 65 + "status == 1").message
    parse("(" * 64 + "status == 1" + ")" * 64, NAMES)
    assert "64" in refused(" or ".join(["ip<1"] * 65)).message
    parse(" or ".join(["ip<1"] * 64), NAMES)


def test_patterns_have_a_greatest_length_and_size() -> None:
    assert "1024" in refused(f'body matches "{"a" * 1025}"').message
    assert "repetitions" in refused('body matches "(.{0,30}){0,30}"').message


def test_a_path_ends_where_it_must() -> None:
    facts = Facts({}, None, '{"a b": {"c)": [1, 2]}, "n": 3}')
    for text in ("json $['a b']['c)'][1]==2", "(json $.n>2)", "json $['a b'][?@ == 2 ] == 2 or json $.n==3"):
        assert evaluate(parse(text), facts).result is True
