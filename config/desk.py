"""The built-in desk as the operator sets it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from config.attachments import AttachmentOptions
from config.categories import CategoryOptions, TeamRule, Weights
from config.field_types import PublicAddress
from config.impact import ImpactOptions
from config.options import Model
from config.secrets import Secret


class DeskOptions(Model):
    """The built-in desk."""

    notices: str | None = Field(
        None,
        description="the channel by which the desk tells people something; default: the only one that can",
        examples=["email-web"],
    )
    url: PublicAddress | None = Field(
        None,
        description="where reporters reach this agent's pages; without it they get no links to answer by",
        examples=["https://help.example.org"],
    )
    notices_per_minute: int = Field(
        10,
        ge=1,
        le=1000,
        description="so many messages a minute to one person at most: what is more comes together in one",
    )
    categories: Mapping[str, CategoryOptions] = Field(
        {},
        description="what makes a ticket one of a category, by its name; tried in this order, before those shipped",
        examples=[{"security": {"keywords": ["phishing"]}}],
    )
    teams: tuple[TeamRule, ...] = Field(
        (), description="which team takes tickets whose service has none, first match wins"
    )
    weights: Weights = Field(
        Weights(), description="how much work an open ticket is, when agents are compared"
    )
    token: Secret | None = Field(
        None,
        description="what programs show that open tickets at /api/v1/tickets; without it there is no such address",
        examples=["${credential:desk}"],
    )
    attachments: AttachmentOptions = Field(AttachmentOptions(), description="what may be attached to tickets")
    impact: ImpactOptions = Field(
        ImpactOptions(), description="how many users make a problem how severe, where nobody says a severity"
    )
