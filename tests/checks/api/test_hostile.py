"""Answers made to harm: no header breaks the reading, none makes it large or slow."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.api.header_names import said
from checks.api.moments import date, duration, number, seconds_of, until
from checks.api.structured import items
from checks.api.telling import VALUES, notes, told, unread, values
from checks.api.use import Use, used
from checks.base import Observation, Status
from tests.checks.api.asking import looked, replying
from tests.checks.api.hearing import NOW, heard, quota
from tests.checks.http.web import answer

_NAMES = st.sampled_from(
    [
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Used", "RateLimit",
        "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Quota-Limit",
        "X-RateLimit-Remaining-Tokens", "X-Shopify-Shop-Api-Call-Limit", "Retry-After", "Date", "Deprecation", "Sunset",
        "Link", "Warning", "WWW-Authenticate", "Sforce-Limit-Info", "X-App-Usage", "API-Version", "x-remaining-today",
    ]
) | st.text(st.characters(codec="ascii", exclude_characters="\r\n:"), max_size=20)  # fmt: skip
_VALUES = (
    st.text(max_size=60)
    | st.integers(-(10**30), 10**30).map(str)
    | st.floats().map(str)
    | st.sampled_from(
        ["NaN", "inf", "-0", "1e308", '"a";r=0;t=5', '"', '";;,,', "=", "a=b", "1/0", "0/0", ":", "1:0", "@", "@-1",
         "P1Y", "PT", "9" * 400, "0001-01-01", "9999-12-31T23:59:59Z", "{", '{"call_count":1e999}', "<>", "<a>;rel="]
    )
    | st.lists(st.sampled_from(["10", "10;w=1", '"x";q=1;w=2', '"y";r=1;t=0', "b=z;q=3"]), max_size=90).map(", ".join)
)  # fmt: skip


@given(
    st.integers(100, 599),
    st.lists(st.tuples(_NAMES, _VALUES), max_size=30),
    st.text(max_size=60)
    | st.sampled_from(["{", "[]", '{"quota_remaining": 1e400}', '{"rateLimit": {"remaining": -1}}']),
)
def test_no_answer_breaks_the_reading_and_all_of_it_can_be_stored(
    status: int, headers: list[tuple[str, str]], body: str
) -> None:
    seen = heard(status, headers, body)
    use = used(Use(), seen.quota, 1, NOW)
    shown = values(seen, use)
    json.dumps(shown, allow_nan=False)
    declared = {value.name: value for value in VALUES}
    for name, value in shown.items():
        assert value is None or isinstance(value, str) == declared[name].text
        if isinstance(value, (int, float)) and name not in ("sunset_days",):
            assert value >= 0
    assert shown["quota_used"] is None or 0 <= float(shown["quota_used"] or 0) <= 1
    line = told(Observation(values={"status": status}), seen)
    assert line.isprintable()
    assert len(line) <= 400
    assert all(each.isprintable() for each in notes(seen))
    assert all(each.isprintable() for each in unread(seen, use, {"quota_exhausted_in"}).values())


@given(st.text(max_size=120))
def test_no_text_breaks_a_parser(text: str) -> None:
    for seconds in (duration(text), seconds_of(text)):
        assert seconds is None or 0 <= seconds < math.inf
    found = until(text, NOW)
    assert found is None or (found.seconds >= 0 and math.isfinite(found.at))
    assert (number(text) or 0) >= 0
    date(text)
    said(text.lower())
    assert len(items(text)) <= 64


@given(st.floats(min_value=0, max_value=1e7))
def test_duration_reads_what_go_writes(seconds: float) -> None:
    whole, rest = divmod(round(seconds, 3), 3600)
    minutes, rest = divmod(rest, 60)
    assert duration(f"{whole:.0f}h{minutes:.0f}m{rest:.3f}s") == pytest.approx(round(seconds, 3), abs=0.002)


@pytest.mark.parametrize(
    "headers",
    [
        [("RateLimit-Policy", ", ".join(f'"p{n}";q={n};w=1' for n in range(50_000)))],
        [("RateLimit", '"' * 300_000)],
        [("RateLimit", '"\\' * 150_000)],
        [("RateLimit", "a=b;" * 80_000)],
        [("Link", "<" * 300_000)],
        [("Link", "<a" * 100_000 + ">;rel=x" * 40_000)],
        [("Warning", "299" * 100_000)],
        [("WWW-Authenticate", 'Bearer error="x", ' * 20_000)],
        [(f"X-RateLimit-Remaining-{n}", "1") for n in range(10_000)],
        [("X-RateLimit-Remaining", "1")] * 20_000,
        [("RateLimit", f'"b{n}";r=1') for n in range(20_000)],
        [("x-ratelimit-" + "limit-" * 40_000, "1")],
        [("X-App-Usage", "[" * 200_000)],
        [("Retry-After", "9" * 300_000)],
    ],
    ids=lambda each: each[0][0][:30],
)
def test_masses_are_cut(headers: list[tuple[str, str]]) -> None:
    began = time.process_time()
    found = quota(headers)
    heard(429, headers)
    assert len(found.buckets) <= 64
    assert len(found.policies) <= 64 * 2
    assert time.process_time() - began < 5  # seconds of work, not of waiting: without bounds it is minutes


@pytest.mark.parametrize(
    "value",
    [
        "99999999999999999999",
        "-1",
        "NaN",
        "Infinity",
        "1e9",
        "ä¼¢",
        "\x1b[31m1",
        "1, 2, 3, 4",
        "1;w=-5",
        "''",
        "0x10",
    ],
)
def test_odd_numbers_of_a_real_server_give_a_reading(value: str) -> None:
    names = (
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "Retry-After",
        "RateLimit",
        "Sunset",
    )
    head = (
        "HTTP/1.1 200 So\r\n"
        + "".join(f"{name}: {value}\r\n" for name in names)
        + "Content-Length: 0\r\n\r\n"
    )
    reading = looked(lambda _asked: head.encode("utf-8"))
    assert reading.status in (Status.OK, Status.DEGRADED)
    assert reading.message.isprintable()


def test_megabyte_of_policies_is_refused_with_its_reason() -> None:
    reading = looked(lambda _asked: answer(b"", f"RateLimit-Policy: {'a;q=1;w=1, ' * 100_000}"))
    assert reading.status is Status.DOWN
    assert "headers are" in reading.message


def test_secrets_and_control_characters_of_the_vendor_are_not_shown() -> None:
    body: dict[str, Any] = {
        "status": "DOWN",
        "components": {"db\x1b[31m\u202e": {"status": "DOWN", "description": "password=hunter2hunter2"}},
    }
    reading = looked(replying(503, body), health=True)
    assert reading.message.isprintable()
    assert "hunter2" not in reading.message + str(reading.values)
