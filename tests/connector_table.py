"""The table of docs/connectors/README.md, from what connectors say of themselves.

`python -m tests.connector_table` writes it anew.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from alerting.connectors.base import Hook, Lister, Setting, TwinEnder
from alerting.connectors.registry import all_connectors
from alerting.messages import Can
from tests.canary import Cage

PAGE = Path(__file__).resolve().parents[1] / "docs" / "connectors" / "README.md"
_TABLE = re.compile(r"^\| type .*?(?=^$)", re.DOTALL | re.MULTILINE)
_ASKED = (Can.FIND, Can.DEDUPE, Can.READ, Can.COMMENT, Can.PRIORITY, Can.RESOLVE, Can.REOPEN)
_NAMES = {Can.FIND: "find", Can.DEDUPE: "safe to repeat", Can.READ: "read", Can.COMMENT: "comment"}


def table() -> str:
    """A row for each type; another where what it can do depends on how it is set up."""
    heads = [_NAMES.get(each, each.value) for each in _ASKED] + [
        "list",
        "end twins",
        "webhook",
        "found after",
    ]
    rows = [f"| type | {' | '.join(heads)} |", f"| --- {'| --- ' * len(heads)}|"]
    for name, kind in sorted(all_connectors().items()):
        seen = []
        for row in _rows(name):
            if row not in seen:
                seen.append(row)
        rows += seen
        assert kind.summary
    return "\n".join(rows) + "\n"


def _rows(name: str) -> list[str]:
    kind, cage = all_connectors()[name], Cage()
    cage.add(kind, "http://127.0.0.1:1")
    rows = []
    for block in cage.sections["helpdesks"].values():
        options = kind.options.model_validate(
            {option: value for option, value in block.items() if option != "type"}
        )
        connector = kind.connect(options, Setting(name, "agent-1", time.time))
        can = [each in connector.capabilities for each in _ASKED]
        can += [isinstance(connector, sort) for sort in (Lister, TwinEnder, Hook)]
        lag = f"{connector.visibility_lag:g} s" if Can.FIND in connector.capabilities else ""
        cells = ["yes" if each else "" for each in can]
        rows.append(
            f"| [{name}]({name}.md) | {' | '.join([*cells, lag])} |".replace("|  |", "| |").replace(
                "|  |", "| |"
            )
        )
    return rows


def written_anew(page: str) -> str:
    return _TABLE.sub(lambda _found: table(), page)


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
