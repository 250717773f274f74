"""PagerDuty by Events API v2: each ticket is an alert known by its key; nothing can be read or changed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from alerting.connectors import pagerduty_events
from alerting.connectors.base import Can, ConnectorType, Finding, Limits, Outcome, Result, Setting
from alerting.connectors.options import HttpOptions, WebAddress
from alerting.connectors.pagerduty_events import Event
from alerting.messages import Desired, Known, Observed, RemoteState, todo
from config.secrets import Secret, SecretError

_ACCEPTED, _REFUSED = 202, 400
_USUAL_LENGTH = 32


class PagerDutyOptions(HttpOptions):
    """Which integration of a service gets the events."""

    routing_key: Secret = Field(
        description="the integration key of an Events API v2 integration of the service",
        examples=["${credential:pagerduty}"],
    )
    url: WebAddress = Field(
        "https://events.pagerduty.com",
        description="where events go; accounts in the EU have another address",
        examples=["https://events.eu.pagerduty.com"],
    )


class PagerDuty:
    """Implements alerting.connectors.base.Connector.

    PagerDuty folds what has the same key into the alert that is open (DEDUPE). After its end the same key would begin
    another incident, so what comes again carries a key of its own: there is no REOPEN.
    """

    capabilities = frozenset({Can.DEDUPE, Can.RESOLVE})
    visibility_lag = 0.0

    def __init__(self, options: PagerDutyOptions, setting: Setting) -> None:
        from alerting.connectors.http import Caller, Vendor

        self._options, self._setting = options, setting
        self.limits = Limits(
            title=pagerduty_events.MOST_SUMMARY,
            description=pagerduty_events.MOST_DETAILS,
            per_minute=60.0,
            deadline=4 * options.timeout,
        )
        self._http = Caller(options.url, options, dict, setting.now, Vendor(_said))

    async def check(self) -> Sequence[Finding]:
        """Without an event nobody learns whether the key is taken."""
        try:
            key = self._options.routing_key.reveal()
        except SecretError as error:
            return [Finding("routing key", False, str(error))]
        if not key.isalnum() or not key.isascii():
            told = "it has other characters than letters and digits: take the integration key, and no address"
            return [Finding("routing key", False, told)]
        told = "whether it is taken is only seen with an event: `tocsin tickets test --route N` sends one"
        if len(key) != _USUAL_LENGTH:
            told = f"it has {len(key)} characters, and {_USUAL_LENGTH} are usual; {told}"
        return [Finding("routing key", None, told)]

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen = known.observed
        work = todo(desired, known, self.capabilities)
        for event in pagerduty_events.events(desired, work, self._setting.agent):
            failed = await self._send(event, desired.key)
            if failed is not None:
                return replace(failed, observed=seen)
            ended = event["event_action"] == "resolve"
            seen = seen or Observed(desired.key, RemoteState.OPEN)
            seen = replace(seen, state=RemoteState.RESOLVED if ended else RemoteState.OPEN)
        return Result.ok(seen)

    async def read(self, known: Known) -> Result:
        return Result.ok(known.observed)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _send(self, event: Event, key: str) -> Result | None:
        """None where it was taken, under this key."""
        from alerting.connectors.http import Ask, Ended, Way

        try:
            routing_key = self._options.routing_key.reveal()
            ask = Ask(Way.AGAIN, "POST", "/v2/enqueue", {"routing_key": routing_key, **event})
            answer = await self._http.call(ask)
            told = answer.mapping()
        except SecretError as error:
            return Result.broken(str(error))
        except Ended as ended:
            return _refused(ended.result, ended.status)
        if answer.status != _ACCEPTED or told.get("status") != "success":
            return Result.in_doubt(f"HTTP {answer.status} where 202 and success say that an event is taken")
        if told.get("dedup_key", key) != key:
            return Result.broken("the event was taken under another key than ours")
        return None


def _refused(result: Result, status: int) -> Result:
    """A key that nobody knows, or an address where there is no such API, is no ticket's fault."""
    if status == _REFUSED and "routing" in result.reason.lower():
        return Result.broken(f"{result.reason}: mend routing_key:")
    if result.outcome is Outcome.PERMANENT and status in (404, 405, 410):
        return Result.broken(f"HTTP {status}: there is no Events API v2; mend url:")
    return result


def _said(answer: Any) -> str:
    told = answer.mapping()
    errors = told.get("errors")
    parts = [told.get("message"), *(errors if isinstance(errors, list) else ())]
    return "; ".join(str(each) for each in parts if each)


def _connect(options: Any, setting: Setting) -> PagerDuty:
    return PagerDuty(options, setting)


TYPE = ConnectorType("pagerduty", "incidents in PagerDuty, by Events API v2", PagerDutyOptions, _connect)
