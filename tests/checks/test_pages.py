"""Every kind has its page, and the page is what the models say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from pydantic import BaseModel

from checks.base import Kind
from checks.metric_names import UNITS, metric
from checks.page import PAGES, page, pages
from checks.registry import KINDS
from config.conditions import parse
from config.models import CheckOptions
from config.option_table import options_of

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@pytest.mark.parametrize("name", pages(KINDS))
def test_page_is_what_the_models_say(name: str) -> None:
    file = PAGES / name
    assert file.exists(), "run python -m checks.page"
    assert file.read_text(encoding="utf-8") == pages(KINDS)[name], "run python -m checks.page"


def test_no_page_is_left_of_a_kind_that_is_gone() -> None:
    assert {file.name for file in PAGES.glob("*.md")} == set(pages(KINDS))


@each_kind
def test_example_is_a_check_that_loads(kind: Kind) -> None:
    check = yaml.load(kind.example, Loader=yaml.BaseLoader)
    envelope = {name: check.pop(name) for name in list(check) if name in CheckOptions.model_fields}
    options = CheckOptions.model_validate(envelope)
    assert options.type == kind.name
    kind.spec.model_validate(check)
    for condition in filter(None, (options.down, options.degraded)):
        parse(condition, kind.value_names, others=kind.open_values)


@each_kind
def test_built_in_conditions_ask_for_declared_values(kind: Kind) -> None:
    for condition in filter(None, (kind.down, kind.degraded)):
        assert parse(condition, kind.value_names).names <= kind.value_names


@each_kind
def test_every_value_has_an_allowed_unit_and_a_description(kind: Kind) -> None:
    assert kind.value_names & {"latency", "took"}
    assert len(kind.value_names) == len(kind.values)
    for value in kind.values:
        assert value.unit in UNITS
        assert value.description
    named = [metric(kind.name, value)[0] for value in kind.values if not value.text]
    assert len(set(named)) == len(named)


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _models(part)


@each_kind
def test_every_option_is_described_and_on_the_page(kind: Kind) -> None:
    for model in _models(kind.spec):
        assert all(field.description for field in model.model_fields.values())
    text = page(kind)
    assert all(f"| `{option.name}` |" in text for option in options_of(kind.spec))


@each_kind
def test_no_option_of_a_kind_hides_one_of_every_check(kind: Kind) -> None:
    hidden = set(kind.spec.model_fields) & set(CheckOptions.model_fields)
    assert hidden == set() if kind.beat is None else hidden <= {"every"}
