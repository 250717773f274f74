"""Slack by an incoming webhook: each change is a message; nothing can be read or changed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from alerting.connectors import slack_blocks
from alerting.connectors.base import Can, Finding, Limits, Result, Setting
from alerting.connectors.credentials import address
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way
from alerting.connectors.slack import SlackOptions, whole
from alerting.messages import Desired, Known, Observed, RemoteState, todo
from config.secrets import SecretError

_TAKEN = b"ok"
_ELSEWHERE = (404, 405, 410)
# Of HTTP 400 what is no message's fault.
_BROKEN = ("invalid_token", "no_service", "no_active_hooks", "no_team", "user_not_found", "channel_not_found")


class SlackWebhook:
    """Implements alerting.connectors.base.Connector. A message is there when 200 and `ok` say so."""

    capabilities = frozenset({Can.COMMENT, Can.PRIORITY, Can.RESOLVE, Can.REOPEN})
    visibility_lag = 0.0

    def __init__(self, options: SlackOptions, setting: Setting) -> None:
        self._options = options
        self.limits = Limits(
            title=500,
            description=slack_blocks.MOST_BYTES,
            comment=slack_blocks.MOST_BYTES,
            per_minute=40.0,
            burst=3,
            at_once=1,
            per_ticket=1.0,
            deadline=4 * options.timeout,
        )
        self._http = Caller("", options, dict, setting.now, Vendor(_said))

    async def check(self) -> Sequence[Finding]:
        try:
            host = urlsplit(self._address()).hostname
        except Ended as ended:
            return [Finding("address", False, ended.result.reason)]
        return [Finding("address", None, f"{host}: whether it posts is only seen in the channel")]

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen = known.observed
        for comment, message in slack_blocks.posts(desired, todo(desired, known, self.capabilities)):
            failed = await self._post(message)
            if failed is not None:
                return replace(failed, observed=seen)
            seen = seen or Observed(desired.key, RemoteState.OPEN)
            seen = replace(seen, comments=(*seen.comments, *([comment] if comment else []))[-100:])
        if seen is None:
            return Result.ok()
        return Result.ok(
            replace(seen, state=RemoteState.RESOLVED if desired.state == "resolved" else RemoteState.OPEN)
        )

    async def read(self, known: Known) -> Result:
        return Result.ok(known.observed)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _post(self, message: dict[str, Any]) -> Result | None:
        """None where it was taken."""
        try:
            answer = await self._http.call(Ask(Way.ONCE, "POST", self._address(), message))
        except Ended as ended:
            return _judged(ended)
        if answer.status != 200 or answer.body.strip() != _TAKEN:
            return Result.in_doubt(
                f"HTTP {answer.status} where 200 and ok say that it is taken: look in the channel"
            )
        return None

    def _address(self) -> str:
        assert self._options.webhook_url is not None
        try:
            return whole(address(self._options.webhook_url))
        except (SecretError, ValueError) as error:
            raise Ended(Result.broken(str(error))) from None


def _judged(ended: Ended) -> Result:
    """An address that leads nowhere is no message's fault; whoever sends us elsewhere may have posted it."""
    reason = ended.result.reason
    if 300 <= ended.status < 400:
        return Result.in_doubt(f"{reason.partition(';')[0]}: look in the channel")
    if ended.status in _ELSEWHERE or any(word in reason for word in _BROKEN):
        return Result.broken(f"{reason}: mend webhook_url:")
    return ended.result


def _said(answer: Answer) -> str:
    """One word, such as `invalid_payload`; a page says nothing."""
    return "" if answer.body.lstrip().startswith(b"<") else answer.text
