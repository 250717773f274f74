"""The agent itself, who asks, and the description of the API."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from agent.access.person import Right
from agent.views.services import agent_document
from agent.web.api.asking import Looker, ThisDaemon
from agent.web.api.looking import stored
from agent.web.api.models import Agent, Me
from agent.web.stream import Stream
from alerting.slo.figures import rfc3339

router = APIRouter(tags=["agent"])
_PROBLEM = "application/problem+json"


@router.get("/me")
def me(person: Looker) -> Me:
    """Who you are to this agent."""
    return Me(
        name=person.name,
        role=person.role.value,
        may=[each.value for each in Right if person.may(each)],
        teams=None if person.teams is None else sorted(person.teams),
        way=person.way,
    )


@router.get("/agent")
def agent(_person: Looker, daemon: ThisDaemon) -> Agent:
    """Whether it does its work."""
    reasons, whole, now = daemon.unready(), daemon.config(), daemon.clock.now()
    config = whole.agent
    with stored(daemon) as store:
        alive = agent_document(whole, store, now)
    return Agent(
        id=config.id,
        version=version("tocsin"),
        ready=not reasons,
        reasons=reasons,
        now=rfc3339(now),
        timezone=config.timezone,
        running=alive["running"],
        alive_until=alive["alive_until"],
    )


@router.get("/stream", include_in_schema=False)
async def stream(person: Looker, daemon: ThisDaemon, request: Request) -> Response:
    """What changes, as server-sent events: it has no end, and so no place in the description."""
    return Stream(daemon, request, person)


@router.get("/openapi.json", include_in_schema=False)
def openapi(_person: Looker, request: Request) -> Any:
    """What there is to ask, for programs that read it."""
    return described(request.app)


def described(app: Any) -> dict[str, Any]:
    """The description, with errors of the type that they are sent with."""
    found: dict[str, Any] = app.openapi()
    for operations in found["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "4" and "application/json" in answer.get("content", {}):
                    answer["content"] = {_PROBLEM: answer["content"]["application/json"]}
    return found
