"""Fields with `${name}`: what stands for a fact is filled in, what stands for nothing is a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from alerting.connectors.base import ConnectorType, Options
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from config.placeholders import FieldValue

FACTS = {"title": "shop is down", "service": "shop", "label.site": "jhb"}


class Tracker(Options):
    fields: dict[str, FieldValue] = Field({}, description="further fields")


TYPE = ConnectorType("tracker", "for tests", Tracker, lambda _options, _setting: None)  # type: ignore[arg-type, return-value]


def fields(tmp_path: Path, text: str) -> dict[str, Any]:
    path = tmp_path / "tocsin.yaml"
    path.write_text(
        f"services: {{}}\nhelpdesks:\n  desk: {{type: tracker, fields: {text}}}\n", encoding="utf-8"
    )
    config = load(path, all_kinds(), {"tracker": TYPE})
    own = config.helpdesks["desk"].own
    assert isinstance(own, Tracker)
    return {name: value.filled(FACTS) for name, value in own.fields.items()}


def test_facts_are_filled_in_wherever_they_stand(tmp_path: Path) -> None:
    assert fields(
        tmp_path, '{a: "${service}: ${title}", b: {value: "${label.site}"}, c: ["x", "${service}"]}'
    ) == {
        "a": "shop: shop is down",
        "b": {"value": "jhb"},
        "c": ["x", "shop"],
    }


def test_values_are_what_they_look_like(tmp_path: Path) -> None:
    assert fields(tmp_path, '{a: 3, b: "3", c: true, d: 0.5, e: null}') == {
        "a": 3,
        "b": "3",
        "c": True,
        "d": 0.5,
        "e": None,
    }


def test_a_label_that_the_ticket_does_not_have_is_empty(tmp_path: Path) -> None:
    assert fields(tmp_path, '{a: "<${label.rack}>"}') == {"a": "<>"}


def test_references_are_followed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_GROUP", "operations ${title}")
    assert fields(tmp_path, '{a: "${env:TRACKER_GROUP}"}') == {"a": "operations shop is down"}


@pytest.mark.parametrize(
    ("written", "hint"), [("${tittle}", "title"), ("${label.}", "known:"), ("${}", "known:")]
)
def test_what_stands_for_nothing_is_a_mistake_at_its_place(tmp_path: Path, written: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        fields(tmp_path, f'{{a: "{written}"}}')
    said = str(raised.value)
    assert "tocsin.yaml:3:" in said
    assert "stands for nothing here" in said
    assert hint in said


def test_what_is_filled_in_is_not_looked_through_again() -> None:
    assert FieldValue("${title}").filled({"title": "${service}", "service": "shop"}) == "${service}"
