"""Request Tracker: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from config.friendly import shown
from config.placeholders import FieldValue
from config.secrets import Secret

# What a ticket may be given beside its custom fields, as RT names it.
MEMBERS = frozenset(
    {"AdminCc", "Cc", "Due", "FinalPriority", "Owner", "Requestor", "SLA", "Starts", "TimeEstimated"}
)
_OURS = frozenset(
    {"Content", "ContentType", "CustomFields", "Priority", "Queue", "RefersTo", "Status", "Subject"}
)
# It is written between quotes, or braces, in RT's language of queries.
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^'\"\\{}/]+$")]


def _no_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if labels:
        raise ValueError("tickets have no labels there: name a custom field in fields:")
    return labels


def _fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    for name in fields:
        if name in _OURS:
            raise ValueError(f"{shown(name)} is said by the connector itself")
    return fields


def _numbers(written: Any) -> Any:
    """Numbers as texts, as which they are kept."""
    if not isinstance(written, Mapping):
        return written
    return {name: str(each) if type(each) is int else each for name, each in written.items()}


def _priorities(priorities: Mapping[str, str]) -> Mapping[str, str]:
    for name in priorities.values():
        if name and not (name.isascii() and name.isdecimal() and len(name) <= 4):
            raise ValueError(f"{shown(name)} is no priority of RT: a number, usually from 0 to 100")
    return priorities


class RtOptions(TicketOptions):
    """Which Request Tracker, which queue, and who we are there."""

    url: WebAddress = Field(
        description="the address of the web interface, without /REST/2.0", examples=["https://rt.example.org"]
    )
    user: Annotated[str, Field(min_length=1, pattern=r"^[^:/\s]+$")] | None = Field(
        None,
        description="the name of our user, where `token` is its password; without it that is an authentication token",
        examples=["tocsin"],
    )
    token: Secret = Field(
        description="authentication token, or the password of `user`", examples=["${credential:rt}"]
    )
    queue: _Name = Field(description="the name of the queue that gets the tickets", examples=["Monitoring"])
    key_field: _Name = Field(
        "AlertKey", description="the single-line custom field of tickets that carries the key"
    )
    requester: str | None = Field(
        None,
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="the e-mail address that tickets are asked for by, which RT writes to; default: none",
        examples=["monitoring@example.org"],
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_no_labels)] = Field(
        (), description="none: tickets have no labels there; a custom field of yours goes into `fields`"
    )
    fields: Annotated[Mapping[str, FieldValue], AfterValidator(_fields)] = Field(
        {},
        description="further fields of a new ticket: `Owner`, `Cc`, `AdminCc`, `Due`, `Starts`, `SLA` and the like, "
        "else custom fields by their names; `${title}`, `${service}`, `${label.NAME}` and the like are filled in",
        examples=[{"Service": "${service}", "Owner": "agent-one"}],
    )
    priorities: Annotated[Mapping[str, str], BeforeValidator(_numbers), AfterValidator(_priorities)] = Field(
        {},
        description="what our priorities are there, as numbers; an empty text leaves it alone, what is not named keeps "
        "its usual one",
        examples=[{"critical": "90"}],
    )
    resolved_status: _Name = Field(
        "resolved", description="the status of what is over, as the lifecycle has it"
    )
    open_status: _Name = Field("open", description="the status of what is opened again")
    public_comments: bool = Field(False, description="whether requesters get our comments, as replies")


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.rt_desk import RequestTracker

    return RequestTracker(options, setting)


TYPE = ConnectorType("rt", "tickets in Request Tracker 5", RtOptions, _connect)
