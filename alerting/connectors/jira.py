"""Jira, Cloud and Data Center: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import TicketOptions, WebAddress
from config.friendly import shown
from config.secrets import Secret

_SERVICE_ACCOUNTS = "api.atlassian.com"
_LONGEST_LABEL = 255
# What is made from the ticket itself, or has an option.
_TAKEN = frozenset({"description", "issuetype", "labels", "priority", "project", "summary"})


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        if not label or len(label) > _LONGEST_LABEL or any(mark.isspace() for mark in label):
            raise ValueError(
                f"{shown(label)} is no label: no spaces, and at most {_LONGEST_LABEL} characters"
            )
    return labels


class JiraOptions(TicketOptions):
    """Which Jira, which project, who we are there, and where the key is kept."""

    flavour: Literal["cloud", "dc"] = Field(description="Jira Cloud, or Data Center (Server)")
    url: WebAddress = Field(
        description="the address of the site; for a service account of Cloud "
        "https://api.atlassian.com/ex/jira/ and the cloud id",
        examples=["https://example.atlassian.net"],
    )
    site: WebAddress | None = Field(
        None,
        description="the address that people open, where url: is another",
        examples=["https://example.atlassian.net"],
    )
    project: str = Field(
        pattern=r"^[A-Z][A-Z0-9_]{1,254}$",
        description="the key of the project that gets the tickets",
        examples=["OPS"],
    )
    user: str | None = Field(
        None,
        min_length=1,
        description="whose token it is: on Cloud an e-mail address; without it the token is sent as Bearer",
        examples=["bot@example.org"],
    )
    token: Secret = Field(
        description="API token, or personal access token of Data Center", examples=["${credential:jira}"]
    )
    issue_type: str = Field(
        "Task",
        min_length=1,
        description="the type of the issues, by name or number",
        examples=["Incident"],
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_labels)] = Field(
        (), description="labels that every issue gets", examples=[["monitoring"]]
    )
    key_field: str | None = Field(
        None,
        pattern=r"^customfield_[0-9]{1,12}$",
        description="a text field that carries the key, where no labels are wanted",
        examples=["customfield_10080"],
    )
    resolve: str | None = Field(
        None,
        min_length=1,
        description="the transition, or the status, that is preferred to resolve by; default: what leads to a "
        "status of the category Done",
        examples=["Resolved"],
    )
    reopen: str | None = Field(
        None,
        min_length=1,
        description="the same to open again; default: what leads to a status that is not of that category",
        examples=["Reopen"],
    )
    resolution: str | None = Field(
        None,
        min_length=1,
        description="the resolution that is set where the transition asks for one; default: Done or Fixed",
        examples=["Done"],
    )
    public_comments: bool = Field(
        False,
        description="whether customers of Jira Service Management see, and are mailed, our comments",
    )
    webhook_secret: Secret | None = Field(
        None,
        description="the secret of a webhook that calls us when an issue changes",
        examples=["${credential:jira-hook}"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> JiraOptions:
        host = urlsplit(self.url).hostname or ""
        if self.flavour == "cloud" and self.user is None and host != _SERVICE_ACCOUNTS:
            raise ValueError(
                "user: is missing: an API token of Jira Cloud goes with the e-mail address of its owner"
            )
        if self.flavour == "dc" and (host == _SERVICE_ACCOUNTS or host.endswith(".atlassian.net")):
            raise ValueError("url: is an address of Jira Cloud: say flavour: cloud")
        if taken := sorted(set(self.fields) & _TAKEN):
            raise ValueError(f"fields: {taken[0]} has a place of its own, or comes from the ticket")
        return self


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.jira_desk import Jira

    return Jira(options, setting)


TYPE = ConnectorType("jira", "issues in Jira Cloud or Data Center", JiraOptions, _connect)
