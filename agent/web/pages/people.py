"""`/people`: who may come in, and programs with tokens; `/audit`: who did what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from agent.access.person import Right, Role
from agent.control import Refused
from agent.web.visit import Address, Visit
from config.units import parse_duration

_MANY = 100
_LONGEST = 200


async def people(visit: Visit) -> Response:
    """Users and tokens, with forms for new ones."""
    return await _page(visit)


async def _page(visit: Visit, wrong: str = "", made: Mapping[str, Any] | None = None) -> Response:
    """`made` has what is shown this once: a link, or a token."""
    users, tokens = await visit.do("users.list"), await visit.do("tokens.list")
    values: dict[str, Any] = {"users": users, "tokens": tokens, "wrong": wrong, "made": made}
    return visit.page(
        "people.html", 409 if wrong else 200, roles=list(Role), scopes=list(Right),
        teams=sorted(visit.daemon.config().teams), **values,
    )  # fmt: skip


async def act(visit: Visit) -> Response:
    """One of the forms of the page."""
    form, name = visit.form, visit.form.get("name", "").strip()[:_LONGEST]
    teams = [each for each in visit.lists.get("team", ()) if each]
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "add": ("users.add", {"role": form.get("role"), "teams": teams, "email": form.get("email") or None}),
        "change": ("users.set", {"role": form.get("role"), "teams": teams}),
        "disable": ("users.set", {"disabled": True}),
        "enable": ("users.set", {"disabled": False}),
        "link": ("users.link", {}),
        "remove": ("users.remove", {}),
        "token": ("tokens.add", {"scope": form.get("scope"), "teams": teams}),
        "revoke": ("tokens.revoke", {}),
    }
    chosen = wanted.get(form.get("act", ""))
    try:
        if chosen is None:
            raise Refused("say what is to be done")
        if unknown := [each for each in teams if each not in visit.daemon.config().teams]:
            raise Refused(f"there is no team {unknown[0][:63]}")
        command, told = chosen
        if command == "tokens.add":
            told["lasts"] = _lasts(form.get("lasts", ""))
        made = await visit.do(command, name=name, **told)
    except Refused as error:
        return await _page(visit, str(error))
    return await _page(visit, made=made)


def _lasts(said: str) -> float | None:
    """Seconds; None for ever. Raises Refused."""
    try:
        return parse_duration(said) if said.strip() else None
    except ValueError as error:
        raise Refused(f"good for: {error}") from None


async def audit(visit: Visit) -> Response:
    """The newest first; `?who=NAME`, `?before=NUMBER`."""
    asked = visit.request.query_params
    who, before = asked.get("who", "")[:80], asked.get("before", "")
    below = int(before) if before.isascii() and before.isdigit() and 0 < len(before) < 12 else None
    found = await visit.daemon.reception.audit(below or None, _MANY, who)
    more = found[-1].number if len(found) == _MANY else None
    return visit.page("audit.html", found=found, who=who, more=more)


ADDRESSES = (
    Address("/people", "GET", Right.ADMINISTER, people),
    Address("/people", "POST", Right.ADMINISTER, act),
    Address("/audit", "GET", Right.ADMINISTER, audit),
)
