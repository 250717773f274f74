"""Who asks the API, and of which daemon: dependencies that its addresses name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from agent.access.person import Person, Right
from agent.web.api.problems import Problem
from agent.web.daemon import Daemon


def daemon_of(request: Request) -> Daemon:
    daemon: Daemon = request.app.state.daemon
    return daemon


def may(right: Right) -> Callable[[Request], Awaitable[Person]]:
    """A dependency that gives the person who asks, where they may. Raises Problem."""

    async def asked(request: Request) -> Person:
        person = await daemon_of(request).who(request)
        if person is None:
            raise Problem(401, "show a token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
        if not person.may(right):
            raise Problem(403, f"this takes somebody who may {right}")
        return person

    return asked


ThisDaemon = Annotated[Daemon, Depends(daemon_of)]
Looker = Annotated[Person, Depends(may(Right.LOOK))]
Worker = Annotated[Person, Depends(may(Right.WORK))]
Planner = Annotated[Person, Depends(may(Right.PLAN))]
Admin = Annotated[Person, Depends(may(Right.ADMINISTER))]
