"""Freshdesk: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from config.friendly import nearest, shown
from config.placeholders import FieldValue
from config.secrets import Secret

PRIORITIES = {"low": 1, "medium": 2, "high": 3, "urgent": 4}
# What a ticket may be given beside its custom fields; everything else of it is said by the connector.
_MEMBERS = frozenset({"cc_emails", "group_id", "product_id", "responder_id", "source", "type"})
_CUSTOM = re.compile(r"cf_[A-Za-z0-9_]{1,120}")
_LONGEST_TAG = 32


def is_custom(name: str) -> bool:
    """Whether it is the name of a custom field."""
    return bool(_CUSTOM.fullmatch(name))


def _tags(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        if not label or len(label) > _LONGEST_TAG or "," in label:
            raise ValueError(f"{shown(label)} is no tag: no commas, and at most {_LONGEST_TAG} characters")
    return labels


def _fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    for name in fields:
        if name not in _MEMBERS and not is_custom(name):
            hint = nearest(name, _MEMBERS) or f"known: cf_…, {', '.join(sorted(_MEMBERS))}"
            raise ValueError(f"{shown(name)} is neither a custom field (cf_…) nor known here ({hint})")
    return fields


def _priorities(priorities: Mapping[str, str]) -> Mapping[str, str]:
    for name in priorities.values():
        if name and name not in PRIORITIES:
            raise ValueError(f"{shown(name)} is no priority of Freshdesk: {', '.join(PRIORITIES)}")
    return priorities


class FreshdeskOptions(TicketOptions):
    """Which Freshdesk, who we are there, and where the key is kept."""

    url: WebAddress = Field(
        description="the address of the account", examples=["https://example.freshdesk.com"]
    )
    token: Secret = Field(description="the API key of an agent", examples=["${credential:freshdesk}"])
    requester: str = Field(
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="the e-mail address that tickets are asked for by",
        examples=["monitoring@example.org"],
    )
    key_field: str = Field(
        "cf_alert_key",
        pattern=_CUSTOM.pattern,
        description="the single-line custom field that carries the key",
        examples=["cf_alert_key"],
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_tags)] = Field(
        (), description="tags that every ticket gets", examples=[["monitoring"]]
    )
    fields: Annotated[Mapping[str, FieldValue], AfterValidator(_fields)] = Field(
        {},
        description="further fields of a new ticket: custom ones (`cf_…`) and `type`, `group_id`, `responder_id`, "
        "`product_id`, `source`, `cc_emails`; `${title}`, `${service}`, `${label.NAME}` and the like are filled in",
        examples=[{"cf_service": "${service}", "type": "Incident"}],
    )
    priorities: Annotated[Mapping[str, str], AfterValidator(_priorities)] = Field(
        {},
        description="what our priorities are there: low, medium, high or urgent, or an empty text to leave it alone; "
        "what is not named keeps its usual one",
        examples=[{"critical": "urgent"}],
    )
    resolved_status: int = Field(
        4,
        ge=3,
        le=9999,
        description="the number of the status that a ticket is ended with: 4 resolved, 5 closed",
    )
    public_comments: bool = Field(
        False, description="whether our comments are public notes, which the requester sees"
    )
    webhook_secret: Secret | None = Field(
        None,
        description="what an automation shows in the header X-Tocsin-Secret when it calls us",
        examples=["${credential:freshdesk-hook}"],
    )


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.freshdesk_desk import Freshdesk

    return Freshdesk(options, setting)


TYPE = ConnectorType("freshdesk", "tickets in Freshdesk", FreshdeskOptions, _connect)
