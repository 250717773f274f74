"""Recorded answers of real APIs: understood, and served locally to the installed command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from checks.api.health_words import Health
from checks.api.quota import Bucket
from checks.api.understood import Understood
from checks.status_page.moments import moment
from tests.checks.api.hearing import heard
from tests.checks.http.web import Asked, answer, serving
from tests.end_to_end.daemon import TOCSIN

# An empty list is a health document only for whoever says that there is one.
_OPTIONS: Mapping[str, dict[str, Any]] = {"h089": {"health": True}}
# The collection's word for each bucket's figure, and for each value of a reading.
_OF_VALUES = {
    "limit": "quota_limit",
    "used": "quota_used_count",
    "remaining": "quota_remaining",
    "reset_in_s": "quota_reset",
    "window_s": "quota_window",
    "retry_after_s": "retry_after",
    "reason": "throttle_reason",
    "throttled": "throttled",
    "deprecated": "deprecated",
    "health": "health",
}
_MOMENTS = {
    "reset_at": "quota_reset_at",
    "deprecated_since": "deprecated_since",
    "sunset_at": "sunset_at",
}


@pytest.fixture(scope="module")
def lines(shared: Path) -> list[dict[str, Any]]:
    text = (shared / "real" / "api_headers.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def readings(
    lines: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the installed command prints of each line, by its id."""
    return asyncio.run(_run(lines, tmp_path_factory.mktemp("api")))


