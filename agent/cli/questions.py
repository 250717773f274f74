"""The few questions of `tocsin init`, asked of a person on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from agent.survey import answers
from agent.survey.answers import Answers, Unfit
from agent.survey.found import Host
from config.field_types import host_id

_TRIES = 5


def can_ask() -> bool:
    """Whether a person sits there; stdout may be the file."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def asked(host: Host) -> Answers:
    """Five at most. What is wrong is asked again, and after some times left as it was found."""
    print("Enter takes what stands in brackets; an empty answer is none.", file=sys.stderr)
    name = _ask("What is this agent called?", host_id(), answers.name)
    zone = _ask("Time zone of days and months?", host.zone, answers.zone)
    address = _ask("A web address to watch (besides what was found)?", "", answers.address)
    mail = _ask("Who gets mail when something breaks?", "", answers.mail)
    server = _ask("Which server takes the mail?", _near(host), answers.server) if mail else ""
    return Answers(name, zone, address, mail if server else "", server)


def _ask(question: str, default: str, look: Callable[[str], str]) -> str:
    for _ in range(_TRIES):
        said: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
        try:
            return look(said.strip())
        except Unfit as error:
            print(f"  {error}", file=sys.stderr)
    return default


def _near(host: Host) -> str:
    """A mail server on this host, where one listens."""
    return "localhost" if any(each.port == 25 for each in host.listeners) else ""
