"""What a request carries: forms and JSON, typed as written, with their Content-Type; and what packing is asked for."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import Reading, Status
from checks.registry import KINDS
from config.json_value import JsonValue, Quoted, json_from_yaml
from config.loader import load
from tests.checks.http.web import Asked, always, looked, serving

FORM = {"user": "me & you", "q": "a=b+c", "Zoë": "ü", "empty": ""}


def test_form_is_encoded_and_posted_as_such() -> None:
    reading, (asked,) = looked(always(), form=FORM)
    assert reading.status is Status.OK, reading.message
    assert (asked.method, asked.all("Content-Type")) == ("POST", ["application/x-www-form-urlencoded"])
    assert parse_qsl(asked.body.decode(), keep_blank_values=True) == list(FORM.items())


@pytest.mark.parametrize("carried", [{"form": {"a": "b"}}, {"json": {"a": "b"}}])
def test_method_and_content_type_of_ones_own_win(carried: dict[str, Any]) -> None:
    _, (asked,) = looked(always(), method="PUT", headers={"content-type": "text/x-own"}, **carried)
    assert (asked.method, asked.all("Content-Type")) == ("PUT", ["text/x-own"])
    assert looked(always(), method="GET", **carried)[1][0].method == "GET"


def test_json_keeps_the_types_it_is_written_with() -> None:
    asked = asyncio.run(
        _asked_by(
            """
            json:
              count: 3
              code: "3"
              ratio: 1.50
              zip: 01234
              on: true
              off: "true"
              none: null
              empty: ""
              names: [a, 1, [2]]
              text: |
                12
            """
        )
    )
    assert asked.all("Content-Type") == ["application/json"]
    assert json.loads(asked.body) == {
        "count": 3, "code": "3", "ratio": 1.5, "zip": "01234", "on": True, "off": "true", "none": None,
        "empty": "", "names": ["a", 1, [2]], "text": "12\n",
    }  # fmt: skip


@pytest.mark.parametrize("value", ["[1, 2]", "7", "plain", "false"])
def test_any_json_value_can_be_the_body(value: str) -> None:
    asked = asyncio.run(_asked_by(f"json: {value}"))
    assert json.loads(asked.body) == {"[1, 2]": [1, 2], "7": 7, "plain": "plain", "false": False}[value]


def test_secrets_inside_are_looked_up_when_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TEST_SECRET", 's3cret & \\"\u00e9 0ther')
    for carried in (
        {"json": {"login": {"name": "monitor", "key": "${env:TOCSIN_TEST_SECRET}"}}},
        {"form": {"name": "monitor", "key": "${env:TOCSIN_TEST_SECRET}"}},
    ):
        reading, (asked,) = looked(_echo, down='body contains "monitor"', **carried)
        assert b"0ther" in asked.body
        assert reading.status is Status.DOWN
        assert "0ther" not in repr(reading)
        assert "monitor" in reading.excerpt


def test_whole_number_filled_in_between_quotes_stays_a_text() -> None:
    asked = asyncio.run(
        _asked_by(
            'json: {port: "${label.port}", plain: "${label.port}0"}',
            targets='[{target: a, labels: {port: "80"}}]',
        )
    )
    assert json.loads(asked.body) == {"port": "80", "plain": "800"}


@pytest.mark.parametrize(
    ("compression", "sent"),
    [("none", "identity"), ("gzip", "gzip"), ("deflate", "deflate"), ("br", "br")],
)
def test_packing_is_the_one_asked_for(compression: str, sent: str) -> None:
    reading, (asked,) = looked(always(), compression=compression)
    assert (reading.status, asked.all("Accept-Encoding")) == (Status.OK, [sent])


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_quoted_document_comes_back_as_it_is(document: Any) -> None:
    assert json_from_yaml(_quoted(document)) == document
    assert JsonValue(_quoted(document)).reveal() == document


@given(documents)
def test_equal_documents_are_equal_and_show_alike(document: Any) -> None:
    one, other = JsonValue(_quoted(document)), JsonValue(_quoted(document))
    assert (one == other, repr(one)) == (True, repr(other))
    assert one != JsonValue([_quoted(document)])


def _quoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _quoted(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_quoted(below) for below in value]
    return Quoted(value) if isinstance(value, str) else value


def _echo(asked: Asked) -> bytes:
    return always(asked.body)(asked)


async def _asked_by(options: str, targets: str = "") -> Asked:
    """What a server is asked by a check that is written in YAML as given."""
    async with serving(always()) as web:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "tocsin.yaml"
            lines = [f"type: http\nurl: {web.url()}", _dedented(options)]
            if targets:
                lines.append(f"targets: {targets}")
            body = "\n".join(lines).replace("\n", "\n        ")
            path.write_text(
                f"services:\n  web:\n    checks:\n      page:\n        {body}\n", encoding="utf-8"
            )
            (check,) = load(path, KINDS).checks()
        runner = Runner(SystemClock(), KINDS)
        try:
            reading: Reading = await runner.look(check)
        finally:
            await runner.aclose()
        assert reading.status is Status.OK, reading.message
        return web.asked[0]


def _dedented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text).strip("\n")
