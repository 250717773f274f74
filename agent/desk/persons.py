"""Who it is that asks."""

from __future__ import annotations

from agent.desk.asked import Asked
from agent.rulebook import Rulebook


def acting(rules: Rulebook, asked: Asked) -> str:
    """The name in timelines: the one given as `by`, else that of the member with the login, else the login."""
    said = asked.text("by")
    if said:
        return said
    members = (member for team in rules.teams.values() for member in team.members)
    return next((each.name for each in members if each.login == asked.by), asked.by)
