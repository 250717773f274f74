"""Status pages: chosen services, told to those who need not know how they are looked at."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.field_types import Id
from config.options import Model

Audience = Literal["public", "signed-in"]


class StatusPage(Model):
    """One page: only titles of services leave the house, no names, addresses or messages."""

    title: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="what stands above it", examples=["Example status"]
    )
    description: Annotated[str, Field(max_length=500)] = Field(
        "", description="a sentence or two below the title", examples=["How our services are doing."]
    )
    services: Annotated[tuple[Id, ...], Field(min_length=1, max_length=500)] = Field(
        description="which services it tells of, in that order", examples=[["shop"]]
    )
    audience: Audience = Field(
        "public", description="public: everybody who reaches the agent; signed-in: who may sign in to it"
    )
