"""docs/cli.md, made from the commands themselves: `python -m agent.cli.reference` writes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from agent.cli.command import app
from config.markdown import table, write

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "cli.md"
_NOT_SHOWN = {"--help"}
_INTRODUCTION = """\
# The command `tocsin`

Every command takes `--config FILE` (`-c`), before or after its name. Without it the configuration is `$TOCSIN_CONFIG`,
else `/etc/tocsin/tocsin.yaml`, else `./tocsin.yaml`. `tocsin COMMAND --help` says what stands here.

| exit code | meaning |
| --- | --- |
| 0 | done; or as the command says below |
| 64 | wrong usage |
| 70 | our own fault, or another daemon holds the state directory |
| 78 | the configuration cannot be used; every mistake is named on stderr |

With `--json` a command prints one JSON document on stdout and nothing else there: [json.md](json.md) shows each.
`init`, `check`, `checks`, `connectors list|show|check`, `explain routes`, `validate`, `schema`, `conditions try` and
`logs try` need no daemon and no stored data.
The other commands read or change what is in `agent.state_dir`, so they are run as root or as the user of the
daemon. Commands that change something ask the running daemon;
when none runs they write themselves. Those with `--url` also ask a daemon on another host:
[web/api.md](web/api.md#the-command-line-from-elsewhere).
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its whole name (`tocsin tickets list`), in the order of the help."""
    yield from _below("tocsin", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None or command.invoke_without_command:
        yield name, command
    if children is None:
        return
    for word, child in children.items():
        yield from _below(f"{name} {word}", child)


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(name, command) for name, command in commands())])


def _section(name: str, command: Any) -> str:
    parts = [f"## {name}", f"    {usage(name, command)}", *_said(command)]
    rows = [_row(parameter) for parameter in shown(command)]
    if rows:
        parts.append(table(("argument or option", "default", "meaning"), rows))
    return "\n\n".join(parts) + "\n"


def usage(name: str, command: Any) -> str:
    """One line: `tocsin tickets show [OPTIONS] ID`."""
    arguments = [_metavar(each) for each in command.params if each.param_type_name == "argument"]
    return " ".join([name, "[OPTIONS]", *arguments])


def paragraphs(command: Any) -> Iterator[tuple[str, bool]]:
    """The paragraphs of the help, and whether each is the example."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        word, colon, rest = paragraph.partition(": ")
        is_example = bool(colon) and word == "Example"
        yield (rest.strip() if is_example else paragraph), is_example


def shown(command: Any) -> list[Any]:
    """Arguments and options, but for `--help`."""
    return [each for each in command.params if not _NOT_SHOWN & set(each.opts)]


def names(parameter: Any, mark: str = "") -> str:
    """As it is typed: `-c FILE, --config FILE`, or `ID`; each between marks."""
    if parameter.param_type_name == "argument":
        return f"{mark}{_metavar(parameter)}{mark}"
    value = "" if parameter.is_flag else f" {_metavar(parameter)}"
    return ", ".join(f"{mark}{option}{value}{mark}" for option in sorted(parameter.opts, reverse=True))


def default(parameter: Any) -> str:
    """What holds where it is not given; empty when that is nothing."""
    if parameter.required:
        return "required"
    return "" if parameter.default in (None, "", False) else f"{parameter.default}"


def _said(command: Any) -> list[str]:
    return [f"Example:\n\n    {text}" if is_example else text for text, is_example in paragraphs(command)]


def _row(parameter: Any) -> tuple[str, str, str]:
    told = default(parameter)
    cell = told if parameter.required or not told else f"`{told}`"
    return names(parameter, "`"), cell, parameter.help or ""


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.type.name.upper())


if __name__ == "__main__":
    write(PAGE, page())
