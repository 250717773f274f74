"""Other tools whose alerts become tickets: their webhooks, and what they must show to be heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.conditions.paths import PathError, compile_path
from config.field_types import Severity
from config.options import Memory, Model
from config.secrets import Secret
from config.units import DAY, HOUR, duration_between

InboundType = Literal["alertmanager", "datadog", "generic", "newrelic", "pingdom", "sentry", "statuscake"]
# They can put a token nowhere but into the address, or (StatusCake) into what they send.
TOKEN_IN_ADDRESS = frozenset({"pingdom", "statuscake"})
_SIGN = ("generic", "sentry")


def _path(text: str) -> str:
    if not text.startswith("$"):
        raise ValueError(f"expected a JSON path, which begins with $ (write $.{text.lstrip('.')})")
    try:
        compile_path(text)
    except PathError as error:
        raise ValueError(str(error)) from None
    return text


def _header(text: str) -> str:
    if not text or not all(mark.isascii() and (mark.isalnum() or mark in "-_") for mark in text):
        raise ValueError("expected the name of a header, such as X-Signature-256")
    return text


JsonPath = Annotated[str, Field(max_length=300), AfterValidator(_path)]
Header = Annotated[str, Field(max_length=100), AfterValidator(_header)]
Words = Annotated[tuple[str, ...], Field(max_length=100)]


class Mapped(Model):
    """Which part of any JSON says what; each is a JSON path."""

    each: JsonPath | None = Field(
        None,
        description="the alerts, where one body has several; the other paths begin at each of them",
        examples=["$.alerts[*]"],
    )
    key: JsonPath = Field(
        description="what the alert is known by, from its beginning to its end", examples=["$.id"]
    )
    title: JsonPath | None = Field(None, description="one line; default: the key", examples=["$.title"])
    text: JsonPath | None = Field(None, description="more than a line", examples=["$.message"])
    state: JsonPath | None = Field(
        None, description="whether it fires or is over; without it, it always fires", examples=["$.status"]
    )
    firing: Words = Field(
        (),
        description="words of state that mean that it fires; default: all that do not mean that it is over",
        examples=[["firing", "open"]],
    )
    resolved: Words = Field(
        ("resolved", "recovered", "recovery", "ok", "up", "closed", "normal", "success"),
        description="words of state that mean that it is over",
    )
    severity: JsonPath | None = Field(None, description="how bad it is", examples=["$.severity"])
    service: JsonPath | None = Field(None, description="the service it is about", examples=["$.service"])
    url: JsonPath | None = Field(
        None, description="where it can be looked at over there", examples=["$.link"]
    )
    labels: JsonPath | None = Field(None, description="an object of further texts", examples=["$.tags"])
    started: JsonPath | None = Field(
        None,
        description="when it began: RFC 3339, or seconds or milliseconds since 1970",
        examples=["$.started_at"],
    )
    ended: JsonPath | None = Field(None, description="when it was over", examples=["$.ended_at"])


class Inbound(Model):
    """One tool, heard at `/api/v1/inbound/NAME`."""

    type: InboundType = Field(description="the tool, whose form is known; generic: any JSON, by `mapping`")
    token: Secret | None = Field(
        None,
        description="what the tool shows: `Authorization: Bearer …`, the password of a Basic one, or `X-Tocsin-Token`; "
        "pingdom and statuscake may also show it as `?token=`, statuscake as its own Token",
        examples=["${credential:alertmanager}"],
    )
    secret: Secret | None = Field(
        None,
        description="what the tool signs with (HMAC-SHA256 of what it sends): sentry, and generic by `signature`",
        examples=["${credential:sentry-client-secret}"],
    )
    signature: Header = Field(
        "X-Signature-256",
        description="generic: the header with the signature in hex, with or without `sha256=`",
    )
    timestamp: Header | None = Field(
        None,
        description="generic: the header with the moment in seconds since 1970, when `MOMENT:BODY` is signed",
        examples=["X-Timestamp"],
    )
    max_age: Annotated[float, duration_between(1.0, DAY)] = Field(
        300.0,
        description="how far a signed moment may be from now; what came once is not heard again",
        examples=["5m"],
    )
    service: str | None = Field(
        None,
        description="the service that its alerts are about when they name none that is known",
        examples=["shop"],
    )
    service_label: str = Field("service", description="the label of an alert that names its service")
    services: Mapping[str, str] = Field(
        {},
        description="our services by the names that the tool has for them",
        examples=[{"front-end": "shop"}],
    )
    severity: Mapping[str, Severity] = Field(
        {},
        description="our severities by the tool's words, beside the usual ones (critical, error, warning, P1 …)",
        examples=[{"page": "critical"}],
    )
    default_severity: Severity | None = Field(
        None,
        description="when an alert says none that is known; default: the criticality of its service, else medium",
    )
    reopen_within: Memory | None = Field(
        None,
        description="a recurrence this soon opens the same ticket again; default: as its service, else 24h",
        examples=["24h"],
    )
    mapping: Mapped | None = Field(None, description="generic: which part of the JSON says what")

    @model_validator(mode="after")
    def _can_be_heard(self) -> Inbound:
        if self.token is None and self.secret is None:
            kind = "secret" if self.type == "sentry" else "token"
            raise ValueError(f"anybody could send alerts (write {kind}: ${{credential:NAME}})")
        if self.secret is not None and self.type not in _SIGN:
            raise ValueError(f"secret: {self.type} signs nothing (write token: instead)")
        if self.type == "generic" and self.mapping is None:
            raise ValueError(
                "generic needs mapping: (write mapping: {key: $.id, title: $.title, state: $.status})"
            )
        if self.type != "generic" and (self.mapping is not None or self.timestamp is not None):
            raise ValueError(
                f"mapping and timestamp are for type: generic (the form of {self.type} is known)"
            )
        return self


DEFAULT_REOPEN = 24 * HOUR
