"""ServiceNow: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from config.friendly import shown
from config.placeholders import FieldValue
from config.secrets import Secret

_PAIR = re.compile(r"[1-9]/[1-9]|")
# The connector says these itself.
_OURS = frozenset(
    {
        "close_code", "close_notes", "comments", "correlation_display", "correlation_id", "description", "impact",
        "priority", "short_description", "state", "sys_id", "urgency", "work_notes",
    }
)  # fmt: skip
_State = Annotated[str, Field(pattern=r"^-?[0-9]{1,9}$")]


def _no_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if labels:
        raise ValueError("incidents have no labels: name a column in fields:")
    return labels


def _fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    for name in fields:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,79}", name):
            raise ValueError(f"{shown(name)} is no column of a table: they are written like assignment_group")
        if name in _OURS:
            raise ValueError(f"{shown(name)} is said by the connector itself")
    return fields


def _priorities(priorities: Mapping[str, str]) -> Mapping[str, str]:
    for name in priorities.values():
        if not _PAIR.fullmatch(name):
            raise ValueError(f"{shown(name)} is no priority of ServiceNow: expected impact/urgency, like 1/2")
    return priorities


class ServiceNowOptions(TicketOptions):
    """Which instance, which table, and who we are there."""

    url: WebAddress = Field(
        description="the address of the instance", examples=["https://example.service-now.com"]
    )
    user: str = Field(
        min_length=1,
        pattern=r"^[^\^]+$",
        description="the name of our user there, also where a token is used: our own notes are told by it",
        examples=["tocsin"],
    )
    password: Secret | None = Field(
        None, description="the user's password", examples=["${credential:servicenow}"]
    )
    token: Secret | None = Field(
        None, description="an OAuth access token of the user, instead of its password"
    )
    table: str = Field(
        "incident",
        pattern=r"^[a-z][a-z0-9_]{0,79}$",
        description="the table that gets the tickets; one that extends task",
        examples=["incident"],
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_no_labels)] = Field(
        (), description="none: incidents have no labels; a column of yours goes into `fields`"
    )
    fields: Annotated[Mapping[str, FieldValue], AfterValidator(_fields)] = Field(
        {},
        description="further columns of a new incident, with values as the table keeps them (a group or user by its "
        "sys_id); `${title}`, `${service}`, `${label.NAME}` and the like are filled in",
        examples=[{"assignment_group": "d625dccec0a8016700a222a0f7900d06", "category": "software"}],
    )
    priorities: Annotated[Mapping[str, str], AfterValidator(_priorities)] = Field(
        {},
        description="our priorities as impact/urgency, from which the instance reckons its own; an empty text leaves "
        "them alone, what is not named keeps its usual one",
        examples=[{"critical": "1/1"}],
    )
    resolved_state: _State = Field("6", description="the number of the state that a resolved incident has")
    open_state: _State = Field(
        "2", description="the number of the state that an incident gets when it is opened again"
    )
    closed_states: tuple[_State, ...] = Field(
        ("7", "8"), description="numbers of states that nothing leads out of: closed, cancelled"
    )
    close_code: str = Field(
        "Solution provided",
        min_length=1,
        description="the resolution code; instances have codes of their own",
        examples=["Solved (Permanently)"],
    )
    close_notes: FieldValue = Field(
        FieldValue("The trouble is over (${ticket})."),
        description="the resolution notes, with placeholders as in `fields`",
    )
    public_comments: bool = Field(
        False,
        description="whether our comments go to the caller (additional comments), and not to work notes",
    )
    webhook_secret: Secret | None = Field(
        None,
        description="what a business rule shows in the header X-Tocsin-Secret when it calls us",
        examples=["${credential:servicenow-hook}"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> ServiceNowOptions:
        if (self.password is None) is (self.token is None):
            raise ValueError("password: or token: is needed, and not both")
        if self.resolved_state in (self.open_state, *self.closed_states):
            raise ValueError("resolved_state: is one of open_state: or closed_states:, too")
        return self


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.servicenow_desk import ServiceNow

    return ServiceNow(options, setting)


TYPE = ConnectorType("servicenow", "incidents in ServiceNow", ServiceNowOptions, _connect)
