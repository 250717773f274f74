"""Options are shown as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from config.option_table import Option, option_table, options_of, plain
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
    names: tuple[str, ...] = Field((), description="some names", examples=[["a", "b c"]])
    nets: tuple[str, ...] = Field(("::1", "10.0.0.0/8"), description="some networks")
    labels: Mapping[str, str] = Field({}, description="labels", examples=[{"site": "jhb"}])
    inner: Inner | None = Field(None, description="more")
    several: tuple[Inner, ...] = Field((), description="many more")
    pause: Duration | None = Field(None, description="a `pause`")
    hosts: str | tuple[str, ...] = Field((), description="hosts")
    made: str = Field(default_factory=str, description="made")


class Defaults(BaseModel):
    pause: Duration = Field(60.0, description="a pause", examples=["5m"])
    window: Duration = Field(1.0, description="a window", examples=["5m"])


ROWS = [
    Option("host", "text", "", "a host", required=True),
    Option("port", "whole number, 1 to 65535", "25", "a port"),
    Option("tls", "`true` or `false`", "false", "TLS"),
    Option("ip", "`auto`, `4` or `6`", "auto", "a family"),
    Option("window", "duration", "5m", "a time", "5m"),
    Option("limit", "size", "10MiB", "a size", "1MiB"),
    Option("share", "share", "99%", "a share", "99%"),
    Option("names", "list of text", "", "some names", "[a, b c]"),
    Option("nets", "list of text", "['::1', 10.0.0.0/8]", "some networks"),
    Option("labels", "mapping", "", "labels", "{site: jhb}"),
    Option("inner", "mapping", "", "more"),
    Option("inner.ca", "text", "", "a file"),
    Option("several", "list of mapping", "", "many more"),
    Option("several.ca", "text", "", "a file"),
    Option("pause", "duration", "1m", "a `pause`", "30s"),
    Option("hosts", "text, or a list of them", "", "hosts"),
    Option("made", "text", "", "made"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_option_is_shown_as_people_write_it(row: Option) -> None:
    assert row in list(options_of(Example, defaults=Defaults))


def test_there_is_a_row_for_every_option_in_their_order() -> None:
    assert [option.name for option in options_of(Example)] == [row.name for row in ROWS]


def test_table_marks_what_must_be_written_and_shows_examples() -> None:
    lines = option_table(row for row in ROWS if row.name in ("host", "tls", "limit")).splitlines()
    assert lines[2:] == [
        "| `host` | text | required | a host |",
        "| `tls` | `true` or `false` | `false` | TLS |",
        "| `limit` | size, such as `1MiB` | `10MiB` | a size |",
    ]


def test_plain_text_has_no_marks() -> None:
    assert plain("any, all, or `2 of 3`") == "any, all, or 2 of 3"
