"""Literals that do not fit, and conditions with only one possible answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Kind
from checks.registry import all_kinds
from config.conditions import ConditionError, Facts, Measure, evaluate, measure, parse

KNOWN = {
    "latency": measure("seconds"),
    "connect": measure("seconds"),
    "size": measure("bytes"),
    "used": measure("ratio"),
    "cert_days": measure("days"),
    "status": measure("", 100, 599, whole=True),
    "load1": measure(""),
    "read_only": measure(""),
    "ip": Measure(text=True),
}


def refused(text: str) -> str:
    with pytest.raises(ConditionError) as caught:
        parse(text, KNOWN)
    assert caught.value.text == text
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "wrong", "said"),
    [
        ("latency > 5%", "5%", "latency is in seconds (write 5s or 500ms)"),
        ("latency > 5MB", "5MB", "latency is in seconds (write 5s or 500ms)"),
        ("used > 3s", "3s", "used is a ratio from 0 to 1 (write 95% or 0.95)"),
        ("size > 5m", "5m", "size is in bytes (did you mean 5MB?)"),
        ("size > 50%", "50%", "size is in bytes (write 5GiB or 500MB)"),
        ("cert_days < 2w", "2w", "cert_days is in days (write 14)"),
        ("cert_days < 5%", "5%", "cert_days is in days (write 0.05)"),
        ("status > 5s", "5s", "status is a plain number (write 5)"),
        ('ip == 5s or ip == "a"', "5s", 'ip is text (quote it: "5s")'),
        ("latency in 1s..5MB", "5MB", "latency is in seconds"),
        ("latency not in [1s, 5%]", "5%", "latency is in seconds"),
        ('value "latency" > 5%', "5%", "is in seconds"),
        ("latency > size", "size", "latency is in seconds, size in bytes"),
    ],
)
def test_a_literal_has_the_unit_of_its_value(text: str, wrong: str, said: str) -> None:
    first, line, caret = refused(text).splitlines()
    assert said in first
    assert line[caret.index("^") :].startswith(wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("used > 85", "can never be true: used is a ratio from 0 to 1 (did you mean 85%?)"),
        ("used in 80..90", "(did you mean 80%..90%?)"),
        ("used in [90, 95]", "(did you mean [90%, 95%]?)"),
        ("used > 100%", "can never be true: used is a ratio from 0 to 1"),
        ("used <= 100%", "is always true"),
        ("not used > 85", "is always true"),
        ("latency < 0", "can never be true: latency is never below 0"),
        ("latency >= 0s", "is always true: latency is never below 0"),
        ("status == 99", "can never be true: status is a whole number from 100 to 599"),
        ("status == 200.5", "can never be true"),
        ("status in 600..700", "can never be true"),
        ("status in 100..599", "is always true"),
        ("latency > 5 and latency < 3", '"latency > 5" and "latency < 3" can never be true together'),
        ("load1 > 5 and load1 < 3", "can never be true together"),
        ("status == 200 and status == 404", "can never be true together (did you mean or?)"),
        ("status != 200 or status != 404", "is always true (did you mean and?)"),
        ("status > 500 and status < 501", "can never be true together"),
        ("cert_days < 5 or cert_days >= 5", "is always true"),
        ("ip == 'a' or (latency > 5 and not latency > 3)", "can never be true together"),
        ("(latency > 5 or latency > 4) and latency < 3", "can never be true together"),
    ],
)
def test_a_condition_with_one_possible_answer_is_a_mistake(text: str, said: str) -> None:
    assert said in refused(text).splitlines()[0]


@pytest.mark.parametrize(
    "text",
    [
        "latency > 5",
        "latency > 0",
        "latency > connect",
        "used > 0.85 and used < 95%",
        "used >= 1",
        "size > 1e6 or size == 0",
        "status not in 100..599",
        "status > 500 and status < 502",
        "status in 200..299 and status != 204",
        "cert_days < -5",
        "read_only == true",
        "ip == 5",
        "ip == 'a' and ip == 'b'",
        "len(ip) > 5KB",
        "latency > 2s and (latency < 1s or status == 500)",
        "exists latency and latency > 1s",
        "json $.used > 85",
        "load1 > 1e300",
    ],
)
def test_what_may_be_true_and_may_be_false_is_left_alone(text: str) -> None:
    assert parse(text, KNOWN).text == text


def test_without_declared_values_anything_goes() -> None:
    for text in ("used > 85", "latency > 5%", "x > 5 and x < 3"):
        assert parse(text).text == parse(text, {"used", "latency", "x"}).text == text


@pytest.mark.parametrize("kind", all_kinds().values(), ids=lambda kind: kind.name)
def test_the_built_in_conditions_make_sense(kind: Kind) -> None:
    for condition in filter(None, (kind.down, kind.degraded)):
        assert parse(condition, kind.measures).text == condition


NUMBERS = st.integers(-1, 4)
LEAVES = st.builds(
    "n {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS
) | st.builds("n in {}..{}".format, st.integers(-1, 1), st.integers(1, 4))


def answers(text: str) -> set[bool | None]:
    """Over all numbers from 0 to 3, as far as the literals above can tell them apart."""
    condition = parse(text)
    return {evaluate(condition, Facts({"n": number / 4}, None, None)).result for number in range(13)}


@given(one=LEAVES, word=st.sampled_from(["and", "or"]), other=LEAVES)
def test_refused_is_what_has_one_answer_for_every_number_and_nothing_else(
    one: str, word: str, other: str
) -> None:
    whole = f"{one} {word} {other}"
    senseless = any(len(answers(text)) == 1 for text in (one, other, whole))
    try:
        parse(whole, {"n": measure("", 0, 3)})
    except ConditionError:
        assert senseless
    else:
        assert not senseless
