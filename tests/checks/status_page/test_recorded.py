"""Recorded documents of real pages, served locally and read by the installed command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from checks.status_page.moments import first_moment
from tests.checks.http.web import always, serving

# The collection's own words for our indicators.
_INDICATORS = {
    "operational": "operational",
    "degraded": "degraded",
    "partial_outage": "partial",
    "outage": "major",
    "maintenance": "maintenance",
    "unknown": None,
}
_STATUSES = {
    "operational": "ok",
    "maintenance": "ok",
    "degraded": "degraded",
    "partial": "degraded",
    "major": "down",
    None: "unknown",
}
_CLAUDE = "statuspage_claude_degraded.summary.json"
_NARROWED: Mapping[str, dict[str, Any]] = {
    "api": {"components": ["Claude API (api.anthropic.com)"]},
    "console": {"components": ["claude CONSOLE*"]},
    "missing": {"components": ["Claude Consol (platform.claude.com)"]},
    "mistaken": {"provider": "slack"},
}


@pytest.fixture(scope="module")
def documents(shared: Path) -> list[dict[str, Any]]:
    listed = (shared / "real" / "status" / "status_expected.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(listed)
    return found


@pytest.fixture(scope="module")
def readings(
    documents: list[dict[str, Any]], shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Each file's reading by its name, and those of one page asked in several ways."""
    return asyncio.run(_run(documents, shared / "real" / "status", tmp_path_factory.mktemp("status")))


async def _run(documents: list[dict[str, Any]], files: Path, directory: Path) -> dict[str, dict[str, Any]]:
    async with AsyncExitStack() as stack:
        checks: dict[str, Any] = {}
        called: dict[str, str] = {}
        for number, each in enumerate(documents):
            content = (files / each["file"]).read_bytes()
            web = await stack.enter_async_context(
                serving(always(content, f"Content-Type: {each['content_type']}"))
            )
            called[f"d{number}"] = each["file"]
            checks[f"d{number}"] = {"type": "status_page", "url": web.url()}
            if each["file"] == _CLAUDE:
                checks |= {name: {**checks[f"d{number}"], **options} for name, options in _NARROWED.items()}
        path = directory / "tocsin.yaml"
        path.write_text(json.dumps({"services": {"vendors": {"checks": checks}}}), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            "tocsin", "check", "--config", str(path), "--json", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    return {called.get(each["check"], each["check"]): each for each in json.loads(printed)}


def test_every_document_gives_the_noted_reading(
    documents: list[dict[str, Any]], readings: dict[str, dict[str, Any]]
) -> None:
    wrong = {}
    for each in documents:
        reading = readings[each["file"]]
        if faults := _faults(each["expect"], reading):
            wrong[each["file"]] = (faults, reading)
    assert len(documents) > 20
    assert not wrong, json.dumps(wrong, indent=1)


def _faults(expect: dict[str, Any], reading: dict[str, Any]) -> list[str]:
    values, indicator, found = reading["values"], _INDICATORS[expect["overall"]], []
    if values.get("indicator") != indicator:
        found.append(f"indicator is {values.get('indicator')}")
    if reading["status"] != ("unknown" if expect.get("stale") else _STATUSES[indicator]):
        found.append(f"status is {reading['status']}")
    if bool(expect.get("stale")) != ("stale" in reading["message"]):
        found.append(f"message is {reading['message']}")
    incident = expect["incidents"][0] if expect["incidents"] else {}
    if values.get("incident") != incident.get("title"):
        found.append(f"incident is {values.get('incident')}")
    if incident and _seconds(values["since"]) != first_moment(incident.get("started")):
        found.append(f"since is {values['since']}")
    absent = [part["name"] for part in expect["components_hit"] if part["name"] not in reading["message"]]
    if absent and reading["status"] != "ok":
        found.append(f"{absent} not in {reading['message']}")
    return found


def _seconds(written: str | None) -> float | None:
    return datetime.fromisoformat(written).timestamp() if written else None


def test_a_component_alone_is_read_apart_from_the_rest(readings: dict[str, dict[str, Any]]) -> None:
    api, console = readings["api"], readings["console"]
    assert (api["status"], api["values"]["indicator"], api["values"]["incident"]) == (
        "ok",
        "operational",
        None,
    )
    assert (console["status"], console["values"]["indicator"]) == ("degraded", "degraded")
    assert console["values"]["incident"] == "Elevated errors on platform.claude.com"


def test_a_component_that_is_not_there_is_unknown_and_the_nearest_are_named(
    readings: dict[str, dict[str, Any]],
) -> None:
    missing = readings["missing"]
    assert (missing["status"], missing["error_kind"]) == ("unknown", "content")
    assert 'did you mean "Claude Console (platform.claude.com)"' in missing["message"]


def test_another_provider_than_the_one_insisted_on_is_unknown_with_its_name(
    readings: dict[str, dict[str, Any]],
) -> None:
    assert readings["mistaken"]["status"] == "unknown"
    assert "not what slack serves; it looks like statuspage" in readings["mistaken"]["message"]
