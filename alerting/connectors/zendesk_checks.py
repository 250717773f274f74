"""The check-up of a Zendesk: login, the filter that finds the key, fields, priorities, what solving asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerting.connectors.base import Finding, Result
from alerting.connectors.http import Ended, found
from alerting.connectors.zendesk import is_custom
from alerting.connectors.zendesk_api import ZendeskApi
from alerting.connectors.zendesk_bodies import priority_name

_PRIORITIES = ("critical", "high", "medium", "low", "informational")
_NOBODYS_KEY = "toc-00000000000000000000000000000000"
# Said by the connector, or by Zendesk itself.
_SYSTEM = frozenset(
    {"assignee", "custom_status", "description", "group", "priority", "status", "subject", "tickettype"}
)


async def looked(api: ZendeskApi) -> Sequence[Finding]:
    """All of it; it ends early where the rest could not be looked at."""
    login = await found("login", _login(api))
    if login.ok is False:
        return [login]
    findings = [login, await found("key", _key(api))]
    try:
        fields = await api.fields()
    except Ended as ended:
        return [*findings, Finding("fields", None, f"ticket fields cannot be read: {ended.result.reason}")]
    return [*findings, _named(api, fields), _priorities(api, fields), _to_solve(api, fields)]


async def _login(api: ZendeskApi) -> str:
    me = await api.myself()
    if me is None:
        raise Ended(Result.retry("we are let in; who we are is not told to us"))
    return f"as {me.get('name') or me['id']} ({me.get('role')})"


async def _key(api: ZendeskApi) -> str:
    """A key that no ticket has is to find none."""
    if await api.by_key(_NOBODYS_KEY):
        raise Ended(
            Result.broken(f"a ticket has the external id {_NOBODYS_KEY}, which is nobody's: clear it")
        )
    return "as external id, which is found by"


def _named(api: ZendeskApi, fields: Sequence[Mapping[str, Any]]) -> Finding:
    there = {str(each.get("id")) for each in fields if each.get("active") is not False}
    lacking = sorted(name for name in api.options.fields if is_custom(name) and name not in there)
    if lacking:
        text = f"there is no active ticket field {', '.join(lacking)}: mend fields:"
        return Finding("fields", False, text)
    return Finding("fields", True, f"{len(api.options.fields)} given, all there")


def _priorities(api: ZendeskApi, fields: Sequence[Mapping[str, Any]]) -> Finding:
    known = [each for each in fields if each.get("type") in ("priority", "basic_priority")]
    if known and known[0].get("active") is False:
        return Finding("priorities", False, "the ticket field Priority is switched off: activate it")
    named = {each: priority_name(api.options, each) for each in _PRIORITIES}
    offered = {
        str(each.get("value")) for each in (known[0].get("system_field_options") or () if known else ())
    }
    if offered and (wrong := sorted({name for name in named.values() if name not in offered})):
        there = ", ".join(sorted(offered))
        return Finding(
            "priorities", False, f"{', '.join(wrong)} is not offered there; priorities: may name {there}"
        )
    return Finding("priorities", True, ", ".join(f"{each} {name}" for each, name in named.items()))


def _to_solve(api: ZendeskApi, fields: Sequence[Mapping[str, Any]]) -> Finding:
    """Fields without which no ticket is solved, and that nobody told us what to fill in with."""
    lacking = [
        f"{each.get('id')} ({each.get('title')})"
        for each in fields
        if each.get("required") is True
        and each.get("active") is not False
        and each.get("type") not in _SYSTEM
        and str(each.get("id")) not in api.options.fields
    ]
    if lacking:
        text = f"give a value under fields: for {', '.join(lacking)}, or no ticket is solved"
        return Finding("required to solve", False, text)
    return Finding("required to solve", True, "nothing that we leave empty")
