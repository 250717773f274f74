"""Planned work, silences and pauses of a daemon elsewhere: what a command asks, as its API takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agent.cli.setting import fail

if TYPE_CHECKING:
    from agent.cli.server import Server

_USAGE = 64
# Where each is asked for; what ends names which one in the address.
_NEW = {"maintenance.add": "/maintenance", "silence.add": "/silences", "pause": "/pauses"}
_ENDED = {"silence.end": "/silences", "resume": "/pauses"}


def planned_there(there: Server, command: str, words: Mapping[str, Any]) -> Any:
    """The document that tells what became of it. Ends the command with the reason when nothing did."""
    from agent.cli.server import Missing

    if words.get("by"):
        fail("--by: with --url you are whom the token says", _USAGE)
    try:
        if command in _NEW:
            return there.post(_NEW[command], _body(command, words))
        if command in _ENDED:
            return there.delete(f"{_ENDED[command]}/{quote(_which(words), safe='')}")
        return _work_ended(there, command, words)
    except Missing as error:
        fail(str(error), 1)


def _which(words: Mapping[str, Any]) -> str:
    return str(words["names"][0] if "names" in words else words["id"])


def _body(command: str, words: Mapping[str, Any]) -> dict[str, Any]:
    from alerting.slo.figures import rfc3339

    named = {"maintenance.add": "services", "silence.add": "names"}
    match = dict(words.get("match") or {})
    found = {
        **({named[command]: list(words["names"])} if command in named else {"name": _which(words)}),
        **{said: rfc3339(words[name]) for name, said in (("start", "from"), ("end", "to")) if words[name]},
        "lasts": None if words["lasts"] is None else f"{words['lasts']}s",
        "labels": match.pop("labels", None),
        "match": match or None,
        "reason": words["reason"],
    }
    return {name: each for name, each in found.items() if each is not None}


def _work_ended(there: Server, command: str, words: Mapping[str, Any]) -> Any:
    """The API has one way for both: what runs ends, what is to come is called off."""
    if words.get("end") is not None:
        fail("--at: with --url it ends now", _USAGE)
    state = next((each["state"] for each in there.all("/maintenance") if each["id"] == words["id"]), None)
    if command == "maintenance.end" and state == "planned":
        fail(f"{words['id']} has not begun: tocsin maintenance cancel {words['id']}", 1)
    if command == "maintenance.cancel" and state == "running":
        fail(f"{words['id']} has begun: tocsin maintenance end {words['id']}", 1)
    return there.delete(f"/maintenance/{words['id']}")
