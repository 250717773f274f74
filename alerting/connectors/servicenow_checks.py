"""The check-up of a ServiceNow: login, table, the column of the key, further columns, resolution code, states."""

from __future__ import annotations

from collections.abc import Sequence

from alerting.connectors.base import Finding, Result
from alerting.connectors.http import Ended, found
from alerting.connectors.servicenow_api import ServiceNowApi
from alerting.connectors.servicenow_records import Record, priority_of, value

_PRIORITIES = ("critical", "high", "medium", "low", "informational")
_MOST_CHOICES = 100
_KEY = "correlation_id"


async def looked(api: ServiceNowApi) -> Sequence[Finding]:
    """All of it; it ends early where the rest could not be looked at."""
    login = await found("login", _login(api))
    if login.ok is False:
        return [login]
    table = await found(f"table {api.options.table}", _table(api))
    if table.ok is not True:
        return [login, table]
    try:
        rows = await api.rows(api.options.table, {"sysparm_limit": "1"})
        key = await _key(api, rows)
    except Ended as ended:
        return [login, table, Finding("key", None, ended.result.reason)]
    codes, states = await _choices(api, "close_code"), await _choices(api, "state")
    named = [_columns(api, rows), _priorities(api), _close_code(api, codes), _states(api, states)]
    return [login, table, key, *named]


async def _login(api: ServiceNowApi) -> str:
    me = await api.myself()
    if me is None:
        raise Ended(Result.retry("we are let in; who we are is not for us to read (table sys_user)"))
    return f"as {value(me, 'name') or api.options.user}"


async def _table(api: ServiceNowApi) -> str:
    await api.proved()
    return "is to be seen"


async def _key(api: ServiceNowApi, rows: Sequence[Record]) -> Finding:
    """Whether the column of the key is shown to us: one that is not for us is left out, or always empty."""
    if rows and _KEY not in rows[0]:
        return Finding("key", False, f"{_KEY} is not shown to us: let our role read (and write) that column")
    filled = await api.query(f"{_KEY}ISNOTEMPTY", 1)
    if filled and not value(filled[0], _KEY):
        text = f"{_KEY} is shown empty where it is not: let our role read (and write) that column"
        return Finding("key", False, text)
    if not filled:
        text = f"no record carries a {_KEY} yet: whether we may read it is seen when the first one is made"
        return Finding("key", None, text)
    return Finding("key", True, f"in {_KEY}, which we can read")


def _columns(api: ServiceNowApi, rows: Sequence[Record]) -> Finding:
    """An unknown column is ignored without a word when a record is made."""
    wanted = sorted(api.options.fields)
    if not wanted:
        return Finding("fields", True, "none is given")
    if not rows:
        return Finding("fields", None, "there is no record yet to see columns by")
    lacking = [name for name in wanted if name not in rows[0]]
    if lacking:
        text = (
            f"{api.options.table} shows no column {', '.join(lacking)}: what is given for it would be ignored"
        )
        return Finding("fields", False, text)
    return Finding("fields", True, f"{len(wanted)} given, all there")


def _priorities(api: ServiceNowApi) -> Finding:
    pairs = {each: priority_of(api.options, each) for each in _PRIORITIES}
    told = ", ".join(f"{each} {'/'.join(pair.values())}" for each, pair in pairs.items() if pair)
    return Finding("priorities", True, f"impact/urgency: {told or 'none is set'}")


async def _choices(api: ServiceNowApi, column: str) -> set[str] | None:
    """The values that a column offers; None where they are not for us to read."""
    query = f"name={api.options.table}^element={column}^inactive=false"
    params = {
        "sysparm_query": query,
        "sysparm_fields": "name,element,value",
        "sysparm_limit": str(_MOST_CHOICES),
    }
    try:
        rows = await api.rows("sys_choice", params)
    except Ended:
        return None
    fits = [
        row for row in rows if value(row, "element") == column and value(row, "name") == api.options.table
    ]
    return {value(row, "value") for row in fits} or None


def _close_code(api: ServiceNowApi, offered: set[str] | None) -> Finding:
    code = api.options.close_code
    if offered is None:
        text = f"whether there is a resolution code {code} is not for us to see: look in an incident's form"
        return Finding("close_code", None, text)
    if code not in offered:
        text = f"there is no resolution code {code}; close_code: may be {', '.join(sorted(offered))}"
        return Finding("close_code", False, text)
    return Finding("close_code", True, code)


def _states(api: ServiceNowApi, offered: set[str] | None) -> Finding:
    options = api.options
    wanted = {"resolved_state": options.resolved_state, "open_state": options.open_state}
    if offered is None:
        return Finding("states", None, "which states there are is not for us to see")
    lacking = [f"{name}: {number}" for name, number in wanted.items() if number not in offered]
    if lacking:
        text = f"not there: {', '.join(lacking)}; there are {', '.join(sorted(offered))}"
        return Finding("states", False, text)
    return Finding("states", True, f"resolved is {options.resolved_state}, opened again {options.open_state}")
