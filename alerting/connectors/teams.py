"""Microsoft Teams by a Workflows webhook: each change is a card in a channel; nothing can be read or changed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from alerting.connectors import teams_cards
from alerting.connectors.base import Can, ConnectorType, Finding, Limits, Result, Setting
from alerting.connectors.credentials import address
from alerting.connectors.options import HttpOptions, is_here
from alerting.messages import Desired, Known, Observed, RemoteState, todo
from config.secrets import Secret

if TYPE_CHECKING:
    from alerting.connectors.http import Answer, Ended

_RETIRED = "webhook.office.com"
_ACCEPTED = 202
_ELSEWHERE = (404, 405, 410)
_SWITCHED_OFF = "WorkflowTriggerIsNotEnabled"


class TeamsOptions(HttpOptions):
    """Where cards are posted."""

    url: Secret = Field(
        description="the address that the workflow “Post to a channel when a webhook request is received” shows; "
        "whoever knows it can post",
        examples=["${credential:teams}"],
    )

    @model_validator(mode="after")
    def _is_address(self) -> TeamsOptions:
        if self.url.in_clear:
            _whole(self.url.reveal())
        return self


def _whole(address: str) -> str:
    """Raises ValueError, without the address: it is a secret."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or (parts.scheme != "https" and not is_here(address)):
        raise ValueError("url: expected the https address that the workflow shows")
    if host == _RETIRED or host.endswith(f".{_RETIRED}"):
        raise ValueError(
            "url: connectors of Office 365 were switched off; make a workflow in Teams, and take its address"
        )
    return address


class Teams:
    """Implements alerting.connectors.base.Connector. A card is there when 202 says so: more is never heard."""

    capabilities = frozenset({Can.COMMENT, Can.PRIORITY, Can.RESOLVE, Can.REOPEN})
    visibility_lag = 0.0

    def __init__(self, options: TeamsOptions, setting: Setting) -> None:
        from alerting.connectors.http import Caller, Vendor

        self._options = options
        # More than four a second are refused.
        self.limits = Limits(
            description=teams_cards.MOST_BYTES,
            comment=teams_cards.MOST_BYTES,
            per_minute=60.0,
            burst=3,
            at_once=1,
            deadline=4 * options.timeout,
        )
        self._http = Caller("", options, dict, setting.now, Vendor(_said))

    async def check(self) -> Sequence[Finding]:
        from alerting.connectors.http import Ended

        try:
            host = urlsplit(self._address()).hostname
        except Ended as ended:
            return [Finding("address", False, ended.result.reason)]
        return [Finding("address", None, f"{host}: whether it posts is only seen in the channel")]

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen = known.observed
        for comment, card in teams_cards.cards(desired, todo(desired, known, self.capabilities)):
            failed = await self._post(card)
            if failed is not None:
                return replace(failed, observed=seen)
            seen = seen or Observed(desired.key, RemoteState.OPEN, key=desired.key)
            seen = replace(seen, comments=(*seen.comments, *([comment] if comment else []))[-100:])
        if seen is None:
            return Result.ok()
        ended = RemoteState.RESOLVED if desired.state == "resolved" else RemoteState.OPEN
        return Result.ok(replace(seen, state=ended))

    async def read(self, known: Known) -> Result:
        return Result.ok(known.observed)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _post(self, card: teams_cards.Card) -> Result | None:
        """None where it was taken."""
        from alerting.connectors.http import Ask, Ended, Way

        try:
            answer = await self._http.call(Ask(Way.ONCE, "POST", self._address(), card))
        except Ended as ended:
            return _judged(ended)
        if answer.status != _ACCEPTED:
            return Result.in_doubt(
                f"HTTP {answer.status} where 202 says that a card is taken: look in the channel"
            )
        return None

    def _address(self) -> str:
        from alerting.connectors.http import Ended
        from config.secrets import SecretError

        try:
            return _whole(address(self._options.url))
        except (SecretError, ValueError) as error:
            raise Ended(Result.broken(str(error))) from None


def _judged(ended: Ended) -> Result:
    """A workflow that is gone or switched off is no card's fault."""
    if ended.status in _ELSEWHERE or _SWITCHED_OFF in ended.result.reason:
        return Result.broken(f"{ended.result.reason}: look at the workflow in Teams; mend url:")
    return ended.result


def _said(answer: Answer) -> str:
    """A word, and a sentence of it."""
    error = answer.mapping()["error"]
    return f"{error['code']}: {error['message']}"


def _connect(options: Any, setting: Setting) -> Teams:
    return Teams(options, setting)


TYPE = ConnectorType("teams", "cards in a channel of Microsoft Teams, by a workflow", TeamsOptions, _connect)
