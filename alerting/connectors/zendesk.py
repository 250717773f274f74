"""Zendesk: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from config.friendly import nearest, shown
from config.placeholders import FieldValue
from config.secrets import Secret

PRIORITIES = ("low", "normal", "high", "urgent")
# What a ticket may be given beside its custom fields; everything else of it is said by the connector.
_MEMBERS = frozenset(
    {
        "assignee_id", "brand_id", "collaborator_ids", "due_at", "email_cc_ids", "group_id", "organization_id",
        "problem_id", "requester_id", "submitter_id", "ticket_form_id", "type",
    }
)  # fmt: skip


def is_custom(name: str) -> bool:
    """Whether it is the number of a custom field."""
    return name.isascii() and name.isdecimal()


def _tags(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        if not label or any(mark.isspace() or mark == "," for mark in label):
            raise ValueError(f"{shown(label)} is no tag: no spaces and no commas")
    return labels


def _fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    for name in fields:
        if name not in _MEMBERS and not is_custom(name):
            hint = nearest(name, _MEMBERS) or f"known: {', '.join(sorted(_MEMBERS))}"
            raise ValueError(f"{shown(name)} is neither the number of a custom field nor known here ({hint})")
    return fields


def _priorities(priorities: Mapping[str, str]) -> Mapping[str, str]:
    for name in priorities.values():
        if name and name not in PRIORITIES:
            raise ValueError(f"{shown(name)} is no priority of Zendesk: {', '.join(PRIORITIES)}")
    return priorities


class ZendeskOptions(TicketOptions):
    """Which Zendesk, and who we are there."""

    url: WebAddress = Field(
        description="the address of the account", examples=["https://example.zendesk.com"]
    )
    user: str | None = Field(
        None,
        min_length=1,
        description="the e-mail address of the agent whose API token it is; without it the token is sent as Bearer "
        "(OAuth)",
        examples=["bot@example.org"],
    )
    token: Secret = Field(description="API token, or OAuth access token", examples=["${credential:zendesk}"])
    requester: str | None = Field(
        None,
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="the e-mail address that tickets are asked for by; default: our own user",
        examples=["monitoring@example.org"],
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_tags)] = Field(
        (), description="tags that every ticket gets", examples=[["monitoring"]]
    )
    fields: Annotated[Mapping[str, FieldValue], AfterValidator(_fields)] = Field(
        {},
        description="further fields of a new ticket: custom ones by their number, others (`group_id`, `type`, "
        "`ticket_form_id`) by name; `${title}`, `${service}`, `${label.NAME}` and the like are filled in",
        examples=[{"360001234567": "${service}", "group_id": 360009876543}],
    )
    priorities: Annotated[Mapping[str, str], AfterValidator(_priorities)] = Field(
        {},
        description="what our priorities are there: low, normal, high or urgent, or an empty text to leave it alone; "
        "what is not named keeps its usual one",
        examples=[{"critical": "urgent"}],
    )
    public_comments: bool = Field(
        False, description="whether requesters see, and are mailed, the description and our comments"
    )
    webhook_secret: Secret | None = Field(
        None,
        description="the signing secret of a webhook that calls us when a ticket changes",
        examples=["${credential:zendesk-hook}"],
    )


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.zendesk_desk import Zendesk

    return Zendesk(options, setting)


TYPE = ConnectorType("zendesk", "tickets in Zendesk Support", ZendeskOptions, _connect)
