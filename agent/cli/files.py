"""`tocsin validate` and `tocsin schema`: the operator's file, before anything runs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, config_path, kinds

if TYPE_CHECKING:
    from config.errors import Problem

_CONFIG = 78


def validate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the configuration and name every mistake with file, line and remedy.

    Exit code: 0 when it can be run, 78 when not.

    Example: tocsin validate --config /etc/tocsin/tocsin.yaml
    """
    from config.errors import ConfigError
    from config.loader import examine

    try:
        result = examine(config_path(config), kinds())
        errors, warnings, files = result.errors, result.warnings, result.config
    except ConfigError as error:
        errors, warnings, files = list(error.problems), [], None
    if as_json:
        documents = {"errors": [_document(e) for e in errors], "warnings": [_document(w) for w in warnings]}
        print_json({"ok": not errors, **documents})
    else:
        for problem in errors:
            print(f"error: {problem}", file=sys.stderr)
        for problem in warnings:
            print(f"warning: {problem}", file=sys.stderr)
        if files is not None and not errors:
            print(
                f"ok: {len(files.services)} services, {len(files.checks())} checks in {len(files.files)} files"
            )
        else:
            print(f"{len(errors)} error{'s' if len(errors) != 1 else ''}", file=sys.stderr)
    raise Ended(_CONFIG if errors else 0)


def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the configuration, for editors.

    Example: tocsin schema > tocsin.schema.json
    """
    from config.schema import schema as build

    print_json(build(kinds()))


def _document(problem: Problem) -> dict[str, Any]:
    document = asdict(problem)
    keys = ("file", "line", "column", "path", "message", "hint")
    return {key: document[key] for key in keys}
