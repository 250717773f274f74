"""Asking the desk for something to be done to a ticket: that of this host, or a daemon's elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.afar import server
from agent.cli.desk_asking import ask_desk
from agent.cli.setting import fail, loaded

if TYPE_CHECKING:
    from agent.cli.server import Server

_USAGE = 64
_PATIENCE = 60.0


def ask_ticket(config: Path | None, verb: str, ticket: int, **arguments: Any) -> Any:
    """What the desk answers to the verb. A refusal is printed and ends the command."""
    there = server()
    if there is None:
        return ask_desk(loaded(config), f"tickets.{verb}", ticket=ticket, **arguments)
    return _asked_there(
        there, verb, ticket, {name: each for name, each in arguments.items() if each is not None}
    )


def _asked_there(there: Server, verb: str, ticket: int, told: dict[str, Any]) -> Any:
    from agent.cli.server import Missing

    if told.pop("by", None):
        fail("--by: with --url you are whom the token says", _USAGE)
    version = told.pop("version", None)
    seen = {} if version is None else {"If-Match": f'"{version}"'}
    if "other" in told:
        told["into" if verb == "merge" else "other"] = f"T-{told.pop('other')}"
    try:
        return there.post(f"/tickets/T-{ticket}/{verb}", told, seen, _PATIENCE)
    except Missing as error:
        fail(f"T-{ticket}: {error}", 1)
