"""The manual page tocsin(1), made from the commands themselves: `python -m agent.cli.manual` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from agent.cli.command import app
from agent.cli.frame import EPILOG
from agent.cli.reference import commands, default, names, paragraphs, shown, usage

_EXITS = (
    ("0", "done; or as the command says below"),
    ("64", "wrong usage"),
    ("70", "our own fault, or another daemon holds the state directory"),
    ("78", "the configuration cannot be used; every mistake is named on stderr"),
)
_FILES = (
    ("/etc/tocsin/tocsin.yaml", "the configuration, unless --config or TOCSIN_CONFIG names another"),
    ("/var/lib/tocsin", "database, backups, lock and control socket (agent.state_dir)"),
)
_VARIABLES = (
    ("TOCSIN_CONFIG", "the configuration, where --config does not name one"),
    ("TOCSIN_URL, TOCSIN_TOKEN_FILE", "the daemon on another host to ask, and the file with its token"),
    ("TOCSIN_TRACEBACK", "set to 1, a fault of our own is shown with its traceback"),
)
_ALIKE = """\
Every command takes --config FILE before or after its name. With --json a command prints one JSON document on \
standard output and nothing else there. Commands that read or change stored data are run as root or as the user \
of the daemon."""


def manual() -> str:
    """The whole page, in the man macros."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH TOCSIN 1 "" "Tocsin {version("tocsin")}" "User Commands"'
    yield from (".nh", ".ad l")
    yield from (".SH NAME", r"tocsin \- monitoring agent and alerting daemon")
    yield from (".SH SYNOPSIS", r".B tocsin", r"[\fB\-c\fR \fIFILE\fR] \fICOMMAND\fR [\fIARGUMENT\fR]\&...")
    yield from (".SH DESCRIPTION", _text(app.info.help or ""), ".PP", _text(_ALIKE))
    yield ".SH COMMANDS"
    for name, command in commands():
        yield from _section(name, command)
    yield from _list("EXIT STATUS", _EXITS)
    yield from _list("FILES", _FILES)
    yield from _list("ENVIRONMENT", _VARIABLES)
    yield from (".SH SEE ALSO", r"\fBsystemctl\fR(1), \fBjournalctl\fR(1)", ".PP", _text(EPILOG))


def _section(name: str, command: Any) -> Iterator[str]:
    yield from (f".SS {_text(name)}", f".B {_text(usage(name, command))}")
    for paragraph, is_example in paragraphs(command):
        yield ".PP"
        yield from _example(paragraph) if is_example else (_text(paragraph),)
    for parameter in shown(command):
        yield from _entry(names(parameter), _meaning(parameter))


def _example(text: str) -> Iterator[str]:
    yield from ("Example:", ".PP", ".RS 4", ".nf", *map(_text, text.splitlines()), ".fi", ".RE")


def _meaning(parameter: Any) -> str:
    told = default(parameter)
    tail = "" if not told else " Required." if told == "required" else f" Default: {told}."
    return f"{(parameter.help or '').rstrip('.')}.{tail}".lstrip(".").strip()


def _list(title: str, entries: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, meaning in entries:
        yield from _entry(name, meaning)


def _entry(name: str, meaning: str) -> Iterator[str]:
    yield from (".TP 4", rf"\fB{_text(name)}\fR", _text(meaning) or r"\&")


def _text(text: str) -> str:
    """One line of prose as it is to be read: nothing in it is a request or an escape."""
    plain = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain[:1] in {".", "'"} else plain


if __name__ == "__main__":
    sys.stdout.write(manual())
