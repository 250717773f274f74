"""Policies as the operator writes them; what is not said stays as in the policy that it extends."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.field_types import Names, Severities, Severity, Title
from config.friendly import shown
from config.model import Model
from config.policies import ClockStart, Priority, Role, WaitsFor
from config.terms import TermOption, TermOrNever
from config.ticket_targets import PriorityTargets
from config.units import Factor, Target

_MOST_RULES = 100
_RATINGS = (1, 5)
Tier = Annotated[int, Field(ge=1, le=9)]
Channel = Literal["monitoring", "web", "email", "api", "phone", "chat", "inbound"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _many(of: Any) -> BeforeValidator:
    """Several of these words; one may stand alone."""
    return BeforeValidator(_as_list, json_schema_input_type=of | list[of])


def _nobody_or_many(of: Any) -> BeforeValidator:
    """As _many; `none` is nobody."""

    def read(value: Any) -> Any:
        return () if value == "none" else _as_list(value)

    return BeforeValidator(read, json_schema_input_type=of | Literal["none"] | list[of])


def _rising(shares: tuple[Any, ...]) -> tuple[Any, ...]:
    """In order, each once; all of the time would be no forecast."""
    for share in shares:
        if share >= 1:
            raise ValueError(f"must be less than 100%, got {shown(f'{float(share * 100):g}%')}")
    return tuple(sorted(set(shares)))


Priorities = Annotated[tuple[Priority, ...], _many(Priority)]
Channels = Annotated[tuple[Channel, ...], _many(Channel)]
Roles = Annotated[tuple[Role, ...], _nobody_or_many(Role)]
SomePriorities = Annotated[tuple[Priority, ...], _nobody_or_many(Priority)]
SomeSeverities = Annotated[tuple[Severity, ...], _nobody_or_many(Severity)]
WaitsForSome = Annotated[tuple[WaitsFor, ...], _nobody_or_many(WaitsFor)]


class TicketMatchOptions(Model):
    """What a ticket must be like; a list means any of them, several options mean all of them."""

    severity: Severities = Field((), description="severities")
    priority: Priorities = Field((), description="priorities; not in rules that give one")
    category: Names = Field((), description="categories", examples=["billing"])
    cause: Names = Field((), description="what sort of cause it has", examples=["security"])
    service: Names = Field((), description="services by name", examples=[["shop", "mail"]])
    team: Names = Field((), description="teams by name", examples=["web"])
    channel: Channels = Field((), description="how it came")
    account_level: Names = Field((), description="levels of the reporter's account", examples=["gold"])
    users: Annotated[int, Field(ge=1, le=10**9)] | None = Field(
        None, description="at least so many users are affected", examples=[50]
    )
    urgent: bool | None = Field(None, description="whether it was marked as urgent", examples=[True])


_ANY_TICKET = TicketMatchOptions()


class PriorityRuleOptions(Model):
    """The priority of tickets that match."""

    priority: Priority = Field(description="the priority that they have")
    match: TicketMatchOptions = Field(_ANY_TICKET, description="what it applies to; nothing said: everything")

    @model_validator(mode="after")
    def _no_circle(self) -> PriorityRuleOptions:
        if self.match.priority:
            raise ValueError("match.priority: cannot be asked for by a rule that gives it (write severity:)")
        return self


class RiseOptions(Model):
    """What happens to a ticket that is not resolved for so long."""

    after: TermOption = Field(description="so long after the start of its clocks", examples=["24h"])
    tier: Tier | None = Field(
        None, description="the tier that it goes to; none: people are told", examples=[2]
    )
    tell: Roles = Field((), description="who is told")
    from_last: bool = Field(False, description="whether `after` counts from the step before instead")
    review: Title = Field(
        "", description="what is asked of those told", examples=["extend it, or add people"]
    )

    @model_validator(mode="after")
    def _does_something(self) -> RiseOptions:
        if self.tier is None and not self.tell:
            raise ValueError("nothing would happen (write tier: or tell:)")
        return self


Rises = Annotated[tuple[RiseOptions, ...], Field(max_length=_MOST_RULES)]


class PriorityRises(Model):
    """What time does, by priority."""

    high: Rises | None = Field(None, description="of high priority", examples=[[{"after": "24h", "tier": 2}]])
    medium: Rises | None = Field(
        None, description="of medium priority", examples=[[{"after": "48h", "tier": 2}]]
    )
    low: Rises | None = Field(
        None, description="of low priority", examples=[[{"after": "72h", "tell": "lead"}]]
    )
    informational: Rises | None = Field(None, description="of questions", examples=[[]])


class JumpOptions(Model):
    """Straight to a tier, at once."""

    tier: Tier = Field(description="the tier that it goes to")
    match: TicketMatchOptions = Field(_ANY_TICKET, description="tickets like this")
    missed_follow_ups: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="of which so many follow-ups were missed", examples=[2]
    )
    unhappy: bool = Field(False, description="of which the reporter said that they are not satisfied")
    tell: Roles = Field(("lead",), description="who is told")

    @model_validator(mode="after")
    def _not_everything(self) -> JumpOptions:
        if self.match == _ANY_TICKET and self.missed_follow_ups is None and not self.unhappy:
            raise ValueError("every ticket would jump (write match:, missed_follow_ups: or unhappy: yes)")
        return self


class OverallOptions(Model):
    """A target for all tickets together."""

    share: Target = Field(description="this share of them", examples=["95%"])
    within: TermOption = Field(description="is resolved within so long", examples=["24h"])


Terms = Annotated[tuple[TermOption, ...], Field(max_length=_MOST_RULES)]


class PriorityFollowUps(Model):
    """When the assignee is reminded, by priority, from the start of the clocks."""

    high: Terms | None = Field(None, description="of high priority", examples=[["24h", "48h"]])
    medium: Terms | None = Field(None, description="of medium priority", examples=[["24h", "48h"]])
    low: Terms | None = Field(None, description="of low priority", examples=[["24h", "48h"]])
    informational: Terms | None = Field(None, description="of questions", examples=[[]])


class VendorRuleOptions(Model):
    """Tickets that a vendor is to mend."""

    expected: TermOption | None = Field(None, description="how long they may take", examples=["48h"])
    nag_every: TermOption | None = Field(
        None, description="how often they are asked once that has passed", examples=["24h"]
    )
    watch: TermOption | None = Field(
        None, description="how long after their fix somebody looks whether it holds", examples=["24h"]
    )


def _rating(value: Fraction) -> Fraction:
    if not _RATINGS[0] <= value <= _RATINGS[1]:
        raise ValueError(f"must be {_RATINGS[0]} to {_RATINGS[1]}, as ratings are, got {float(value):g}")
    return value


class EndingOptions(Model):
    """How a resolved ticket becomes closed."""

    require_resolution: bool | None = Field(
        None, description="whether a person who resolves it must say what was done", examples=[True]
    )
    ask_reporter: bool | None = Field(
        None, description="whether the reporter is asked if it is mended", examples=[True]
    )
    remind_after: TermOrNever | None = Field(
        None, description="when a silent reporter is reminded; or `never`", examples=["48h"]
    )
    silent_after: TermOption | None = Field(
        None, description="when it is closed though the reporter is silent", examples=["5d"]
    )
    on_unsatisfied: Literal["reopen", "assist"] | None = Field(
        None,
        description="of an unhappy reporter it is opened again and goes up, or stays and the assignee is told",
    )
    survey_at: Literal["resolved", "closed", "never"] | None = Field(
        None, description="when the reporter is asked how they were served"
    )
    survey_valid: TermOption | None = Field(
        None, description="how long the link to the survey can be used", examples=["30d"]
    )
    satisfied_from: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None, description="the rating from which on somebody is satisfied", examples=[4]
    )
    rating_target: Annotated[Factor, AfterValidator(_rating)] | None = Field(
        None, description="the mean rating that is wanted, 1 to 5", examples=["4.5"]
    )
    satisfied_target: Target | None = Field(
        None, description="the share of satisfied reporters that is wanted", examples=["95%"]
    )


class RootCauseOptions(Model):
    """What is closed only with a record of its root cause."""

    severity: SomeSeverities | None = Field(
        None, description="tickets of these severities", examples=["critical"]
    )
    recurring: TermOrNever | None = Field(
        None, description="what came back within so long; or `never`", examples=["90d"]
    )


class PolicyOptions(Model):
    """How soon tickets are answered and resolved, who hears of them when they are not, and how they end."""

    extends: str | None = Field(
        None,
        description="the policy that it starts from; default: the shipped one of its name, else `default`",
        examples=["scmr-5"],
    )
    title: Title | None = Field(None, description="a name for people", examples=["Classifieds"])
    clock_starts: ClockStart | None = Field(
        None, description="the moment from which its clocks run, where it is known; else when it was opened"
    )
    calendar: str | None = Field(
        None,
        description="the calendar of business days; default: that of the team, else mon-fri 08:00-17:00",
        examples=["office"],
    )
    business: SomePriorities | None = Field(
        None, description="priorities whose hours count in that calendar only", examples=[["informational"]]
    )
    priorities: Annotated[tuple[PriorityRuleOptions, ...], Field(max_length=_MOST_RULES)] | None = Field(
        None,
        description="rules of priority, first match wins",
        examples=[[{"match": {"severity": "low"}, "priority": "low"}]],
    )
    targets: PriorityTargets | None = Field(None, description="how soon each thing is done, by priority")
    overall: Annotated[tuple[OverallOptions, ...], Field(max_length=10)] | None = Field(
        None, description="targets for all tickets together", examples=[[{"share": "95%", "within": "24h"}]]
    )
    pauses: WaitsForSome | None = Field(
        None, description="for whom a ticket may wait with its clocks standing still", examples=["reporter"]
    )
    predict: Annotated[tuple[Target, ...], Field(max_length=5), AfterValidator(_rising)] | None = Field(
        None, description="shares of a target's time at which a breach is foretold", examples=[["75%", "90%"]]
    )
    rises: PriorityRises | None = Field(None, description="what time does to tickets that are not resolved")
    jumps: Annotated[tuple[JumpOptions, ...], Field(max_length=_MOST_RULES)] | None = Field(
        None, description="what goes straight to a tier", examples=[[{"unhappy": True, "tier": 2}]]
    )
    highest_tier: Tier | None = Field(None, description="the last tier", examples=[3])
    on_reopen: Literal["keep", "anew"] | None = Field(
        None, description="whether a ticket that is opened again keeps its tier or begins at the first"
    )
    acknowledged_stops: bool | None = Field(
        None, description="whether a ticket that a person has taken rises by time no more", examples=[False]
    )
    follow_ups: PriorityFollowUps | None = Field(None, description="when the assignee is reminded")
    follow_up_grace: TermOption | None = Field(
        None, description="how long after its moment a follow-up that nobody did is missed", examples=["4h"]
    )
    vendor: VendorRuleOptions | None = Field(None, description="tickets that a vendor is to mend")
    ending: EndingOptions | None = Field(None, description="how a resolved ticket becomes closed")
    root_cause: RootCauseOptions | None = Field(
        None, description="what is closed only with a record of its root cause"
    )
