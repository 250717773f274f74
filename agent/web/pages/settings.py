"""`/settings`: the configuration as it is in force, helpdesks with their check-ups, and reading it anew."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.views.settings import settings
from agent.web.paging import paged
from agent.web.visit import Address, Visit

_SIZE = 50
# Long lists have pages of their own.
_LISTS = ("services",)


def shown(visit: Visit) -> Response:
    """One section after the other; `?section=NAME` that one alone, whole."""
    found, asked = settings(visit.daemon.config()), visit.request.query_params.get("section", "")
    sections = {name: each for name, each in found.items() if each not in (None, {}, [], "")}
    if asked in sections:
        listed = _lines(sections[asked])
        page = paged(visit, listed, _SIZE * 10)
        return visit.page("setting.html", section=asked, page=page)
    rows = [(name, _lines(each)) for name, each in sections.items()]
    return visit.page(
        "settings.html", rows=[(name, lines[:_SIZE], len(lines)) for name, lines in rows],
        helpdesks=sorted(visit.daemon.config().helpdesks), unready=visit.daemon.unready(),
    )  # fmt: skip


def _lines(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Each setting below, by its place, as text."""
    if isinstance(value, dict) and value:
        items = [(str(name), each) for name, each in value.items() if each is not None]
    elif isinstance(value, list) and value and any(isinstance(each, dict | list) for each in value):
        items = [(str(number), each) for number, each in enumerate(value)]
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        return [(path, text)] if text and value not in ({}, []) else []
    return [line for name, each in items for line in _lines(each, f"{path}.{name}" if path else name)]


async def check(visit: Visit) -> Response:
    """Try whether helpdesks take what we send, now."""
    names = [each for each in visit.lists.get("name", ()) if each in visit.daemon.config().helpdesks]
    try:
        found = await visit.do("connectors.check", names=names)
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back="/settings")
    return visit.page("checked.html", found=found)


async def reload(visit: Visit) -> Response:
    """Read it anew; what it says is wrong changes nothing."""
    try:
        await visit.do("reload")
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back="/settings")
    return RedirectResponse("/settings", 303)


ADDRESSES = (
    Address("/settings", "GET", Right.ADMINISTER, shown),
    Address("/settings/check", "POST", Right.ADMINISTER, check),
    Address("/settings/reload", "POST", Right.ADMINISTER, reload),
)
