"""`tocsin reload`: the running daemon takes over the configuration as it stands now, and says what changed."""

from __future__ import annotations

import sys
from typing import Any

from agent.cli.mistakes import as_document, count, list_problems
from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, config_path, fail

_CONFIG = 78
_HEADINGS = {"restart": "needs a restart"}


def reload(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Have the running daemon take over the configuration, and say what changed by it.

    It is read in full first: a file with mistakes is refused, and the one from before stays in force.
    Exit code: 0 when it is in force, 78 when it was refused, 1 when the daemon cannot be asked.

    Example: tocsin reload
    """
    from agent.control import NotRunning, Refused, ask
    from config.home import state_dir

    directory = state_dir(config_path(config))
    try:
        outcome = ask(directory, "reload")
    except NotRunning:
        remedy = "start one with `systemctl start tocsin`, or `tocsin run`"
        fail(f"no daemon runs in {directory} ({remedy})", 1)
    except Refused as error:
        fail(str(error), 1)
    _show(outcome, as_json=as_json)
    raise Ended(0 if outcome["ok"] else _CONFIG)


def _show(outcome: dict[str, Any], *, as_json: bool) -> None:
    from config.errors import Problem

    errors, warnings = ([Problem(**each) for each in outcome[level]] for level in ("errors", "warnings"))
    if as_json:
        documents = {
            "errors": [as_document(problem) for problem in errors],
            "warnings": [as_document(problem) for problem in warnings],
        }
        print_json({**outcome, **documents})
        return
    list_problems("error", errors)
    list_problems("warning", warnings)
    if outcome["ok"]:
        _sum_up(outcome)
    else:
        print(f"refused: {outcome['file']}: the configuration from before stays in force", file=sys.stderr)


def _sum_up(outcome: dict[str, Any]) -> None:
    from agent.changes import MOST_NAMES, Changes

    counts = outcome["counts"]
    changes = Changes(**{name: outcome[name] for name in counts})
    size = f"{count(outcome['services'], 'service')}, {count(outcome['checks'], 'check')}"
    print(f"reloaded {outcome['file']}: {size}")
    for heading, names in changes.lines(MOST_NAMES).items():
        more = counts[heading] - len(names)
        listed = [*names, f"and {more} more"] if more else names
        print(f"{_HEADINGS.get(heading, heading)}: {', '.join(listed)}")
    if not changes:
        print("nothing changed")
