"""`tocsin history`: states and planned work of the past, taken along to another store or brought in from elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from agent.cli.progress import bar
from agent.cli.setting import ConfigOption, fail, loaded

if TYPE_CHECKING:
    from alerting.slo.lines import Line
    from config.models import Config

app = typer.Typer(help="Recorded time, out and in.", no_args_is_help=True, rich_markup_mode=None)
_MOST_MISTAKES = 20
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON lines; - for standard input or output.")
]


@app.command("import")
def import_(file: FileArgument, config: ConfigOption = None) -> None:
    """Bring in what was recorded elsewhere: all lines, or with one mistake none of them.

    Lines are {"service","kind":"state","at","state"}, {"service","kind":"reading","at","status","valid_for"},
    {"service","kind":"maintenance","from","to"} and {"kind":"agent_off","from","to"}. Doing it twice changes nothing.

    Example: tocsin history import old-monitor.jsonl
    """
    configuration = loaded(config)
    lines = _read(file)
    _store(configuration, lines)
    services = {line.service for line in lines} - {""}
    print(f"imported {_count(len(lines), 'line')} of {_count(len(services), 'service')}")


@app.command("export")
def export(
    file: FileArgument,
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="Only this service.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write the recorded time of all services as lines that `tocsin history import` takes in.

    Example: tocsin history export history.jsonl
    """
    configuration = loaded(config)
    written = _lines_of(configuration, service)
    if str(file) == "-":
        _write(sys.stdout, written)
        return
    try:
        with file.open("w", encoding="utf-8") as stream:
            count = _write(stream, written)
    except OSError as error:
        fail(f"{file}: {(error.strerror or str(error)).lower()}", 1)
    print(f"{_count(count, 'line')} written to {file}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _read(file: Path) -> list[Line]:
    """Every line of the file, or the end of the command with what is wrong in it."""
    try:
        if str(file) == "-":
            return _parsed(sys.stdin.buffer, "standard input")
        with file.open("rb") as stream:
            return _parsed(stream, str(file))
    except OSError as error:
        fail(f"{file}: {(error.strerror or str(error)).lower()}", 1)


def _parsed(stream: IO[bytes], name: str) -> list[Line]:
    lines, mistakes = [], 0
    with bar("reading", _size(stream)) as read:
        for number, text in _numbered(stream):
            read(len(text))
            try:
                lines.append(_line(text))
            except ValueError as error:
                mistakes += 1
                if mistakes <= _MOST_MISTAKES:
                    print(f"{name}:{number}: {error}", file=sys.stderr)
    if mistakes:
        more = f" ({mistakes - _MOST_MISTAKES} of them not shown)" if mistakes > _MOST_MISTAKES else ""
        fail(f"{_count(mistakes, 'line')} with mistakes{more}: nothing was imported", 1)
    return lines


def _size(stream: IO[bytes]) -> int | None:
    """In bytes; None for what is no file."""
    return os.fstat(stream.fileno()).st_size or None


def _numbered(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, none of them endless; blank ones are left out."""
    from alerting.slo.lines import MOST_BYTES

    number, inside = 0, False
    while text := stream.readline(MOST_BYTES + 1):
        number += not inside
        if not inside and (text.strip() or len(text) > MOST_BYTES):
            yield number, text
        inside = not text.endswith(b"\n")


def _line(text: bytes) -> Line:
    from alerting.slo.lines import MOST_BYTES, parse_line

    if len(text) > MOST_BYTES:
        raise ValueError(f"is longer than {MOST_BYTES} bytes")
    try:
        return parse_line(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("is no UTF-8") from None


def _store(config: Config, lines: list[Line]) -> None:
    """One transaction. A running daemon goes on: what was imported is read with each question."""
    from agent.store.history import take_in
    from agent.store.offline import write_apart

    with bar("writing", len(lines)) as written:
        write_apart(config, lambda connection: take_in(connection, config.agent.id, lines, written))


def _lines_of(config: Config, service: str | None) -> list[str]:
    from agent.clock import SystemClock
    from agent.store.reader import NoStore, reading
    from agent.uptime import recorded
    from alerting.slo.lines import line_of

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            ledgers = store.ledgers()
            off = store.ledger("").told.off
    except NoStore as error:
        fail(str(error), 1)
    if service is not None and service not in ledgers:
        fail(f'nothing is recorded of a service called "{service}"', 1)
    wanted = {name: ledger for name, ledger in ledgers.items() if service in (None, name)}
    return [line_of(line) for line in recorded(wanted, off, SystemClock().now())]


def _write(stream: IO[str], lines: Iterable[str]) -> int:
    count = 0
    for line in lines:
        stream.write(line + "\n")
        count += 1
    return count
