"""`tocsin tickets bulk`: one command done to many tickets, each by itself."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar, given
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, Ended, JsonOption, fail
from agent.cli.source import Source, source

_USAGE, _REFUSED = 64, 1
_MOST = 1000
# What can be done to many; merging and splitting want a look at each.
COMMANDS = (
    "ack", "assign", "close", "escalate", "link", "message", "note", "pend", "reopen", "resolve", "set", "stamp",
    "start", "take", "unwatch", "watch",
)  # fmt: skip
# With these a command does nothing, or speaks of another desk.
_OF_BULK = ("--config", "--help", "--json", "--url", "--token-file", "--ca")
_FLAGS = ("open", "unassigned", "overdue")
_WORDS = ("state", "priority", "team", "assignee", "service", "reporter", "search")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one ticket: what its command answered, or why it was refused."""

    ticket: str
    ok: bool
    answer: Any = None
    error: str = ""

    @property
    def line(self) -> str:
        if not self.ok:
            return self.error
        return (
            f"is {self.answer['state']}"
            if isinstance(self.answer, dict) and "state" in self.answer
            else "done"
        )


@also_afar
def bulk(  # noqa: PLR0913, PLR0917 - each is an option of the command
    do: Annotated[
        str,
        typer.Option(
            "--do", metavar="COMMAND", help="A ticket command without its id: 'assign --to \"Agent One\"'."
        ),
    ],
    ids: Annotated[str | None, typer.Option("--ids", metavar="ID,ID", help="These tickets.")] = None,
    where: Annotated[
        str | None,
        typer.Option("--filter", metavar="WORDS", help="Those that fit: 'open service=shop priority=high'."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which they are, and do nothing.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do the same to many tickets: each is done, or refused, by itself. Exit code: 0 when all were done, else 1.

    Words of --filter: open, unassigned, overdue, and state=, priority=, team=, assignee=, service=, reporter=, search=.

    Example: tocsin tickets bulk --filter "open service=shop" --do "assign --to 'Agent One'" --dry-run
    """
    command = _command(do)
    if (ids is None) == (where is None):
        fail("say --ids or --filter", _USAGE)
    chosen = _named(ids) if ids is not None else _fitting(source(config), where or "")
    if len(chosen) > _MOST:
        fail(f"{len(chosen)} tickets are more than {_MOST}: choose fewer", _USAGE)
    if dry_run:
        _print(
            [Done(each, ok=True, answer={"would": do}) for each in chosen],
            f"would be done: {do}",
            as_json=as_json,
        )
        return
    done = [_do(command, each, config) for each in chosen]
    _print(done, None, as_json=as_json)
    raise Ended(0 if all(each.ok for each in done) else _REFUSED)


def _command(text: str) -> list[str]:
    from agent.cli.setting import no_such

    words = _split("--do", text)
    if not words or words[0] not in COMMANDS:
        fail(f"--do: {no_such('command', words[0] if words else '', COMMANDS)}", _USAGE)
    for each in words[1:]:
        if each.partition("=")[0] in _OF_BULK:
            fail(f"--do: {each.partition('=')[0]} is not for each of many tickets", _USAGE)
    return words


def _split(option: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        fail(f"{option}: {error}", _USAGE)


def _named(ids: str) -> list[str]:
    numbers = dict.fromkeys(ticket_number(each.strip()) for each in ids.split(",") if each.strip())
    return [f"T-{number}" for number in numbers]


def _fitting(asked: Source, where: str) -> list[str]:
    return [str(each["id"]) for each in asked.tickets(_wanted(where))]


def _wanted(where: str) -> dict[str, Any]:
    """What the words of the filter say. Ends the command (64)."""
    said: dict[str, Any] = {}
    for each in _split("--filter", where):
        name, is_value, value = each.partition("=")
        if name in _FLAGS and not is_value:
            said[name] = True
        elif name in _WORDS and value:
            said[name] = value
        else:
            known = ", ".join((*_FLAGS, *(f"{word}=" for word in _WORDS)))
            fail(f'--filter: unknown "{each[:60]}" (known: {known})', _USAGE)
    if not said:
        fail("--filter: says nothing (all open ones: --filter open)", _USAGE)
    return said


def _do(command: list[str], ticket: str, config: Path | None) -> Done:
    """As if the command were given for this ticket alone."""
    from agent.cli import tickets

    args = [
        command[0],
        ticket,
        *command[1:],
        "--json",
        *given(),
        *(["--config", str(config)] if config else []),
    ]
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            tickets.app(args, standalone_mode=False)
    except Ended as ended:
        if ended.code:
            return Done(ticket, ok=False, error=_said(err.getvalue()))
    except typer.TyperException as error:
        fail(f"--do: {error}", _USAGE)
    return Done(ticket, ok=True, answer=_document(out.getvalue()))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _said(text: str) -> str:
    lines = [line for line in text.splitlines() if line and "warning:" not in line]
    return "; ".join(line.removeprefix("tocsin: ") for line in lines) or "was refused"


def _print(done: list[Done], line: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"id": each.ticket, "ok": each.ok, "answer": each.answer, "error": each.error or None}
                for each in done
            ]
        )
        return
    print_table(
        ("id", "ok", "result"),
        [[d.ticket, "yes" if d.ok else "no", line or d.line] for d in done],
        empty="no tickets",
    )
