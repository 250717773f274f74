"""What may be attached to tickets, as the operator sets it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.model import Model
from config.units import Size

FileType = Literal["png", "jpeg", "gif", "pdf", "zip", "gzip", "text"]
_MIB = 1024 * 1024
# It comes in one piece of base64 through the socket or the API.
LARGEST = 20 * _MIB


class AttachmentOptions(Model):
    """Limits of what is attached; the type is what the bytes themselves are, whatever the file is called."""

    max_size: Annotated[Size, Field(ge=1, le=LARGEST)] = Field(
        10.0 * _MIB, description="the largest file, up to 20MiB", examples=["10MiB"]
    )
    max_count: Annotated[int, Field(ge=0, le=1000)] = Field(
        20, description="how many files a ticket can have; 0: none"
    )
    types: tuple[FileType, ...] = Field(
        ("png", "jpeg", "gif", "pdf", "text"),
        description="which types are taken",
        examples=[["png", "jpeg", "pdf", "text", "zip"]],
    )
