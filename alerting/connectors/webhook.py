"""Any receiver of CloudEvents by HTTP: each change is one signed event, which keeps its id when it is sent again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from alerting.connectors import webhook_events
from alerting.connectors.base import Can, ConnectorType, Finding, Limits, Outcome, Result, Setting
from alerting.connectors.credentials import address
from alerting.connectors.options import HttpOptions, is_here
from alerting.connectors.webhook_events import Event, Mode, events, signed
from alerting.messages import Desired, Known, Observed, RemoteState, todo
from config.secrets import Secret

_DAY = 86_400.0
_ELSEWHERE = (404, 405)
_PAGE = re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = re.compile(r"(?i)content-|ce-|webhook-|host|idempotency-key|transfer-encoding")


def _header_names(headers: Mapping[str, Secret]) -> Mapping[str, Secret]:
    for name in headers:
        if not _NAME.fullmatch(name):
            raise ValueError(f'"{name[:60]}" is no name of a header')
        if _OURS.match(name):
            raise ValueError(f'"{name[:60]}" is said by the connector itself')
    return headers


class WebhookOptions(HttpOptions):
    """Where events go, and how the receiver knows that they are ours."""

    url: Secret = Field(
        description="where events are posted; taken for a secret, as many such addresses are one",
        examples=["https://hooks.example.org/tocsin"],
    )
    secret: Secret | None = Field(
        None,
        description="events are signed with it (HMAC-SHA256, as Standard Webhooks say); whsec_… is read as base64",
        examples=["${credential:webhook}"],
    )
    headers: Annotated[Mapping[str, Secret], AfterValidator(_header_names)] = Field(
        {}, description="further headers", examples=[{"Authorization": "Bearer ${credential:webhook}"}]
    )
    mode: Mode = Field(
        "structured",
        description="how an event is written: one JSON document (structured), or its data alone with ce- headers "
        "(binary)",
    )

    @model_validator(mode="after")
    def _is_address(self) -> WebhookOptions:
        if self.url.in_clear:
            _whole(self.url.reveal())
        return self

    @property
    def unwise(self) -> str:
        if not self.url.in_clear:
            return ""
        address = self.url.reveal()
        plain = urlsplit(address).scheme == "http" and not is_here(address)
        return "url: is http: anybody on the way can read and change events" if plain else ""


def _whole(address: str) -> str:
    """Raises ValueError, without the address: it may be a secret."""
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or any(mark <= " " or mark == "\x7f" for mark in address):
        raise ValueError("url: expected an address like https://hooks.example.org/tocsin")
    return address


class Webhook:
    """Implements alerting.connectors.base.Connector.

    What was sent cannot be looked up. Sent again it has the same id, by which receivers know it: DEDUPE stands on that.
    """

    capabilities = frozenset({Can.DEDUPE, Can.COMMENT, Can.PRIORITY, Can.RESOLVE, Can.REOPEN})
    visibility_lag = 0.0

    def __init__(self, options: WebhookOptions, setting: Setting) -> None:
        from alerting.connectors.http import Caller

        self._options, self._setting = options, setting
        self._source = f"/tocsin/{setting.agent}"
        self.limits = Limits(description=webhook_events.MOST_BYTES, deadline=4 * options.timeout)
        self._http = Caller("", options, self._headers, setting.now)

    async def check(self) -> Sequence[Finding]:
        from alerting.connectors.http import Ask, Ended, Way

        ask = Ask(Way.READ, "OPTIONS", "", headers={"WebHook-Request-Origin": "tocsin"}, also=(404, 405, 501))
        try:
            answer = await self._http.call(replace(ask, path=self._address()))
        except Ended as ended:
            sure = ended.result.outcome in (Outcome.BROKEN, Outcome.PERMANENT)
            return [Finding("receiver", False if sure else None, ended.result.reason)]
        allowed = answer.headers.get("webhook-allowed-origin")
        if allowed in ("*", "tocsin"):
            return [Finding("receiver", True, "it takes events of ours")]
        return [
            Finding("receiver", None if answer.status == 404 else True, f"it answers (HTTP {answer.status})")
        ]

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen = known.observed
        sent = int(seen.memo.get("sent", 0)) if seen else 0
        work = todo(desired, known, self.capabilities)
        for event in events(desired, work, sent):
            failed = await self._tell(event, desired)
            if failed is not None:
                return replace(failed, observed=seen)
            seen = _after(seen, event, desired)
        return Result.ok(seen)

    async def read(self, known: Known) -> Result:
        return Result.ok(known.observed)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _tell(self, event: Event, desired: Desired) -> Result | None:
        """None where it was taken."""
        from alerting.connectors.http import Ask, Ended, Way

        headers, body = webhook_events.request(event, desired, self._source, self._options.mode)
        headers["Idempotency-Key"] = event.id
        try:
            if self._options.secret is not None:
                headers |= signed(self._options.secret.reveal(), event, body, int(self._setting.now()))
            answer = await self._http.call(Ask(Way.AGAIN, "POST", self._address(), body, headers=headers))
        except Ended as ended:
            if ended.status in _ELSEWHERE:
                return Result.broken(f"{ended.result.reason}: nothing takes events there; mend url:")
            gone = ended.status == 410
            return (
                Result(Outcome.BROKEN, reason="HTTP 410: it wants no more events", after=_DAY)
                if gone
                else ended.result
            )
        except ValueError as error:
            return Result.broken(str(error))
        if _PAGE.match(answer.body):
            return Result.broken(f"HTTP {answer.status} with a web page: is there a login before it?")
        return None

    def _address(self) -> str:
        from alerting.connectors.http import Ended
        from config.secrets import SecretError

        try:
            return _whole(address(self._options.url))
        except (SecretError, ValueError) as error:
            raise Ended(Result.broken(str(error))) from None

    def _headers(self) -> Mapping[str, str]:
        return {name: value.reveal() for name, value in self._options.headers.items()}


def _after(seen: Observed | None, event: Event, desired: Desired) -> Observed:
    """What is known of the receiver's side: what it was told."""
    if seen is None:
        seen = Observed(desired.key, RemoteState.OPEN, key=desired.key, memo={"sent": 0})
    if event.comment is not None:
        return replace(seen, comments=(*seen.comments, event.comment.id)[-100:])
    changed = {"resolved": RemoteState.RESOLVED, "reopened": RemoteState.OPEN}.get(event.what, seen.state)
    return replace(seen, state=changed, memo={"sent": int(seen.memo.get("sent", 0)) + 1})


def _connect(options: Any, setting: Setting) -> Webhook:
    return Webhook(options, setting)


TYPE = ConnectorType("webhook", "CloudEvents by HTTP POST, signed", WebhookOptions, _connect)
