"""The check-up of a Request Tracker: login, queue, the field of the key, other fields, the search, priorities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerting.connectors.base import Finding, Result
from alerting.connectors.http import Ended, found
from alerting.connectors.rt import MEMBERS
from alerting.connectors.rt_api import RtApi, custom_fields
from alerting.connectors.rt_tickets import priority_of

_PRIORITIES = ("critical", "high", "medium", "low", "informational")
_NOBODYS_KEY = "toc-00000000000000000000000000000000"


async def looked(api: RtApi) -> Sequence[Finding]:
    """All of it; it ends early where the rest could not be looked at."""
    login = await found("login", _login(api))
    if login.ok is False:
        return [login]
    queue = await found("queue", _queue(api))
    if not queue.ok:
        return [login, queue]
    key = await found("key field", _key(api))
    return [login, queue, key, await found("fields", _fields(api)), _priorities(api)]


async def _login(api: RtApi) -> str:
    me = await api.myself()
    return f"as {me}" if me else "we are let in; the token does not say whose it is"


async def _queue(api: RtApi) -> str:
    queue = await api.queue()
    if not _may_create(queue):
        raise Ended(
            Result.broken(f"our user may not create tickets in {api.options.queue}: grant CreateTicket")
        )
    return str(queue.get("Name") or api.options.queue)


async def _key(api: RtApi) -> str:
    """A key that no ticket has is to find none."""
    if await api.by_key(_NOBODYS_KEY):
        raise Ended(Result.broken(f"a ticket has the key {_NOBODYS_KEY}, which is nobody's: clear it"))
    return f"{api.options.key_field}, which is found by; that it may be written shows with the first ticket"


async def _fields(api: RtApi) -> str:
    named = [name for name in api.options.fields if name not in MEMBERS]
    lacking = sorted(set(named) - custom_fields(await api.queue()))
    if lacking:
        text = f"tickets of the queue have no custom field {', '.join(lacking)}: apply it, or mend fields:"
        raise Ended(Result.broken(text))
    return f"{len(api.options.fields)} given, all there"


def _priorities(api: RtApi) -> Finding:
    named = {each: priority_of(api.options, each) or "left alone" for each in _PRIORITIES}
    return Finding("priorities", True, ", ".join(f"{each} {name}" for each, name in named.items()))


def _may_create(queue: Mapping[str, Any]) -> bool:
    return any(each.get("ref") == "create" for each in queue.get("_hyperlinks") or ())
