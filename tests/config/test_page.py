"""docs/configuration.md has every option of every section, as the models say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from config import models
from config.markdown import filled_in, table
from config.option_table import options_of
from config.page import PAGE, PARTS, parts

TEXT = PAGE.read_text(encoding="utf-8")


def _with_inner(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation, and those of their own options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _with_inner(field.annotation)
    for part in getattr(annotation, "__args__", ()):
        yield from _with_inner(part)


def test_page_is_what_the_models_say() -> None:
    assert filled_in(TEXT, parts()) == TEXT, "run python -m config.page"


@pytest.mark.parametrize("name", PARTS)
def test_page_has_every_option_of_each_section(name: str) -> None:
    part = re.search(rf"<!-- options: {name} -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert part, f"docs/configuration.md lacks <!-- options: {name} -->"
    assert [each.name for each in options_of(PARTS[name]) if f"| `{each.name}` |" not in part[1]] == []


def test_no_model_of_the_configuration_is_without_a_place_in_the_page() -> None:
    known = {model for part in PARTS.values() for model in _with_inner(part)}
    written = {
        model
        for model in vars(models).values()
        if isinstance(model, type) and issubclass(model, models.Model) and model is not models.Model
    }
    assert written - known == set()


def test_rows_of_a_model_are_those_of_its_fields_and_of_the_models_within() -> None:
    for model in PARTS.values():
        fields = sum(len(inner.model_fields) for inner in _with_inner(model))
        assert len(list(options_of(model))) == fields


def test_only_what_stands_between_markers_is_written() -> None:
    page = "# A\n<!-- options: agent -->\nold\n<!-- end -->\nprose\n<!-- options: team -->\n<!-- end -->\n"
    written = filled_in(page, {"agent": "new", "team": "T"})
    assert (
        written
        == "# A\n<!-- options: agent -->\nnew\n<!-- end -->\nprose\n<!-- options: team -->\nT\n<!-- end -->\n"
    )
    assert filled_in(written, {"agent": "new", "team": "T"}) == written


def test_a_marker_that_means_no_section_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        filled_in("<!-- options: agnet -->\n<!-- end -->\n", {"agent": ""})


def test_cells_keep_their_bars_and_stay_on_one_line() -> None:
    assert table(("a",), [("x | y\nz",)]).splitlines()[-1] == "| x \\| y z |"
