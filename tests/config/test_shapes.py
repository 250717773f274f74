"""Which texts of a model stay secret, and which are read as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from config.secrets import Secret
from config.shapes import ANY, shape_of
from config.units import Duration


class _Inner(BaseModel):
    token: Annotated[Secret, Field(description="x")] | None = None
    count: Annotated[int, Field(ge=1)] | None = None


class _Outer(BaseModel):
    plain: str = ""
    flag: bool = False
    either: int | str = 0
    every: Duration = 1.0
    share: float = 0.5
    inner: _Inner | None = None
    many: tuple[_Inner, ...] = ()
    headers: Mapping[str, Secret] = {}
    ports: list[int] = []


def test_secrets_and_numbers_are_found_at_any_depth() -> None:
    fields = shape_of(_Outer).fields
    assert fields is not None
    inner = shape_of(_Inner)
    assert inner.fields is not None
    assert inner.fields["token"].secret
    assert inner.fields["count"].whole
    assert fields["inner"].fields == inner.fields
    assert fields["many"].item is not None
    assert fields["many"].item.fields == inner.fields
    assert fields["headers"].item is not None
    assert fields["headers"].item.secret
    assert fields["ports"].item is not None
    assert fields["ports"].item.whole
    assert fields["share"].number


def test_what_reads_its_text_itself_is_left_alone() -> None:
    fields = shape_of(_Outer).fields
    assert fields is not None
    assert {name for name in ("plain", "flag", "either", "every") if fields[name] != ANY} == set()
