"""From how many users on a ticket of a person has a medium or a high impact."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from config.model import Model


class ImpactOptions(Model):
    """Impact and urgency give the severity of a ticket that a person opens without saying one."""

    medium: Annotated[int, Field(ge=1)] = Field(10, description="from so many users on the impact is medium")
    high: Annotated[int, Field(ge=1)] = Field(100, description="from so many users on it is high")

    @model_validator(mode="after")
    def _rises(self) -> ImpactOptions:
        if self.high < self.medium:
            raise ValueError("high is less than medium (write the larger number as high)")
        return self
