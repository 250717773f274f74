"""Checks aimed at hostile targets, as a configuration, and what each of their readings must keep to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.stolen import Watched

TIMEOUT = 2.0
GRACE = 0.5


def configuration(urls: Mapping[str, str]) -> str:
    """A file with one http check for each address; the timeout is the same for all. JSON is YAML, too."""
    checks = {name: {"type": "http", "url": url, "timeout": f"{TIMEOUT}s"} for name, url in urls.items()}
    return json.dumps({"services": {"hostile": {"checks": checks}}})


def assert_in_time(reading: Mapping[str, Any], watched: Watched) -> None:
    """It ended when it should, but for the time in which others kept it from its work."""
    assert reading["took"] <= TIMEOUT + GRACE + watched.stolen_from(reading), reading


def assert_clean(reading: Mapping[str, Any]) -> None:
    """One printable line, and nothing that steers a terminal in any text of the reading."""
    assert reading["message"]
    assert len(reading["message"]) <= 500
    for text in _texts(dict(reading)):
        assert text.isprintable(), text


def _texts(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    if isinstance(found, Mapping):
        return [text for each in found.values() for text in _texts(each)]
    if isinstance(found, list):
        return [text for each in found for text in _texts(each)]
    return []
