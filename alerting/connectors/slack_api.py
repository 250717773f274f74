"""Slack's Web API: one call, and what its answer means. Failures come as HTTP 200 with `"ok": false`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerting.connectors.base import Outcome, Result
from alerting.connectors.http import Answer, Ask, Caller, Ended, Way, lost

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_LONGEST = 200
_WAIT = 60.0
# Nothing gets through until somebody mends it.
_BROKEN = {
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"), "mend token:"
    ),
    **dict.fromkeys(("not_allowed_token_type", "org_login_required"), "take the bot token of an app"),
    **dict.fromkeys(
        ("no_permission", "access_denied", "ekm_access_denied", "team_access_not_granted", "is_inactive"),
        "let the app into the workspace",
    ),
    "missing_scope": "give the app that scope, install it again",
    "channel_not_found": "mend channel:, and invite the app if it is private",
    "not_in_channel": "invite the app to the channel",
    **dict.fromkeys(("unknown_method", "method_deprecated", "deprecated_endpoint"), "mend url:"),
    "is_archived": "unarchive the channel, or name another",
    "restricted_action": "a setting of the workspace forbids the app to post there",
    "restricted_action_read_only_channel": "nobody may post there",
    "two_factor_setup_required": "the app's owner has to set up a second factor",
}
_RATE = ("ratelimited", "rate_limited")
_PASSING = ("service_unavailable", "team_added_to_org", "accesslimited")
# Some of it may have been done.
_UNSURE = ("fatal_error", "internal_error", "request_timeout")
_ELSEWHERE = (404, 405, 410)


class Refused(Ended):
    """Slack said no; `error` is its word for it."""

    def __init__(self, result: Result, error: str) -> None:
        super().__init__(result, 200)
        self.error = error


async def called(
    caller: Caller, way: Way, method: str, said: Mapping[str, Any]
) -> tuple[dict[str, Any], Answer]:
    """What a method answers; `said` are its arguments. Raises Ended, and Refused where Slack itself says no."""
    if way is Way.READ:
        ask = Ask(way, "GET", f"/{method}", params={name: str(value) for name, value in said.items()})
    else:
        ask = Ask(way, "POST", f"/{method}", dict(said), headers=_JSON)
    try:
        answer = await caller.call(ask)
    except Ended as ended:
        if ended.status in _ELSEWHERE:
            reason = f"{method}: HTTP {ended.status}: Slack's Web API is not there; mend url:"
            raise Ended(Result.broken(reason), ended.status) from None
        raise
    told = answer.mapping()
    if told.get("ok") is True:
        return told, answer
    error = told.get("error")
    if told.get("ok") is not False or not isinstance(error, str):
        reason = f"{method}: HTTP {answer.status} without ok: it is not Slack that answers"
        raise Ended(lost(way, reason, Outcome.BROKEN), answer.status)
    raise Refused(_judged(way, method, told, answer), error)


def _judged(way: Way, method: str, told: Mapping[str, Any], answer: Answer) -> Result:
    error = str(told["error"])
    reason = f"{method}: {_reason(error, told)}"
    if error in _RATE:
        asked = answer.headers.get("retry-after", "")
        return Result.retry(reason, float(asked) if asked.isascii() and asked.isdecimal() else _WAIT)
    if error in _PASSING:
        return Result.retry(reason)
    if error in _UNSURE:
        return lost(way, reason)
    if error in _BROKEN:
        return Result.broken(f"{reason}: {_BROKEN[error]}")
    return Result.permanent(reason)


def _reason(error: str, told: Mapping[str, Any]) -> str:
    """Its word, and what it adds to it."""
    needed, more = told.get("needed"), told.get("response_metadata")
    messages = more.get("messages") if isinstance(more, dict) else None
    parts = [error, f"needs {needed}" if isinstance(needed, str) else ""]
    parts += [str(each) for each in messages] if isinstance(messages, list) else []
    return ", ".join(part for part in parts if part)[:_LONGEST]
