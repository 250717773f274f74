"""`tocsin validate` and `tocsin schema`: the operator's file, before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, config_path, kinds

if TYPE_CHECKING:
    from config.errors import Problem
    from config.models import Config

_CONFIG = 78


def validate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the configuration and name every mistake with file, line and remedy.

    Exit code: 0 when it can be run, 78 when not.

    Example: tocsin validate --config /etc/tocsin/tocsin.yaml
    """
    from config.errors import ConfigError
    from config.loader import Loaded, examine

    try:
        found = examine(config_path(config), kinds())
    except ConfigError as error:
        found = Loaded(None, list(error.problems))
    if as_json:
        documents = {
            "errors": [_document(problem) for problem in found.errors],
            "warnings": [_document(problem) for problem in found.warnings],
        }
        print_json({"ok": not found.errors, **documents})
    else:
        _list("error", found.errors)
        _list("warning", found.warnings)
        _sum_up(found.config, len(found.errors), len(found.warnings))
    raise Ended(_CONFIG if found.errors else 0)


def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the configuration, for editors.

    Example: tocsin schema > tocsin.schema.json
    """
    from config.schema import schema as build

    print_json(build(kinds()))


def _list(level: str, problems: Sequence[Problem]) -> None:
    """One line for each; below a condition, the condition with a caret under the wrong word."""
    for problem in problems:
        print(f"{level}: {problem}", file=sys.stderr)
        if problem.excerpt:
            print(problem.excerpt, file=sys.stderr)


def _sum_up(config: Config | None, errors: int, warnings: int) -> None:
    remarks = f", {_count(warnings, 'warning')}" if warnings else ""
    if config is None:
        print(f"{_count(errors, 'error')}{remarks}", file=sys.stderr)
        return
    services, checks = len(config.services), len(config.checks())
    size = f"{_count(services, 'service')}, {_count(checks, 'check')} in {_count(len(config.files), 'file')}"
    print(f"ok: {size}{remarks}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _document(problem: Problem) -> dict[str, Any]:
    """As the contract says: a place that is not known is null."""
    return {
        "file": problem.file or None,
        "line": problem.line or None,
        "column": problem.column or None,
        "path": problem.path or None,
        "message": problem.message,
        "hint": problem.hint,
    }
