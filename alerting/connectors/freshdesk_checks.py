"""The check-up of a Freshdesk: login, the field of the key, the search, other fields, what is required there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerting.connectors.base import Finding, Result
from alerting.connectors.freshdesk import PRIORITIES, is_custom
from alerting.connectors.freshdesk_api import FreshdeskApi
from alerting.connectors.freshdesk_tickets import priority_of
from alerting.connectors.http import Ended, found

_PRIORITIES = ("critical", "high", "medium", "low", "informational")
_NOBODYS_KEY = "toc-00000000000000000000000000000000"
_TEXTS = ("custom_text", "custom_paragraph")


async def looked(api: FreshdeskApi) -> Sequence[Finding]:
    """All of it; it ends early where the rest could not be looked at."""
    login = await found("login", _login(api))
    if login.ok is False:
        return [login]
    try:
        fields = await api.fields()
    except Ended as ended:
        reason = f"ticket fields cannot be read: {ended.result.reason}"
        return [login, Finding("key", None, reason), await found("search", _search(api))]
    key = _key(api, fields)
    search = [await found("search", _search(api))] if key.ok else []
    needed = (("create", "required_for_agents"), ("end", "required_for_closure"))
    lacking = [_needed(api, fields, what, member) for what, member in needed]
    return [login, key, *search, _named(api, fields), _priorities(api), *lacking]


async def _login(api: FreshdeskApi) -> str:
    me = await api.myself()
    if me is None:
        raise Ended(Result.retry("we are let in; who we are is not told to us"))
    return f"as {(me.get('contact') or {}).get('name') or me['id']}"


async def _search(api: FreshdeskApi) -> str:
    """A key that no ticket has is to find none."""
    if await api.search(f"{api.options.key_field}:'{_NOBODYS_KEY}'"):
        raise Ended(Result.broken("asked for a key that is nobody's, it shows tickets"))
    return "answers"


def _key(api: FreshdeskApi, fields: Sequence[Mapping[str, Any]]) -> Finding:
    name = api.options.key_field
    kind = next((str(each.get("type")) for each in fields if each.get("name") == name), None)
    if kind is None:
        text = f"there is no ticket field {name}: make a single-line text field, or mend key_field:"
        return Finding("key", False, text)
    if kind not in _TEXTS:
        return Finding("key", False, f"{name} is of the type {kind}: the key needs a single-line text field")
    return Finding("key", True, f"in {name}")


def _named(api: FreshdeskApi, fields: Sequence[Mapping[str, Any]]) -> Finding:
    there = {str(each.get("name")) for each in fields}
    lacking = sorted(name for name in api.options.fields if is_custom(name) and name not in there)
    if lacking:
        return Finding("fields", False, f"there is no ticket field {', '.join(lacking)}: mend fields:")
    return Finding("fields", True, f"{len(api.options.fields)} given, all there")


def _priorities(api: FreshdeskApi) -> Finding:
    names = {number: name for name, number in PRIORITIES.items()}
    pairs = {each: priority_of(api.options, each) for each in _PRIORITIES}
    told = ", ".join(f"{each} {names[number]}" for each, number in pairs.items() if number)
    return Finding("priorities", True, told or "none is set")


def _needed(api: FreshdeskApi, fields: Sequence[Mapping[str, Any]], what: str, member: str) -> Finding:
    """Custom fields without which a ticket is refused, and that nobody told us what to fill in with."""
    given = {*api.options.fields, api.options.key_field}
    lacking = [
        f"{each.get('name')} ({each.get('label')})"
        for each in fields
        if each.get(member) is True and each.get("default") is not True and each.get("name") not in given
    ]
    if lacking:
        text = f"give a value under fields: for {', '.join(lacking)}, or make them optional"
        return Finding(f"required to {what}", False, text)
    return Finding(f"required to {what}", True, "nothing that we leave empty")
