"""Routes: what a ticket must be like, and where it goes; how late, how often again, and where else when stuck."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.field_types import Criticalities, Environments, Labels, Names, Severities
from config.model import Model
from config.units import DAY, MINUTE, duration_between


class RouteMatch(Model):
    """What a route applies to; a list means any of them, and all that is said must fit."""

    service: Annotated[Names, Field(min_length=1)] = Field(
        (), description="services by name", examples=[["shop", "mail"]]
    )
    check: Annotated[Names, Field(min_length=1)] = Field(
        (), description="checks by name, or a rule of a service such as `shop.budget`", examples=["shop.home"]
    )
    team: Annotated[Names, Field(min_length=1)] = Field((), description="teams by name", examples=["web"])
    severity: Annotated[Severities, Field(min_length=1)] = Field((), description="severities of the incident")
    criticality: Annotated[Criticalities, Field(min_length=1)] = Field(
        (), description="criticalities of the service"
    )
    environment: Annotated[Environments, Field(min_length=1)] = Field(
        (), description="environments of the service"
    )
    labels: Labels = Field(
        {}, description="labels of the service or check, all of them", examples=[{"site": "jhb"}]
    )
    active: str | None = Field(
        None,
        description="a calendar that was open when the ticket was opened, or last opened again",
        examples=["office"],
    )
    not_active: str | None = Field(
        None, description="a calendar that was closed at that moment", examples=["office"]
    )


class Route(Model):
    """Where tickets go: the first route that matches, and those after it as long as each says `continue`."""

    match: RouteMatch = Field(RouteMatch(), description="what it applies to; nothing said: everything")
    send_to: Annotated[Names, Field(min_length=1)] = Field(
        description="helpdesks and channels by name", examples=[["jira", "email-web"]]
    )
    goes_on: bool = Field(
        False, alias="continue", description="whether the routes after this one are looked at too"
    )
    delay: Annotated[float, duration_between(0, 7 * DAY)] = Field(
        0.0,
        description="only what is still open so long after it was opened is sent, up to 7d",
        examples=["5m"],
    )
    repeat: Annotated[float, duration_between(5 * MINUTE, 30 * DAY)] | None = Field(
        None,
        description="how often it is said again there that nobody has acknowledged it, from 5m; default: never",
        examples=["4h"],
    )
    fallback: Annotated[Names, Field(min_length=1)] = Field(
        (),
        description="where else a ticket goes when one of `send_to` refuses it, or takes nothing",
        examples=["email-web"],
    )
    fallback_after: Annotated[float, duration_between(MINUTE, 7 * DAY)] = Field(
        15 * MINUTE, description="after how long without delivery that is, from 1m up to 7d", examples=["15m"]
    )
    in_doubt: Literal["ask", "resend"] = Field(
        "ask",
        description="where nobody can see whether a ticket arrived: a person is asked, or it is sent again and may "
        "be there twice",
    )
