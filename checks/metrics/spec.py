"""Metrics: the options an operator may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from checks.http.spec import WebAddress
from checks.metrics.asking import Asking
from checks.metrics.content_type import Format
from checks.metrics.exposition import shown
from checks.metrics.selector import Series
from config.conditions import Measure
from config.conditions.hints import RESERVED
from config.units import DAY, Ratio, duration_between

LATENCY, SERIES, SIZE = "latency", "series", "size"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_TAKEN = frozenset({LATENCY, SERIES, SIZE, *RESERVED})
_MOST_NAMES = 50
_SUFFIX = re.compile(r"_(?:total|sum|bucket)$")
_BY_NAME = {"bytes": "bytes", "seconds": "seconds", "ratio": "ratio"}
_UNITS = {"none": ""}

Combine = Literal["sum", "min", "max", "avg", "count"]


def _names(named: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(named) > _MOST_NAMES:
        raise ValueError(f"names at most {_MOST_NAMES} values")
    for name in named:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{shown(name)} cannot name a value: small letters, digits and _")
        if name in _TAKEN:
            raise ValueError(f'"{name}" is taken: give the value another name')
    return named


def _of(written: Any) -> Any:
    """A selector alone is a value with nothing else said."""
    return {"of": written} if isinstance(written, str) else written


class Measured(Spec):
    """One value: which series it is made of, and how."""

    of: Series = Field(
        description="the series: a name, and demands on labels with `=`, `!=`, `=~`, `!~` (RE2, the whole value)",
        examples=['node_filesystem_avail_bytes{mountpoint="/"}'],
    )
    measure: Literal["value", "rate", "increase", "age"] = Field(
        "value",
        description="`value` as it stands; `rate` a second and `increase`, both since the last look, of a counter; "
        "`age` of the moment that the value is, in seconds since 1970",
    )
    per: Series | None = Field(
        None,
        description="divide by this series, made the same way: by the one with the same labels, or one for "
        "all; with `combine`, all of these by all of them",
        examples=["node_filesystem_size_bytes"],
    )
    combine: Combine | None = Field(
        None, description="make one value of all series; without it each series is judged by itself"
    )
    quantile: Ratio | None = Field(
        None,
        description="of a histogram: the value that this share of the observations since the last look stayed "
        "below, all its series added up",
        examples=["99%"],
    )
    unit: Literal["bytes", "seconds", "ratio", "none"] | None = Field(
        None,
        description="what conditions may be written in; without it the name tells (`_bytes`, `_seconds`)",
    )
    absent: Literal["unknown", "ok", "zero"] = Field(
        "unknown",
        description="when no series is there: `unknown` with the reason, `ok` as an absent value that no "
        "condition is true of, `zero` as 0",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Measured:
        if self.quantile is not None:
            if self.combine is not None or self.per is not None or self.measure != "value":
                raise ValueError("quantile: stands alone (its series are added up, since the last look)")
        elif self.measure == "age" and self.per is not None:
            raise ValueError("an age is divided by nothing (leave per: out)")
        return self

    @property
    def grows(self) -> bool:
        """Whether it takes two looks."""
        return self.measure in ("rate", "increase") or self.quantile is not None

    @property
    def base_unit(self) -> str:
        """`seconds`, `bytes`, `ratio` or none, as said or as the names tell."""
        if self.unit is not None:
            return _UNITS.get(self.unit, self.unit)
        if self.measure == "age":
            return "seconds"
        if self.combine == "count":
            return ""
        own = _unit_of(self.of.name)
        if self.per is not None:
            divisor = _unit_of(self.per.name)
            return "ratio" if own == divisor else own if not divisor else ""
        # Seconds in a second are no time: of node_cpu_seconds_total they are processors.
        return "" if self.measure == "rate" and own == "seconds" else own


def _unit_of(name: str) -> str:
    return _BY_NAME.get(_SUFFIX.sub("", name).rpartition("_")[2], "")


class MetricsSpec(Asking):
    """Which exporter, and which of its series."""

    url: WebAddress = Field(
        description="the exporter's page; http or https", examples=["http://db1.example.org:9100/metrics"]
    )
    series: Annotated[
        Mapping[
            str,
            Annotated[Measured, BeforeValidator(_of, json_schema_input_type=str | Measured)],
        ],
        AfterValidator(_names),
    ] = Field(
        {},
        description="values by name, for conditions to ask for; each a selector, or a mapping with `of`",
        examples=[{"load": "node_load1"}],
    )
    format: Literal["auto", "openmetrics", "prometheus"] = Field(
        "auto",
        description="`auto`: by the answer's Content-Type; else ask for this format, and read the answer as it",
    )
    max_age: Annotated[float, duration_between(1.0, 31 * DAY)] = Field(
        300.0,
        description="series that carry a timestamp of their own are unknown beyond this age",
        examples=["5m"],
    )

    @property
    def asked_format(self) -> Format | None:
        return None if self.format == "auto" else Format(self.format)


def named(spec: MetricsSpec) -> Mapping[str, Measure]:
    """What conditions must know of the values that the options name; any of them may be below 0 or above 1."""
    return {name: Measure(each.base_unit) for name, each in spec.series.items()}
