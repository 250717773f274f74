"""GitHub issues: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from config.friendly import nearest, shown
from config.placeholders import FieldValue
from config.secrets import Secret

_LONGEST_LABEL = 50
_FIELDS = ("assignees", "issue_field_values", "milestone", "type")


def _label(name: str) -> str:
    if not name.strip() or len(name) > _LONGEST_LABEL or "," in name:
        raise ValueError(f"{shown(name)} is no label: at most {_LONGEST_LABEL} characters, and no comma")
    return name


def _labels(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_label(name) for name in names)


def _priorities(names: Mapping[str, str]) -> Mapping[str, str]:
    return {priority: _label(name) if name else "" for priority, name in names.items()}


def _fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    for name in fields:
        if name not in _FIELDS:
            hint = nearest(name, _FIELDS) or f"known: {', '.join(_FIELDS)}"
            raise ValueError(f"{shown(name)} is not set when an issue is created ({hint})")
    return fields


class GithubOptions(TicketOptions):
    """Which repository, and who we are there."""

    url: WebAddress = Field(
        "https://api.github.com",
        description="the address of the API; that of GitHub Enterprise Server ends in /api/v3",
        examples=["https://github.example.org/api/v3"],
    )
    repo: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}$",
        description="the repository that gets the issues: owner/name",
        examples=["example/operations"],
    )
    token: Secret = Field(
        description="a token that may read and write issues there", examples=["${credential:github}"]
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_labels)] = Field(
        (), description="labels that every issue gets", examples=[["monitoring"]]
    )
    fields: Annotated[Mapping[str, FieldValue], AfterValidator(_fields)] = Field(
        {},
        description="what else an issue is created with: assignees, milestone, type; `${service}` and the like are "
        "filled in",
        examples=[{"assignees": ["agent-one"]}],
    )
    priorities: Annotated[Mapping[str, str], AfterValidator(_priorities)] = Field(
        {},
        description='the labels that say a priority; default: priority-high and so on; "" for none',
        examples=[{"critical": "P1"}],
    )
    webhook_secret: Secret | None = Field(
        None,
        description="the secret of a webhook that calls us when an issue changes",
        examples=["${credential:github-hook}"],
    )


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.github_desk import Github

    return Github(options, setting)


TYPE = ConnectorType("github", "issues in a repository of GitHub", GithubOptions, _connect)
