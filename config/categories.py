"""Categories of tickets: what belongs to each, those that are shipped, and which team takes what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from config.field_types import Labels, Names, Title
from config.friendly import shown
from config.options import Model

_WORD = re.compile(r"\w+")
_MOST_KEYWORDS = 500

# The sorts of causes that people name (alerting.desk.fields), and how looks fail (checks.base.ErrorKind).
Cause = Literal["integration", "infrastructure", "code", "security", "scale", "third_party"]
FailureKind = Literal[
    "dns", "refused", "reset", "unreachable", "timeout", "tls", "protocol", "status", "content", "auth", "quota",
    "policy", "local", "isolated",
]  # fmt: skip


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, case-folded: letters, digits and _ that stand together."""
    return tuple(_WORD.findall(text.casefold()))


def _keyword(text: str) -> str:
    if not words_of(text):
        raise ValueError(f"expected a word, or several, got {shown(text)}")
    return text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Causes = Annotated[tuple[Cause, ...], BeforeValidator(_as_list, json_schema_input_type=Cause | list[Cause])]
_Failures = Annotated[
    tuple[FailureKind, ...], BeforeValidator(_as_list, json_schema_input_type=FailureKind | list[FailureKind])
]


class CategoryOptions(Model):
    """What makes a ticket one of this category; any of it is enough."""

    keywords: Annotated[
        tuple[Annotated[Title, AfterValidator(_keyword)], ...], Field(max_length=_MOST_KEYWORDS)
    ] = Field(
        (),
        description="whole words, or several in a row, in what a person reports; capitals do not matter",
        examples=[["refund", "credit card"]],
    )
    service: Names = Field((), description="services by name", examples=[["shop-payments"]])
    cause: _Causes = Field((), description="sorts of causes of a ticket", examples=[["security"]])
    error_kind: _Failures = Field(
        (), description="how a check failed, for tickets of incidents", examples=[["tls", "auth"]]
    )
    labels: Labels = Field(
        {}, description="labels of the service or check, all of them", examples=[{"data": "personal"}]
    )


class TeamMatch(Model):
    """What a ticket must be like; all of it, and a list means any of them."""

    category: Annotated[Names, Field(min_length=1)] = Field(
        (), description="categories of tickets", examples=[["billing"]]
    )
    cause: Annotated[_Causes, Field(min_length=1)] = Field(
        (),
        description="sorts of causes; they count when the cause becomes known",
        examples=[["infrastructure"]],
    )
    service: Annotated[Names, Field(min_length=1)] = Field(
        (), description="services by name", examples=[["shop", "mail"]]
    )
    labels: Labels = Field(
        {}, description="labels of the service or check, all of them", examples=[{"site": "jhb"}]
    )


class TeamRule(Model):
    """Which team takes a ticket that matches."""

    match: TeamMatch = Field(TeamMatch(), description="what it applies to; nothing said: everything")
    team: str = Field(description="the team, by name", examples=["web"])


class Weights(Model):
    """How much an open ticket of each priority counts as work of its assignee."""

    high: Annotated[int, Field(ge=0, le=1000)] = Field(4, description="of high priority")
    medium: Annotated[int, Field(ge=0, le=1000)] = Field(2, description="of medium priority")
    low: Annotated[int, Field(ge=0, le=1000)] = Field(1, description="of low priority")
    informational: Annotated[int, Field(ge=0, le=1000)] = Field(1, description="that only ask")


TECHNICAL, GENERAL = "technical", "general"
# Looked at in this order, after those of the operator; technical words come late, since much is "broken".
SHIPPED: Mapping[str, CategoryOptions] = {
    "feature": CategoryOptions(
        keywords=(
            "can you add", "could you add", "enhancement", "feature request", "feature requests", "it would be nice",
            "new feature", "new features", "please add", "suggestion", "suggestions", "would like to have",
        )
    ),
    "billing": CategoryOptions(
        keywords=(
            "bill", "billed", "billing", "charge", "charged", "charges", "credit card", "debit order", "fee", "fees",
            "invoice", "invoices", "paid", "payfast", "payment", "payments", "payout", "paypal", "price", "pricing",
            "receipt", "refund", "refunded", "refunds", "royalties", "royalty", "subscription", "subscriptions",
            "visa",
        )
    ),
    "account": CategoryOptions(
        keywords=(
            "2fa", "access denied", "account", "accounts", "cannot log in", "deactivate", "locked out", "log in",
            "logging in", "login", "logon", "otp", "password", "passwords", "permission", "permissions", "profile",
            "register", "registration", "sign in", "sign up", "signup", "unsubscribe", "user name", "username",
            "verification",
        )
    ),
    TECHNICAL: CategoryOptions(
        keywords=(
            "404", "500", "502", "503", "504", "api", "broken", "bug", "certificate", "connection", "crash", "crashed",
            "crashes", "database", "does not load", "does not work", "doesn't work", "down", "error", "errors", "fail",
            "failed", "failing", "fails", "failure", "freezes", "integration", "latency", "not loading",
            "not working", "offline", "outage", "page not found", "server", "slow", "ssl", "timed out", "timeout",
            "tls", "unavailable", "unreachable", "upload", "vpn",
        )
    ),
    GENERAL: CategoryOptions(),
}  # fmt: skip


def categories_of(written: Mapping[str, CategoryOptions]) -> dict[str, CategoryOptions]:
    """All categories in the order in which they are tried: the operator's, then those shipped that are not theirs."""
    return {**written, **{name: each for name, each in SHIPPED.items() if name not in written}}
