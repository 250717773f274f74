"""Packing: moments come back to the millisecond, words as they were, numbers nearly; what is damaged says so."""

from __future__ import annotations

import contextlib
import json
import math
import random
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.store.packing import Damaged, packed, unpacked
from checks.base import Scalar
from checks.http.kind import VALUES
from checks.readable import readable

HOUR = 3600 * 1_000_000
NAMES = st.sampled_from(["latency", "connect", "tls", "transfer", "took", "status", "used"]) | st.text(
    max_size=3
)
numbers = st.floats() | st.floats(0.001, 0.002) | st.integers() | st.integers(-9, 9)
scalars = numbers | st.none() | st.booleans() | st.text(max_size=5)
texts = st.text(max_size=9) | st.sampled_from(["latency 1s", "status 200, latency 2ms", "\0status=", "\1"])
entry = st.tuples(
    st.integers(0, HOUR),
    st.sampled_from(["ok", "down"]),
    st.floats(0, 9),
    texts,
    st.dictionaries(NAMES, scalars),
)


def near(one: Scalar, other: Scalar) -> bool:
    """The same, or a number with a fraction that is at most 1 % off; what is below 1e-300 is 0."""
    if isinstance(one, float) and isinstance(other, float):
        same = one == other or (math.isnan(one) and math.isnan(other))
        return same or abs(other - one) <= 0.01 * abs(one) + 1e-300
    return type(one) is type(other) and one == other


def check_same(before: list[Any], after: list[Any], names: set[str]) -> None:
    assert after[:2] == [before[0] // 1000 * 1000, before[1]]
    assert near(before[2], after[2])
    assert set(after[4]) == names
    assert all(near(before[4].get(name), after[4][name]) for name in names)
    if before[1] != "ok":
        assert after[3] == before[3]


@given(st.lists(entry, min_size=1, max_size=12))
def test_what_is_packed_comes_back(entries: list[tuple[Any, ...]]) -> None:
    found = unpacked(packed(entries))
    names = {name for entry in entries for name in entry[4]}
    assert len(found) == len(entries)
    for before, after in zip(entries, found, strict=True):
        check_same(list(before), after, names)


@given(st.lists(entry, min_size=1, max_size=12))
def test_packed_twice_nothing_changes_any_more(entries: list[tuple[Any, ...]]) -> None:
    once = unpacked(packed(entries))
    twice = unpacked(packed(once))
    assert [row for row in zip(map(repr, once), map(repr, twice), strict=True) if row[0] != row[1]] == []


def look(chance: random.Random, at: int) -> list[Any]:
    """A good look as an http check over TLS tells it; its phases vary by a fifth or so."""
    told: dict[str, Scalar] = dict.fromkeys(value.name for value in VALUES)
    for name, usual in (
        ("resolve", 0.001),
        ("connect", 0.012),
        ("tls", 0.02),
        ("first_byte", 0.06),
        ("transfer", 4e-4),
    ):
        told[name] = round(usual * chance.lognormvariate(0, 0.2), 6)
    phases = (told[name] or 0 for name in ("resolve", "connect", "tls", "first_byte", "transfer"))
    latency = round(sum(map(float, phases)) + 0.001, 6)
    told |= {"status": 200, "latency": latency, "size": 18234, "redirects": 0, "content_type": "text/html"}
    told |= {"cert_days": round(61.4 - at / 864e8, 3), "http_version": "2", "ip": "192.0.2.7"}
    return [at, "ok", round(latency + 0.0003, 6), summed_up(told), told]


def summed_up(told: Mapping[str, Scalar]) -> str:
    return ", ".join(f"{value.name} {readable(told[value.name], value.unit)}" for value in VALUES[:3])


def hour(seed: int) -> list[list[Any]]:
    chance = random.Random(seed)
    return [look(chance, 30_000_000 * number + chance.randrange(2000)) for number in range(120)]


def test_an_hour_of_an_http_check_takes_less_than_six_bytes_a_reading() -> None:
    assert sum(len(packed(hour(seed))) for seed in range(5)) / (5 * 120) < 6


def test_a_good_message_repeats_the_values_that_are_kept_and_a_bad_one_stays_to_the_letter() -> None:
    entries = hour(1)
    entries[7][1], entries[7][3] = "down", "status 503 (expected 200..299), latency 71.2ms"
    entries[8][3] = "status 200, latency 71.2ms but slow"
    found = unpacked(packed(entries))
    assert found[7][3] == entries[7][3]
    assert found[8][3] == entries[8][3]
    assert found[9][3] == summed_up(found[9][4])


def test_numbers_that_hardly_change_stay_as_they_are() -> None:
    entries = [
        [1000 * at, "ok", 0.1, "", {"used": 0.9123, "up": True, "count": 10**9 + at, "name": "x"}]
        for at in range(9)
    ]
    assert unpacked(packed(entries)) == entries


@pytest.mark.parametrize("value", [math.inf, math.nan, 10**400])
def test_a_value_that_nobody_can_show_is_packed_all_the_same(value: float) -> None:
    ((*_, message, values),) = unpacked(packed([[0, "ok", 1.0, "latency 1s", {"latency": value}]]))
    assert (message, repr(values["latency"])) == ("latency 1s", repr(value))


def test_what_the_first_version_packed_is_read() -> None:
    rows = [[5, "ok", 0.25, "m", [1.23456, None]], [7, "down", 1.0, "refused", [2, "x"]]]
    blob = zlib.compress(json.dumps([["a", "b"], rows]).encode(), 6)
    assert unpacked(blob) == [
        [5, "ok", 0.25, "m", {"a": 1.23456, "b": None}],
        [7, "down", 1.0, "refused", {"a": 2, "b": "x"}],
    ]


@given(
    st.binary(max_size=80)
    | st.binary(max_size=80).map(b"\1".__add__)
    | st.binary(max_size=80).map(b"x".__add__)
)
def test_any_bytes_are_readings_or_refused(blob: bytes) -> None:
    with contextlib.suppress(Damaged):
        unpacked(blob)


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_blob_with_a_bit_turned_over_is_read_or_refused(place: int, bit: int) -> None:
    blob = bytearray(packed(hour(2)))
    blob[place % len(blob)] ^= 1 << bit
    with contextlib.suppress(Damaged):
        unpacked(bytes(blob))


def test_a_blob_that_was_cut_short_is_refused() -> None:
    blob = packed(hour(3))
    for length in range(0, len(blob), 23):
        with pytest.raises(Damaged):
            unpacked(blob[:length])


def test_a_small_blob_that_would_unpack_to_a_huge_one_is_refused() -> None:
    bomb = zlib.compress(b"[" + b" " * (80 << 20), 9)
    with pytest.raises(Damaged, match="not whole, or far too long"):
        unpacked(bomb)
