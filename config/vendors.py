"""Vendors: who mends what is not ours, how they are reached, and how long they usually take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.field_types import MailAddress, Title
from config.model import Model
from config.units import DAY, YEAR, duration_between

VendorTime = Annotated[float, duration_between(1.0, YEAR)]


class Vendor(Model):
    """Who mends what is not ours."""

    title: Title | None = Field(
        None, description="a name for people; default: the id", examples=["Payment gateway"]
    )
    contact: MailAddress = Field(
        description="the address that evidence and reminders are sent to", examples=["support@example.org"]
    )
    expected: VendorTime | None = Field(
        None,
        description="how soon they are expected to mend it, from 1s; default: as the ticket's policy says",
        examples=["24h"],
    )
    nag_every: VendorTime | None = Field(
        None,
        description="how often they are reminded once that has passed, from 1s; default: as the ticket's policy says",
        examples=["12h"],
    )


# What a person may say that a vendor promised.
LONGEST_EXPECTED = 366 * DAY
