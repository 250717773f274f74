"""Targets of tickets as the operator writes them: in a policy, and over it by a service or a team."""

from __future__ import annotations

from pydantic import Field

from config.model import Model
from config.terms import TermOrNever


class TargetOptions(Model):
    """How soon each thing is to be done with tickets of one priority; what is not said stays as it was."""

    acknowledge: TermOrNever | None = Field(
        None, description="until it is acknowledged; `never` for no target", examples=["4h"]
    )
    respond: TermOrNever | None = Field(
        None, description="until the reporter has a first answer of a person", examples=["2h"]
    )
    assign: TermOrNever | None = Field(
        None, description="until it is somebody's", examples=["1 business day"]
    )
    begin: TermOrNever | None = Field(None, description="until work on it begins", examples=["1h"])
    answer: TermOrNever | None = Field(
        None,
        description="until somebody of a tier does something on it, from when it came there",
        examples=["1h"],
    )
    resolve: TermOrNever | None = Field(None, description="until it is resolved", examples=["24h"])
    update: TermOrNever | None = Field(
        None, description="how often the reporter hears how it stands", examples=["24h"]
    )


class PriorityTargets(Model):
    """Targets by priority."""

    high: TargetOptions | None = Field(None, description="of high priority", examples=[{"resolve": "24h"}])
    medium: TargetOptions | None = Field(
        None, description="of medium priority", examples=[{"resolve": "48h"}]
    )
    low: TargetOptions | None = Field(None, description="of low priority", examples=[{"resolve": "72h"}])
    informational: TargetOptions | None = Field(
        None, description="of questions", examples=[{"resolve": "5 business days"}]
    )


NO_TARGETS = PriorityTargets()
