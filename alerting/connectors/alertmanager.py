"""Alertmanager: the options, and the type. What speaks to it is loaded when it is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from alerting.connectors.alertmanager_alerts import OURS
from alerting.connectors.base import Connector, ConnectorType, Setting
from alerting.connectors.options import HttpOptions, WebAddress, is_here
from config.field_types import TextOrList
from config.friendly import shown
from config.secrets import Secret
from config.units import Duration

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _label_names(labels: Mapping[str, str]) -> Mapping[str, str]:
    for name in labels:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{shown(name)} is no name of a label: letters, digits and _, no digit first")
        if name in OURS:
            raise ValueError(f"{shown(name)} is said by the connector itself")
    return labels


class AlertmanagerOptions(HttpOptions):
    """Which members are told, who we are there, and how often they hear that an alert lasts."""

    url: Annotated[tuple[WebAddress, ...], TextOrList, Field(min_length=1, max_length=20)] = Field(
        description="the address of Alertmanager, with its path prefix; of several members each one's own, as all "
        "of them have to be told",
        examples=[["https://am-1.example.org:9093", "https://am-2.example.org:9093"]],
    )
    user: str | None = Field(None, min_length=1, description="log in with this name", examples=["tocsin"])
    password: Secret | None = Field(
        None, description="and this password", examples=["${credential:alertmanager}"]
    )
    token: Secret | None = Field(
        None,
        description="sent as Bearer, for a proxy before it that wants one",
        examples=["${credential:alertmanager}"],
    )
    labels: Annotated[Mapping[str, str], AfterValidator(_label_names)] = Field(
        {}, description="labels that every alert gets, to route by", examples=[{"source": "tocsin"}]
    )
    interval: Annotated[Duration, Field(ge=1, le=600)] = Field(
        60.0,
        description="how often an open alert is sent again; one that is not for four times as long ends there",
        examples=["60s"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> AlertmanagerOptions:
        if (self.user is None) != (self.password is None):
            raise ValueError("user: and password: go together")
        if self.user is not None and self.token is not None:
            raise ValueError("token: and user: cannot both be sent")
        return self

    @property
    def address(self) -> str:
        """Of the members the one that is reached least safely."""
        return min(self.url, key=lambda each: urlsplit(each).scheme == "https" or is_here(each))


def _connect(options: Any, setting: Setting) -> Connector:
    from alerting.connectors.alertmanager_heartbeat import Alertmanager

    return Alertmanager(options, setting)


TYPE = ConnectorType(
    "alertmanager", "alerts in Prometheus Alertmanager, kept up by a heartbeat", AlertmanagerOptions, _connect
)
