"""The options of a ping."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from checks.base import Spec
from checks.hosts import Host
from checks.ping.packet import LEAST_PAYLOAD
from config.units import Size, duration_between


class PingSpec(Spec):
    """Whom to ping, how often and with what."""

    host: Host = Field(description="name or address to ping", examples=["gateway.example.org"])
    count: int = Field(5, ge=1, le=100, description="how many requests one look sends")
    interval: Annotated[float, duration_between(0.01, 60)] = Field(
        0.2,
        description="time between two requests, from 10ms to 1m; less where `timeout` would not hold them all: "
        "the last one goes out at half of it at the latest",
        examples=["200ms"],
    )
    wait: Annotated[float, duration_between(0.01, 60)] = Field(
        2.0,
        description="how long to wait for answers after the last request, from 10ms to 1m and never past "
        "`timeout`; what comes later is lost",
        examples=["2s"],
    )
    size: Annotated[Size, Field(ge=LEAST_PAYLOAD, le=65000)] = Field(
        56.0,
        description=f"bytes of payload in each request, from {LEAST_PAYLOAD} (by which answers are known again) to "
        "65000; the packet is 28 bytes larger, 48 with IPv6",
        examples=["1472B"],
    )
    ttl: int | None = Field(
        None,
        ge=1,
        le=255,
        description="how many routers a request may pass; default: as this host does it",
        examples=[64],
    )
    dont_fragment: bool = Field(
        False, description="forbid routers to cut the packet up: with `size` this tests what the path takes"
    )
    ip: Literal["auto", "4", "6"] = Field("auto", description="IP version to use")
