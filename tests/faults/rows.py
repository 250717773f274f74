"""The table of docs/reliability.md: each test hands in what it expected and saw, and the table holds it to that.

`python -m tests.faults.rows` writes the table from what the tests of the last run saw (build/faults).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEEN = ROOT / "build" / "faults"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"
# In which order the groups stand.
GROUPS = ("Process and disk", "Time", "Control")


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: its place in the table, what is expected, and what was seen. No timings, no counts: those differ."""

    group: str
    fault: str
    expected: str
    seen: str

    @property
    def line(self) -> str:
        return f"| {self.fault} | {self.expected} | {self.seen} |"


def hand_in(row: Row) -> None:
    """Note what was seen, and hold the page to it: a sample sees the same as a long sweep, but less often."""
    SEEN.mkdir(parents=True, exist_ok=True)
    name = "".join(each if each.isalnum() else "-" for each in row.fault.lower())
    file = SEEN / f"{name}.json"
    file.write_text(json.dumps(asdict(row)))
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert row.line in page, f"{PAGE.name} says otherwise (python -m tests.faults.rows): {row.line}"


def table() -> str:
    rows = [Row(**json.loads(file.read_text())) for file in sorted(SEEN.glob("*.json"))]
    lines = []
    for group in GROUPS:
        lines += ["", f"## {group}", "", "| fault | expected | seen |", "| --- | --- | --- |"]
        lines += [row.line for row in rows if row.group == group]
    return "\n".join(lines)


def main() -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{table()}\n\n{END}{after}", encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
