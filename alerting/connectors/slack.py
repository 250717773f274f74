"""Slack: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import HttpOptions, WebAddress, is_here
from config.friendly import shown
from config.secrets import Secret

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{4,30}")


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        raise ValueError(
            f"expected the id of a channel, such as C0123456789 (Slack shows it in the channel's details), "
            f"got {shown(text)}"
        )
    return text


class SlackOptions(HttpOptions):
    """A channel by an app's token, or what an incoming webhook leads to."""

    token: Secret | None = Field(
        None,
        description="bot token of an app with the scopes chat:write and channels:history (groups:history for a "
        "private channel)",
        examples=["${credential:slack}"],
    )
    channel: Annotated[str, AfterValidator(_channel)] | None = Field(
        None, description="the id of the channel; the app is to be a member of it", examples=["C0123456789"]
    )
    webhook_url: Secret | None = Field(
        None,
        description="instead of both the address of an incoming webhook, where nothing can be read or changed",
        examples=["${credential:slack-webhook}"],
    )
    url: WebAddress = Field("https://slack.com/api", description="where the Web API is")

    @model_validator(mode="after")
    def _fits_together(self) -> SlackOptions:
        if self.webhook_url is None and (self.token is None or self.channel is None):
            raise ValueError("token: and channel: are needed, or webhook_url:")
        if self.webhook_url is not None and (self.token is not None or self.channel is not None):
            raise ValueError("webhook_url: stands alone, without token: and channel:")
        if self.webhook_url is not None and self.webhook_url.in_clear:
            whole(self.webhook_url.reveal())
        return self


def whole(address: str) -> str:
    """Raises ValueError, without the address: it is a secret."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or (parts.scheme != "https" and not is_here(address)) or not address.isprintable():
        raise ValueError("webhook_url: expected the https address that Slack shows")
    return address


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.slack_bot import SlackBot
    from alerting.connectors.slack_webhook import SlackWebhook

    return SlackBot(options, setting) if options.webhook_url is None else SlackWebhook(options, setting)


TYPE = ConnectorType("slack", "messages in a channel of Slack, kept up to date", SlackOptions, _connect)
