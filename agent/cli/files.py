"""`tocsin validate` and `tocsin schema`: the operator's file, before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.cli.mistakes import as_document, count, list_problems
from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, config_path, connectors, kinds

if TYPE_CHECKING:
    from config.loader import Loaded
    from config.sources import Referred

_CONFIG = 78
# More names than that are for programs: --json has them all.
_MOST_NAMES = 10


def validate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the configuration and name every mistake with file, line and remedy.

    Exit code: 0 when it can be run, 78 when not.

    Example: tocsin validate --config /etc/tocsin/tocsin.yaml
    """
    from config.errors import ConfigError
    from config.loader import Loaded, examine

    try:
        found = examine(config_path(config), kinds(), connectors())
    except ConfigError as error:
        found = Loaded(None, list(error.problems))
    if as_json:
        print_json(_document(found))
    else:
        list_problems("error", found.errors)
        list_problems("warning", found.warnings)
        _sum_up(found)
    raise Ended(_CONFIG if found.errors else 0)


def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the configuration, for editors.

    Example: tocsin schema > tocsin.schema.json
    """
    from config.schema import schema as build

    print_json(build(kinds()))


def _document(found: Loaded) -> dict[str, object]:
    return {
        "ok": not found.errors,
        "errors": [as_document(problem) for problem in found.errors],
        "warnings": [as_document(problem) for problem in found.warnings],
        "secrets": [
            {"reference": one.reference, "path": one.path, "set": one.is_set} for one in found.secrets
        ],
    }


def _sum_up(found: Loaded) -> None:
    """The counts, and the secrets by name; on stdout when all is well."""
    errors, warnings = len(found.errors), len(found.warnings)
    remarks = f", {count(warnings, 'warning')}" if warnings else ""
    stream = sys.stdout
    if found.config is None:
        stream, files = sys.stderr, len({problem.file for problem in found.errors})
        where = f" in {files} files" if files > 1 else ""
        print(f"{_mistakes(errors)}{where}{remarks}", file=stream)
    else:
        services, checks = len(found.config.services), len(found.config.checks())
        size = f"{count(services, 'service')}, {count(checks, 'check')} in {count(len(found.config.files), 'file')}"
        print(f"ok: {size}{remarks}")
    for line in _secret_lines(found.secrets):
        print(line, file=stream)


def _mistakes(number: int) -> str:
    """The last of too many says that the others are not listed."""
    from config.nodes import MAX_PROBLEMS

    return f"{MAX_PROBLEMS} errors and more" if number > MAX_PROBLEMS else count(number, "error")


def _secret_lines(secrets: Sequence[Referred]) -> list[str]:
    """`secrets set: ...` and `secrets unset: ...`, each by name; where an unset one is wanted."""
    places: dict[tuple[bool, str], list[str]] = {}
    for one in secrets:
        places.setdefault((one.is_set, one.reference), []).append(one.path)
    named: dict[bool, list[str]] = {True: [], False: []}
    for (is_set, reference), paths in places.items():
        more = f" and {count(len(paths) - 1, 'other place')}" if len(paths) > 1 else ""
        named[is_set].append(reference if is_set else f"{reference} ({paths[0]}{more})")
    return [f"secrets {'' if is_set else 'un'}set: {_few(names)}" for is_set, names in named.items() if names]


def _few(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join([*names[:_MOST_NAMES], *([f"and {more} more"] if more > 0 else [])])
