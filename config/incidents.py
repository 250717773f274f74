"""How much noise there may be: what belongs together, what waits for a common cause, and how many tickets a minute."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.field_types import Names
from config.options import Model
from config.units import HOUR, MINUTE, duration_between


class StormOptions(Model):
    """Services that fail at about the same time and share a label get one incident."""

    services: Annotated[int, Field(ge=2, le=1000)] = Field(5, description="so many services make a storm")
    within: Annotated[float, duration_between(1.0, HOUR)] = Field(
        MINUTE, description="when they begin to fail within this time", examples=["60s"]
    )
    by: Names = Field(
        ("host", "network", "vendor"),
        description="the labels of services and checks that make them belong together; without a label `host` it is "
        "the host that a check looks at",
        examples=[["host", "site"]],
    )
    wait: Annotated[float, duration_between(0.0, 5 * MINUTE)] = Field(
        5.0, description="how long a ticket waits while others with that label fail too", examples=["5s"]
    )


class IncidentOptions(Model):
    """What becomes of many problems at once."""

    max_open_per_minute: Annotated[int, Field(ge=1, le=10_000)] = Field(
        20, description="how many tickets may be opened in a minute; the others of that minute share one"
    )
    wait_for_parents: Annotated[float, duration_between(0.0, HOUR)] = Field(
        2 * MINUTE,
        description="how long a ticket waits at most while something that its service depends on is in doubt",
        examples=["2m"],
    )
    storm: StormOptions = Field(
        default_factory=StormOptions, description="when services that fail together are one incident"
    )
