"""The documentation page of a kind, made from its models: `python -m checks.page` writes them all."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from checks.base import Kind, Value
from checks.metric_names import metric
from checks.option_table import Option, options_of
from config.models import CheckOptions

PAGES = Path(__file__).resolve().parent.parent / "docs" / "checks"
_UNITS = {"ratio": "ratio, 0 to 1"}


def page(kind: Kind) -> str:
    """The whole page, in Markdown."""
    parts = [
        f"# {kind.name}",
        f"This check {kind.summary}.",
        *_further(kind),
        "## Example",
        f"```yaml\n{kind.example.rstrip()}\n```",
        "## Options",
        _options(kind),
        "## Values",
        "Conditions ask for these by name; each that is not text is a gauge in `/metrics`.",
        table(("value", "unit", "meaning", "metric"), (_value_row(kind, value) for value in kind.values)),
        "## Built-in conditions",
        _conditions(kind),
    ]
    return "\n\n".join(parts) + "\n"


def index(kinds: Mapping[str, Kind]) -> str:
    """The list of all kinds, and what every check takes."""
    rows = (
        (f"[{name}]({name}.md)", f"{kinds[name].summary}", _counts(kinds[name])) for name in sorted(kinds)
    )
    parts = [
        "# Checks",
        table(("type", "what it does", "counts for uptime"), rows),
        "## Options of every check",
        "Beside the options of its kind:",
        _option_table(options_of(CheckOptions)),
    ]
    return "\n\n".join(parts) + "\n"


def pages(kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Every page by file name."""
    return {"README.md": index(kinds)} | {f"{name}.md": page(kind) for name, kind in kinds.items()}


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _further(kind: Kind) -> list[str]:
    """The paragraphs after the first of the docstring of the probe's module."""
    doc = inspect.cleandoc(sys.modules[kind.probe.__module__].__doc__ or "")
    return doc.split("\n\n")[1:]


def _options(kind: Kind) -> str:
    options = list(options_of(kind.spec))
    common = "and those of [every check](README.md#options-of-every-check)"
    if not options:
        return f"None of its own; only {common.removeprefix('and ')}."
    return f"{_option_table(options)}\n\n… {common}."


def _option_table(options: Iterable[Option]) -> str:
    rows = ((f"`{each.name}`", each.kind, each.default, each.description) for each in options)
    return table(("option", "type", "default", "meaning"), rows)


def _value_row(kind: Kind, value: Value) -> tuple[str, ...]:
    unit = "text" if value.text else _UNITS.get(value.unit, value.unit)
    gauge = "" if value.text else f"`{metric(kind.name, value)[0]}`"
    return f"`{value.name}`", unit, value.description, gauge


def _conditions(kind: Kind) -> str:
    built_in = {"down": kind.down, "degraded": kind.degraded}
    written = [f"{name}: {condition}" for name, condition in built_in.items() if condition]
    if not written:
        return f"None. {_uptime(kind)}"
    text = "\n".join(written)
    return f"```yaml\n{text}\n```\n\nYour own `down` or `degraded` replaces the one built in. {_uptime(kind)}"


def _uptime(kind: Kind) -> str:
    verb = "counts" if kind.counts_for_uptime else "does not count"
    return f"Such a check {verb} for the uptime of its service, unless `counts_for_uptime` says otherwise."


def _counts(kind: Kind) -> str:
    return "yes" if kind.counts_for_uptime else "no"


def write(kinds: Mapping[str, Kind], folder: Path) -> None:
    """Write every page that differs, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(kinds).items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {file}\n")


if __name__ == "__main__":
    from checks.registry import KINDS

    write(KINDS, PAGES)
