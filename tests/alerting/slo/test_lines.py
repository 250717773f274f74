"""Lines of history: what is written is read again, and every mistake says what was expected."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.events import Event
from alerting.slo.lines import Line, Recorded, Window, line_of, parse_line
from alerting.slo.spans import Klass

AT = 1_795_183_200_000_000  # 2026-11-20T14:00:00Z
UP = Event(AT, Klass.UP)
moments = st.integers(0, 4_000_000_000_000_000)
names = st.from_regex(r"[a-z0-9_-]{1,63}", fullmatch=True)
seen = st.sampled_from([Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN])
events = st.builds(
    lambda at, klass, lasts: Event(at, klass, None if lasts is None else at + lasts),
    moments,
    seen,
    st.none() | st.integers(0, 10**12),
)
windows = st.builds(
    lambda name, at, lasts: Window(name, Klass.MAINTENANCE, at, at + lasts),
    names,
    moments,
    st.integers(1, 10**13),
)
off = st.builds(lambda at, lasts: Window("", Klass.UNKNOWN, at, at + lasts), moments, st.integers(1, 10**13))
lines = st.one_of(st.builds(Recorded, names, events), windows, off)


@given(lines)
def test_what_is_written_is_read_again(line: Line) -> None:
    assert parse_line(line_of(line)) == line


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_a_line_or_one_error(text: str) -> None:
    try:
        assert isinstance(parse_line(text), Recorded | Window)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"service":"s","kind":"state","at":"2026-11-20T14:00:00Z","state":"up"}', Recorded("s", UP)),
        ('{"service":"s","kind":"state","at":"2026-11-20T16:00+02:00","state":"up"}', Recorded("s", UP)),
        (
            '{"service":"s","kind":"reading","at":"2026-11-20T14:00:00.5Z","status":"ok","valid_for":0.25}',
            Recorded("s", Event(AT + 500_000, Klass.UP, AT + 750_000)),
        ),
        (
            '{"service":"s","kind":"maintenance","from":"2026-11-20T14:00:00Z","to":"2026-11-20T14:00:01Z"}',
            Window("s", Klass.MAINTENANCE, AT, AT + 1_000_000),
        ),
        (
            '{"kind":"agent_off","from":"2026-11-20T14:00:00Z","to":"2026-11-20T14:00:01Z"}',
            Window("", Klass.UNKNOWN, AT, AT + 1_000_000),
        ),
    ],
)  # fmt: skip
def test_each_kind_of_line_is_read(text: str, expected: Line) -> None:
    assert parse_line(text) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"kind":"flip"}', "wants one of state, reading, maintenance, agent_off"),
        ('{"kind":"state","service":"s","at":"2026-11-20T14:00:00Z"}', 'wants "state"'),
        ('{"kind":"state","service":"s","at":"2026-11-20T14:00:00Z","state":"ok"}', "up, degraded, down, unknown"),
        ('{"kind":"state","service":"s","at":"2026-11-20T14:00:00Z","state":"up","note":"x"}', 'has no "note"'),
        ('{"kind":"state","service":"s","at":"2026-11-20 14:00","state":"up"}', '"at" wants a moment'),
        ('{"kind":"state","service":"s","at":7,"state":"up"}', '"at" wants a moment'),
        ('{"kind":"state","service":"s","at":"0001-01-01T00:00+14:00","state":"up"}', '"at" wants a moment'),
        ('{"kind":"state","service":"s","at":"9999-12-31T23:00-12:00","state":"up"}', '"at" wants a moment'),
        ('{"kind":"state","service":"A B","at":"2026-11-20T14:00:00Z","state":"up"}', "lower-case letters"),
        ('{"kind":"state","kind":"state","service":"s"}', "says something twice"),
        ('{"kind":"reading","service":"s","at":"2026-11-20T14:00Z","status":"up","valid_for":1}', "ok, degraded"),
        ('{"kind":"reading","service":"s","at":"2026-11-20T14:00Z","status":"ok","valid_for":true}', "wants seconds"),
        ('{"kind":"reading","service":"s","at":"2026-11-20T14:00Z","status":"ok","valid_for":-1}', "wants seconds"),
        ('{"kind":"reading","service":"s","at":"2026-11-20T14:00Z","status":"ok","valid_for":NaN}', "NaN is no number"),
        ('{"kind":"reading","valid_for":1e99999999999999999999}', "beyond all bounds"),
        ('{"kind":"agent_off","from":"2026-11-20T14:00:00Z","to":"2026-11-20T14:00:00Z"}', '"to" must come after'),
    ],
)  # fmt: skip
def test_each_mistake_says_what_was_expected(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=part.replace("(", r"\(")):
        parse_line(text)
