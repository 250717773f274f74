"""Incidents, and what was decided of each."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from agent.views import incidents as view
from agent.web.api.asking import Looker, ThisDaemon
from agent.web.api.listing import Turns, tagged
from agent.web.api.looking import stored
from agent.web.api.models import Incident
from agent.web.api.problems import Problem
from agent.web.sight import sees_about

router = APIRouter(tags=["incidents"])


@router.get("/incidents")
def incidents(
    person: Looker,
    daemon: ThisDaemon,
    turn: Turns,
    state: Literal["open", "watching", "resolved"] | None = None,
) -> list[Incident]:
    """The newest first, as `tocsin incidents --json` has them."""
    config = daemon.config()
    with stored(daemon) as store:
        found = view.incidents(store, only_open=state == "open")
    seen = [
        each
        for each in found
        if sees_about(config, person, each["service"]) and state in (None, each["state"])
    ]
    return [Incident.model_validate(each) for each in turn.of(seen, lambda each: str(each["id"]))]


@router.get("/incidents/{number}", response_model=Incident)
def incident(number: int, person: Looker, daemon: ThisDaemon, request: Request, response: Response) -> Any:
    """One, with what belongs to it."""
    with stored(daemon) as store:
        found = next((each for each in view.incidents(store) if each["id"] == number), None)
    if found is None or not sees_about(daemon.config(), person, found["service"]):
        raise Problem(404, "there is no such incident")
    return tagged(request, response, found)
