"""Redmine: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from alerting.messages import Wanted
from config.friendly import nearest, shown
from config.placeholders import FieldValue
from config.secrets import Secret

# What an issue may be given beside its custom fields; everything else of it is said by the connector.
_MEMBERS = frozenset(
    {
        "assigned_to_id", "category_id", "done_ratio", "due_date", "estimated_hours", "fixed_version_id", "is_private",
        "parent_issue_id", "start_date", "watcher_user_ids",
    }
)  # fmt: skip


def is_custom(name: str) -> bool:
    """Whether it is the number of a custom field."""
    return name.isascii() and name.isdecimal()


def _no_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if labels:
        raise ValueError("issues have no labels: name a custom field in fields:")
    return labels


def _fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    for name in fields:
        if name not in _MEMBERS and not is_custom(name):
            hint = nearest(name, _MEMBERS) or f"known: {', '.join(sorted(_MEMBERS))}"
            raise ValueError(f"{shown(name)} is neither the number of a custom field nor known here ({hint})")
    return fields


class RedmineOptions(TicketOptions):
    """Which Redmine, who we are there, and where the key is kept."""

    url: WebAddress = Field(
        description="the address of the Redmine", examples=["https://redmine.example.org"]
    )
    token: Secret = Field(
        description="API access key of our user (My account)", examples=["${credential:redmine}"]
    )
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | int = Field(
        description="identifier or number of the project that gets the issues", examples=["ops"]
    )
    tracker: str | int | None = Field(
        None, description="name or number of the tracker; default: the project's first", examples=["Bug"]
    )
    key_field: int = Field(
        ge=1,
        description="number of the issue custom field that carries the key: a text, used as a filter",
        examples=[1],
    )
    markup: Literal["textile", "markdown"] = Field(
        "textile", description="the text formatting that Redmine is set to (CommonMark: markdown)"
    )
    statuses: Mapping[Wanted, str] = Field(
        {},
        description="names of the statuses that we set; default: the first that is closed, or open, and that the "
        "workflow lets us set. One named for `resolved` is an end, also where Redmine does not call it closed",
        examples=[{"resolved": "Closed", "open": "In Progress"}],
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_no_labels)] = Field(
        (), description="none: issues have no labels; a custom field of yours goes into `fields`"
    )
    fields: Annotated[Mapping[str, FieldValue], AfterValidator(_fields)] = Field(
        {},
        description="further fields of a new issue: custom ones by their number, others (`category_id`, "
        "`assigned_to_id`) by name; `${title}`, `${service}`, `${label.NAME}` and the like are filled in",
        examples=[{"7": "${service}", "category_id": 3}],
    )
    priorities: Mapping[str, str] = Field(
        {},
        description="what our priorities are called there, or an empty text to leave it alone; what is not named keeps "
        "its usual one: Immediate, Urgent, High, Normal, Low",
        examples=[{"critical": "Immediate"}],
    )
    public_comments: bool = Field(
        False, description="whether our comments are seen by all who see the issue, and not as private notes"
    )


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.redmine_desk import Redmine

    return Redmine(options, setting)


TYPE = ConnectorType("redmine", "issues in Redmine", RedmineOptions, _connect)
