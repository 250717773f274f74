"""Texts whose makers say whether they are metrics: by the reader, and by the installed command over HTTP."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from checks.metrics import openmetrics, text_format
from checks.metrics.exposition import Page, Unreadable
from tests.checks.http.web import Asked, answer, serving
from tests.checks.metrics.exporters import OPENMETRICS, TEXT, by_the_command

Read = Callable[[str, frozenset[str], float], Page]
_LINT_PARSES = {0, 3}


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[dict[str, Any]]:
    """The parser tests of the OpenMetrics project."""
    lines = (shared / "real" / "prometheus" / "openmetrics_vectors.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def linted(shared: Path) -> list[dict[str, Any]]:
    """Pages that promtool was given."""
    text = (shared / "real" / "prometheus" / "promtool_lint.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _is_read(read: Read, text: str) -> bool:
    try:
        read(text, frozenset(), math.inf)
    except Unreadable:
        return False
    return True


def test_openmetrics_is_read_or_refused_as_its_makers_note(vectors: list[dict[str, Any]]) -> None:
    assert len(vectors) > 80
    assert {each["name"]: _is_read(openmetrics.read, each["text"]) for each in vectors} == {
        each["name"]: each["should_parse"] for each in vectors
    }


def test_older_format_is_read_or_refused_as_by_promtool(linted: list[dict[str, Any]]) -> None:
    assert len(linted) > 20
    assert {each["name"]: _is_read(text_format.read, each["text"]) for each in linted} == {
        each["name"]: each["promtool"]["exit"] in _LINT_PARSES for each in linted
    }


def test_page_of_a_go_program_is_read_whole(shared: Path) -> None:
    text = (shared / "real" / "prometheus" / "prometheus_2.42_promtestdata.prom").read_text(encoding="utf-8")
    page = text_format.read(text, frozenset({"go_goroutines"}), math.inf)
    assert page.series == sum(not line.startswith("#") for line in text.splitlines())
    assert [sample.value for sample in page.samples["go_goroutines"]] == [33]


def test_command_says_the_same_of_all_of_them(
    vectors: list[dict[str, Any]], linted: list[dict[str, Any]], tmp_path: Path
) -> None:
    pages = {f"om-{number}": (each["text"], OPENMETRICS) for number, each in enumerate(vectors)}
    pages |= {f"text-{number}": (each["text"], TEXT) for number, each in enumerate(linted)}
    good = {f"om-{number}": each["should_parse"] for number, each in enumerate(vectors)}
    good |= {f"text-{n}": each["promtool"]["exit"] in _LINT_PARSES for n, each in enumerate(linted)}
    readings = asyncio.run(_looked_at(pages, tmp_path))
    assert {name: each["status"] for name, each in readings.items()} == {
        name: "ok" if parses else "down" for name, parses in good.items()
    }
    refused = [each for name, each in readings.items() if not good[name]]
    assert {each["error_kind"] for each in refused} == {"content"}
    assert all(": line " in each["message"] for each in refused)


async def _looked_at(pages: Mapping[str, tuple[str, str]], directory: Path) -> dict[str, dict[str, Any]]:
    def reply(asked: Asked) -> bytes:
        text, content_type = pages[asked.path.removeprefix("/")]
        return answer(text.encode(), content_type)

    async with serving(reply) as web:
        checks = {name: {"type": "metrics", "url": web.url(f"/{name}")} for name in pages}
        return await asyncio.to_thread(by_the_command, checks, directory)
