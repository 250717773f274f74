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


def open_ticket(config: Path | None, **arguments: Any) -> Any:
    """What the desk answers: the new ticket. A refusal is printed and ends the command."""
    there = server()
    if there is None:
        return ask_desk(loaded(config), "tickets.open", **arguments)
    told = {name: each for name, each in arguments.items() if each is not None}
    _must_be_the_tokens(told)
    return there.post("/tickets", told, None, _PATIENCE)


def _asked_there(there: Server, verb: str, ticket: int, told: dict[str, Any]) -> Any:
    from agent.cli.server import Missing
    from alerting.slo.figures import rfc3339

    _must_be_the_tokens(told)
    version = told.pop("version", None)
    seen = {} if version is None else {"If-Match": f'"{version}"'}
    if "other" in told:
        told["into" if verb == "merge" else "other"] = f"T-{told.pop('other')}"
    told |= {name: rfc3339(told[name]) for name in ("at", "until") if isinstance(told.get(name), int)}
    if "lasts" in told:
        told["in"] = f"{told.pop('lasts')}s"
    try:
        return there.post(f"/tickets/T-{ticket}/{verb}", told, seen, _PATIENCE)
    except Missing as error:
        fail(f"T-{ticket}: {error}", 1)


def _must_be_the_tokens(told: dict[str, Any]) -> None:
    if told.pop("by", None):
        fail("--by: with --url you are whom the token says", _USAGE)
