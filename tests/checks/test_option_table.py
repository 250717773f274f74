"""Options are shown as people write them."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from checks.option_table import Option, options_of
from config.units import Duration, Ratio, Size


class Inner(BaseModel):
    ca: str | None = Field(None, description="a file")


class Example(BaseModel):
    host: str = Field(description="a host")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(25, description="a port")
    tls: bool = Field(False, description="TLS")
    ip: Literal["auto", "4", "6"] = Field("auto", description="a family")
    window: Duration = Field(300.0, description="a time", examples=["5m"])
    limit: Size = Field(10 * 2.0**20, description="a size", examples=["1MiB"])
    share: Ratio = Field(Fraction(99, 100), description="a share", examples=["99%"])
    names: tuple[str, ...] = Field((), description="some names")
    inner: Inner | None = Field(None, description="more")


@pytest.mark.parametrize(
    "row",
    [
        Option("host", "text", "required", "a host"),
        Option("port", "whole number, 1 to 65535", "`25`", "a port"),
        Option("tls", "`true` or `false`", "`false`", "TLS"),
        Option("ip", "`auto`, `4` or `6`", "`auto`", "a family"),
        Option("window", "duration, such as `5m`", "`5m`", "a time"),
        Option("limit", "size, such as `1MiB`", "`10MiB`", "a size"),
        Option("share", "share, such as `99%`", "`99%`", "a share"),
        Option("names", "list of text", "", "some names"),
        Option("inner", "mapping", "", "more"),
        Option("inner.ca", "text", "", "a file"),
    ],
    ids=lambda row: row.name,
)
def test_option_is_shown_as_people_write_it(row: Option) -> None:
    assert row in list(options_of(Example))
