"""Services and their checks."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from agent.web.api.asking import Looker, ThisDaemon

router = APIRouter(tags=["services"])


class ServiceState(BaseModel):
    service: str
    title: str


@router.get("/services")
def services(person: Looker, daemon: ThisDaemon) -> list[ServiceState]:
    """The services that you see."""
    return [
        ServiceState(service=each.name, title=each.title or each.name)
        for each in daemon.config().services.values()
        if person.sees(each.team)
    ]
