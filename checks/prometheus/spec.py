"""Prometheus: the options an operator may set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, Field

from checks.http.spec import WebAddress
from checks.metrics.asking import Asking
from config.conditions import Measure
from config.units import DAY, Size, duration_between

_PATH = "/api/v1/query"
# What people copy from a browser or a manual instead of the address that all of it begins with.
_BEHIND = (_PATH, "/api/v1", "/graph")
_LONGEST = 32 * 1024
_UNITS = {"none": ""}


def _base(url: str) -> str:
    """The address that `/api/v1/query` is put behind."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    ending = next((each for each in _BEHIND if path.endswith(each)), "")
    return urlunsplit(parts._replace(path=path.removesuffix(ending), fragment=""))


def _told(query: str) -> str:
    if not query.strip():
        raise ValueError("is empty (write an expression, such as up)")
    if len(query) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST // 1024} KiB")
    return query


class PrometheusSpec(Asking):
    """Which server, and what it is asked."""

    url: Annotated[WebAddress, AfterValidator(_base)] = Field(
        description="the server's base address; `/api/v1/query` is put behind it",
        examples=["http://prometheus.example.org:9090"],
    )
    query: Annotated[str, AfterValidator(_told)] = Field(
        description="a PromQL expression for one moment; the server alone judges its spelling",
        examples=['sum(rate(http_requests_total{code=~"5.."}[5m]))'],
    )
    unit: Literal["none", "seconds", "bytes", "ratio"] = Field(
        "none", description="what `value` is in, so that conditions may say `value > 2s`, `1GiB` or `90%`"
    )
    absent: Literal["unknown", "ok", "down"] = Field(
        "unknown",
        description="what an answer without any series is; `ok` for queries that find only what is wrong",
    )
    tenant: Annotated[str, Field(min_length=1, max_length=150, pattern=r"^[A-Za-z0-9!_.*'()|-]+$")] | None = (
        Field(
            None, description="the tenant to ask as, in Mimir or Cortex (`X-Scope-OrgID`)", examples=["shop"]
        )
    )
    max_age: Annotated[float, duration_between(1.0, 31 * DAY)] = Field(
        300.0, description="values with an older timestamp are unknown", examples=["5m"]
    )
    # Reading JSON holds the interpreter, some 40 ms a MiB; the series that are judged fit into far less.
    max_body: Annotated[Size, Field(ge=1, le=4 * 1024.0**2)] = Field(
        1024.0 * 1024.0,
        description="larger answers are down; counted as unpacked; at most 4MiB",
        examples=["1MiB"],
    )

    @property
    def endpoint(self) -> str:
        """Where queries go."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(path=f"{parts.path}{_PATH}"))


def named(spec: PrometheusSpec) -> Mapping[str, Measure]:
    """`value` in the unit that the options give it; it may be below 0 or above 1."""
    return {"value": Measure(_UNITS.get(spec.unit, spec.unit))}
