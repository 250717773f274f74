"""`tocsin conditions try`: a rule against a reading, before it is trusted."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.output import VERDICTS, coloured, leaf_document, print_json
from agent.cli.setting import Ended, JsonOption, fail

if TYPE_CHECKING:
    from config.conditions import Facts, Verdict

app = typer.Typer(help="Conditions: the threshold language.", no_args_is_help=True, rich_markup_mode=None)
_EXIT = {True: 0, False: 1, None: 3}
_MAX_MIB = 16
_USAGE = 64
_WIDEST = 60
_SHAPE = '{"values": {"status": 200}, "headers": {}, "body": ""}'


@app.callback()
def _group() -> None:
    """Conditions: the threshold language."""


@app.command("try")
def try_(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="The condition, in quotes.")],
    reading: Annotated[
        Path,
        typer.Option("--reading", metavar="FILE", help="JSON: values, headers, body; each may be missing."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Evaluate a condition against a reading in a file.

    The file is {"values": {...}, "headers": {...}, "body": "..."}; any value name is accepted, and units are not
    compared with those that a kind declares. First comes the verdict, then each question with what was seen.
    Exit code: true 0, false 1, unknown 3; 64 when the condition or the file cannot be read.

    Example: tocsin conditions try 'status in 200..299 and latency < 1s' --reading r.json

    Example: tocsin conditions try 'json $.queue[?@.age > 60].id contains 7 for 5m' --reading r.json --json
    """
    from config.conditions import ConditionError, evaluate, parse

    if any("\ud800" <= char <= "\udfff" for char in expression):
        fail("the condition is not UTF-8 text", _USAGE)
    try:
        condition = parse(expression)
    except ConditionError as error:
        fail(str(error), _USAGE)
    verdict = evaluate(condition, _facts(reading))
    hold = str(condition.must_hold) if condition.must_hold else None
    if as_json:
        leaves = [leaf_document(leaf) for leaf in verdict.leaves]
        print_json({"verdict": VERDICTS[verdict.result], "leaves": leaves, "must_hold": hold})
    else:
        print("\n".join(_told(verdict, hold)))
    raise Ended(_EXIT[verdict.result])


def _told(verdict: Verdict, hold: str | None) -> Iterator[str]:
    """The verdict, then a line for each question: its own, what was asked, what was seen."""
    from config.conditions.seen import visible

    yield coloured(VERDICTS[verdict.result]) + (f", must hold {hold}" if hold else "")
    texts = [visible(leaf.text) for leaf in verdict.leaves]
    width = min(_WIDEST, max(map(len, texts)))
    for leaf, text in zip(verdict.leaves, texts, strict=True):
        word = VERDICTS[leaf.verdict]
        seen = leaf.why or ", ".join(
            f"seen {shown}" if len(leaf.seen) == 1 else f"{name} = {shown}" for name, shown in leaf.seen
        )
        yield f"  {coloured(word)}{' ' * (9 - len(word))}{text:<{width}}  {seen}"


def _facts(path: Path) -> Facts:
    from config.conditions import Facts

    try:
        document = json.loads(_bytes(path))
    except UnicodeDecodeError:
        fail(f"{path}: is not UTF-8 text", _USAGE)
    except json.JSONDecodeError as error:
        fail(f"{path}:{error.lineno}:{error.colno}: is no JSON document like {_SHAPE}", _USAGE)
    except (ValueError, RecursionError):
        fail(f"{path}: is no JSON document like {_SHAPE}", _USAGE)
    known = {"values", "headers", "body"}
    if not isinstance(document, dict) or (document and not document.keys() & known):
        fail(f"{path}: expected an object like {_SHAPE}", _USAGE)
    headers = _part(document, "headers", dict, path)
    return Facts(
        _part(document, "values", dict, path) or {},
        None if headers is None else list(_headers(headers)),
        _part(document, "body", str, path),
    )


def _bytes(path: Path) -> bytes:
    try:
        # A FIFO that nobody writes to would hold up a plain open() for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                fail(f"{path}: is not a regular file", _USAGE)
            raw = stream.read(_MAX_MIB * 2**20 + 1)
    except OSError as error:
        fail(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}", _USAGE)
    except ValueError:
        fail("the name of the reading file cannot be one", _USAGE)
    if len(raw) > _MAX_MIB * 2**20:
        fail(f"{path}: is larger than {_MAX_MIB} MiB", _USAGE)
    return raw


def _part(document: dict[str, Any], name: str, kind: type, path: Path) -> Any:
    part = document.get(name)
    if part is not None and not isinstance(part, kind):
        fail(f"{path}: {name} must be {'an object' if kind is dict else 'a text'}", _USAGE)
    return part


def _headers(headers: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A header that came several times is a list."""
    for name, value in headers.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, each if isinstance(each, str) else json.dumps(each)
