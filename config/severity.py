"""Rules of severity: what an incident must be like, and how severe it then is; the first that matches decides."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.field_types import Criticalities, Environments, Labels, Names, Severity
from config.friendly import shown
from config.options import Model
from config.reader import Reader
from config.units import Target

_MOST_RULES = 200

SeverityLevel = Literal["down", "degraded", "forecast"]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


SeverityLevels = Annotated[
    tuple[SeverityLevel, ...],
    BeforeValidator(_as_list, json_schema_input_type=SeverityLevel | list[SeverityLevel]),
]


class SeverityMatch(Model):
    """What an incident must be like; a list means any of them."""

    service: Annotated[Names, Field(min_length=1)] = Field(
        (), description="services by name", examples=[["shop", "mail"]]
    )
    team: Annotated[Names, Field(min_length=1)] = Field((), description="teams by name", examples=["web"])
    criticality: Annotated[Criticalities, Field(min_length=1)] = Field(
        (), description="criticalities of the service"
    )
    environment: Annotated[Environments, Field(min_length=1)] = Field(
        (), description="environments of the service"
    )
    labels: Labels = Field(
        {}, description="labels of the service or check, all of them", examples=[{"tier": "gold"}]
    )
    level: Annotated[SeverityLevels, Field(min_length=1)] = Field(
        (), description="how bad it is; forecasts match only where they are named"
    )
    affected: Target | None = Field(
        None, description="at least this share of the requests fails", examples=["20%"]
    )
    services: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="at least so many services are affected", examples=[5]
    )


class SeverityRule(Model):
    """How severe an incident is that matches: outright, or so many steps up or down from the usual."""

    match: SeverityMatch = Field(SeverityMatch(), description="what it applies to; nothing said: everything")
    severity: Severity | None = Field(None, description="how severe it is")
    raise_by: Annotated[int, Field(ge=1, le=3)] | None = Field(
        None, description="so many steps more severe than usual, instead"
    )
    lower_by: Annotated[int, Field(ge=1, le=3)] | None = Field(
        None, description="so many steps less severe than usual, instead"
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> SeverityRule:
        said = sum(each is not None for each in (self.severity, self.raise_by, self.lower_by))
        if said != 1:
            what = "says nothing of it" if said == 0 else "says more than one thing"
            raise ValueError(f"{what}: write one of severity:, raise_by: and lower_by:")
        return self


def read_severity(reader: Reader) -> tuple[SeverityRule, ...]:
    """The rules in order; mistakes are noted."""
    listed, sources = reader.sources.tree.get("severity"), reader.sources
    if listed is None:
        return ()
    if not isinstance(listed, list):
        hint = "begin each rule with a -, as in - {match: {labels: {tier: gold}}, severity: high}"
        sources.blame(("severity",), f"expected a list, got {shown(listed)}", hint)
        return ()
    if len(listed) > _MOST_RULES:
        sources.blame(("severity",), f"has {len(listed)} rules: at most {_MOST_RULES} are taken")
    # One that cannot be read keeps its place: what is wrong with later ones is told by number.
    return tuple(
        reader.model(SeverityRule, rule, ("severity", number)) or SeverityRule(severity="low")
        for number, rule in enumerate(listed[:_MOST_RULES])
    )


def shown_share(share: Fraction | float) -> str:
    """`20%`, or `33.3%`; at most one place."""
    return f"{round(float(share) * 100, 1):g}%"