async def _run(lines: list[dict[str, Any]], directory: Path) -> dict[str, dict[str, Any]]:
    served = {f"/{each['id']}": each for each in lines}

    def reply(asked: Asked) -> bytes:
        line = served[asked.path]
        headers = [f"{name}: {value}" for name, value in line["headers"].items()]
        return answer((line["body"] or "").encode(), *headers, status=f"{line['status']} So")

    async with serving(reply) as web:
        checks = {
            each["id"]: {"type": "api", "url": web.url(f"/{each['id']}"), **_OPTIONS.get(each["id"], {})}
            for each in lines
        }
        path = directory / "tocsin.yaml"
        path.write_text(json.dumps({"services": {"vendors": {"checks": checks}}}), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            str(TOCSIN), "check", "--config", str(path), "--json", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    return {each["check"]: each for each in json.loads(printed)}


def test_every_line_is_understood_as_noted(lines: list[dict[str, Any]]) -> None:
    wrong = {}
    for line in lines:
        now = moment(line["at"]) or 1_700_000_000.0
        seen = heard(line["status"], line["headers"], line["body"] or "", now, **_OPTIONS.get(line["id"], {}))
        if faults := _faults(line["expect"], seen):
            wrong[line["id"]] = (line["name"], faults)
    assert len(lines) > 40
    assert not wrong, json.dumps(wrong, indent=1)


def _faults(expect: dict[str, Any], seen: Understood) -> list[str]:
    return [
        f"{name} is {found!r}, not {wanted!r}"
        for name, wanted in expect.items()
        if name != "available" and (found := _understood(name, seen)) != wanted
    ]


def _understood(name: str, seen: Understood) -> Any:
    quota, throttling, notices, report = seen.quota, seen.throttling, seen.notices, seen.report
    match name:
        case "buckets":
            return {each.name: _Shown(each) for each in quota.buckets}
        case "throttled" | "reason":
            return getattr(throttling, name)
        case "retry_after_s":
            return throttling.retry_after
        case "exhausted":
            return quota.exhausted
        case "policies":
            return [{"q": each.quota, "w": each.window} for each in quota.policies]
        case "percent_left":
            return round(100 * (1 - (quota.tightest.used_share or 0)), 6)
        case "deprecated" | "link":
            return getattr(notices, name)
        case "deprecated_since" | "sunset_at":
            return _Moment(getattr(notices, name))
        case "sunset_passed":
            return notices.sunset_days is not None and notices.sunset_days < 0
    if report is None:
        return _Shown(quota.tightest).figure(name)
    match name:
        case "health":
            return str(report.health)
        case "parts":
            return {each.name: each.word for each in report.parts}
        case "parts_ok":
            return sum(each.health is Health.OPERATIONAL for each in report.parts)
    wanted = {"parts_warn": Health.DEGRADED, "parts_fail": Health.OUTAGE}[name]
    return [each.name for each in report.parts if each.health is wanted]


class _Moment:
    """Equal to the same moment as text, to the second."""

    def __init__(self, at: float | None) -> None:
        self._at = at

    def __eq__(self, other: object) -> bool:
        if other is None or self._at is None:
            return other is self._at
        return int(self._at) == moment(other)

    __hash__ = None  # type: ignore[assignment]  # compared only

    def __repr__(self) -> str:
        return repr(self._at)


class _Shown:
    """A bucket; equal to those of its figures that are noted."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def figure(self, name: str) -> Any:
        bucket = self._bucket
        reset = bucket.reset
        return {
            "limit": bucket.limit,
            "remaining": bucket.left,
            "used": bucket.used,
            "reset_in_s": None if reset is None else round(reset.seconds, 6),
            "reset_at": _Moment(reset.at if reset else None),
            "window_s": bucket.window,
            "unit": bucket.unit,
        }[name]

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, dict)
        return all(self.figure(name) == wanted for name, wanted in other.items())

    __hash__ = None  # type: ignore[assignment]  # compared only

    def __repr__(self) -> str:
        return repr(self._bucket)


def test_installed_command_tells_every_line_as_noted(
    lines: list[dict[str, Any]], readings: dict[str, dict[str, Any]]
) -> None:
    wrong = {}
    for line in lines:
        reading = readings[line["id"]]
        faults = [*_differences(line["expect"], reading["values"]), *_misjudged(line, reading)]
        if faults:
            wrong[line["id"]] = (faults, reading["message"], reading["values"])
    assert not wrong, json.dumps(wrong, indent=1)


def _differences(expect: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """The reading shows the bucket with the least left; all of them are in the test above."""
    found = [
        name
        for name, wanted in expect.items()
        if (name in _OF_VALUES and values[_OF_VALUES[name]] != wanted)
        or (name in _MOMENTS and _Moment(moment(values[_MOMENTS[name]])) != wanted)
    ]
    if expect.get("exhausted") and (values["quota_remaining"], values["quota_used"]) != (0, 1.0):
        found.append("exhausted")
    if "percent_left" in expect and round(100 * (1 - values["quota_used"]), 6) != expect["percent_left"]:
        found.append("percent_left")
    if "sunset_passed" in expect and (values["sunset_days"] < 0) != expect["sunset_passed"]:
        found.append("sunset_passed")
    missing = [
        name
        for name in expect.get("parts_fail", []) + expect.get("parts_warn", [])
        if name not in (values["unhealthy"] or "").split(", ")
    ]
    return found + missing


def _misjudged(line: dict[str, Any], reading: dict[str, Any]) -> list[str]:
    """An outage is down, throttling is not; a login that is refused is down, by another name than an outage."""
    expect, found = line["expect"], (reading["status"], reading["error_kind"])
    wanted: list[tuple[str, str | None]]
    if expect.get("available") is False:
        wanted = [("down", "status")]
    elif expect.get("throttled"):
        wanted = [("degraded", "quota")]
    elif line["status"] in (401, 403):
        wanted = [("down", "auth")]
    elif expect.get("health") in ("outage", "degraded"):
        health = "down" if expect["health"] == "outage" else "degraded"
        wanted = [(health, "status"), (health, "content"), (health, None)]
    else:
        wanted = [("ok", None), ("degraded", None)]
    return [] if found in wanted else [f"{found} is none of {wanted}"]


def test_parts_that_fail_stand_in_the_message(
    lines: list[dict[str, Any]], readings: dict[str, dict[str, Any]]
) -> None:
    named = [(part, line["id"]) for line in lines for part in line["expect"].get("parts_fail", [])]
    assert len(named) == 5
    assert all(part in readings[line]["message"] for part, line in named)
