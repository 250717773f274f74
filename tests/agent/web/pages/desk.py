"""A desk with tickets that people reported, for tests of its pages."""

from __future__ import annotations

import re
from typing import Any

import httpx

from alerting.desk.ticket import Ticket
from tests.agent.web.rig import House

EVIL = "<script>alert(1)</script>"
TEAMS = {
    "web": {
        "members": [
            {"name": "Agent One", "login": "agent", "email": "one@example.org"},
            {"name": "Agent Two", "login": "two", "email": "two@example.org"},
        ]
    },
    "infra": {"title": "Infra", "members": [{"name": "Agent Three", "email": "three@example.org"}]},
}
VENDORS = {"hoster": {"contact": "noc@example.org", "expected": "2d"}}
SECTIONS: dict[str, Any] = {"teams": TEAMS, "vendors": VENDORS}


def services(town: Any) -> dict[str, Any]:
    return {
        "shop": {"title": "Shop", "team": "web", "checks": {"site": town.check("shop")}},
        "mail": {"team": "infra", "checks": {"site": town.check("mail")}},
    }


async def opened(there: House, title: str = "Cannot log in", **more: Any) -> Ticket:
    """By somebody who called."""
    told = {"title": title, "service": "shop", "reporter": {"name": "Caller One"}, **more}
    made = await there.app.commands.answer("desk", {"verb": "tickets.open", "arguments": told}, "agent")
    return now(there, int(made["id"][2:]))


def now(there: House, number: int) -> Ticket:
    return there.app.pipeline.world.tickets[number]


async def do(there: House, ticket: Ticket, verb: str, **fields: str) -> None:
    """The act is done: the page is shown again."""
    answer = await there.post(f"/tickets/{ticket.id}", {"verb": verb, **fields})
    assert answer.status_code == 303, alert(answer)


def alert(answer: httpx.Response) -> list[str]:
    """What a page says that is wrong."""
    return re.findall(r'role="alert">(?:\s*<p>)?(.*?)<', answer.text)


def listed(page: str) -> list[str]:
    """The tickets of the queue, in its order."""
    return re.findall(r'data-ticket="(T-\d+)"', page)
