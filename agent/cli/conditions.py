"""`tocsin conditions try`: a rule against a reading, before it is trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.output import VERDICTS, leaf_document, leaf_line, print_json
from agent.cli.setting import Ended, JsonOption, fail

app = typer.Typer(help="Conditions: the threshold language.", no_args_is_help=True, rich_markup_mode=None)
_EXIT = {True: 0, False: 1, None: 3}
_MAX_BYTES = 16 * 1024 * 1024
_USAGE = 64


@app.callback()
def _group() -> None:
    """Conditions: the threshold language."""


@app.command("try")
def try_(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="The condition.")],
    reading: Annotated[Path, typer.Option("--reading", metavar="FILE", help="JSON: values, headers, body.")],
    as_json: JsonOption = False,
) -> None:
    """Evaluate a condition against a reading in a file.

    The file is {"values": {...}, "headers": {...}, "body": "..."}; any value name is accepted.
    Exit code: true 0, false 1, unknown 3.

    Example: tocsin conditions try 'status in 200..299 and latency < 1s' --reading r.json
    """
    from config.conditions import ConditionError, evaluate, parse

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
        print(VERDICTS[verdict.result] + (f", must hold {hold}" if hold else ""))
        for leaf in verdict.leaves:
            print(f"  {leaf_line(leaf)}")
    raise Ended(_EXIT[verdict.result])


def _facts(path: Path) -> Any:
    from config.conditions import Facts

    try:
        with path.open("rb") as stream:
            document = json.loads(stream.read(_MAX_BYTES + 1))
    except OSError as error:
        fail(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}", _USAGE)
    except (ValueError, RecursionError):
        fail(f'{path}: is no JSON document like {{"values": {{"status": 200}}}}', _USAGE)
    if not isinstance(document, dict):
        fail(f"{path}: expected an object with values, headers and body", _USAGE)
    return Facts(
        _part(document, "values", dict, path) or {},
        _headers(_part(document, "headers", dict, path)),
        _part(document, "body", str, path),
    )


def _part(document: dict[str, Any], name: str, kind: type, path: Path) -> Any:
    part = document.get(name)
    if part is not None and not isinstance(part, kind):
        fail(f"{path}: {name} must be {'an object' if kind is dict else 'a text'}", _USAGE)
    return part


def _headers(headers: dict[str, Any] | None) -> list[tuple[str, str]] | None:
    if headers is None:
        return None
    listed = ((name, value if isinstance(value, list) else [value]) for name, value in headers.items())
    return [(name, str(each)) for name, values in listed for each in values]
