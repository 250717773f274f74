"""The documentation page of a kind, made from its models: `python -m checks.page` writes them all."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path

from checks.base import Kind, Value
from checks.metric_names import metric, named_metric, open_metric
from config.markdown import table, write
from config.models import CheckOptions, Defaults
from config.option_table import option_table, options_of

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
        *_open_values(kind),
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
        "What is not here can be [a kind of your own](../own-kinds.md).",
        "## Options of every check",
        "Beside the options of its kind:",
        option_table(options_of(CheckOptions, defaults=Defaults)),
    ]
    return "\n\n".join(parts) + "\n"


def pages(kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Every page by file name."""
    return {"README.md": index(kinds)} | {f"{name}.md": page(kind) for name, kind in kinds.items()}


def _further(kind: Kind) -> list[str]:
    """The paragraphs after the first of the docstring of the probe's module."""
    doc = inspect.cleandoc(sys.modules[kind.probe.__module__].__doc__ or "")
    return doc.split("\n\n")[1:]


def _options(kind: Kind) -> str:
    options = list(options_of(kind.spec))
    common = "and those of [every check](README.md#options-of-every-check)"
    if not options:
        return f"None of its own; only {common.removeprefix('and ')}."
    return f"{option_table(options)}\n\n… {common}."


def _value_row(kind: Kind, value: Value) -> tuple[str, ...]:
    unit = "text" if value.text else _UNITS.get(value.unit, value.unit)
    gauge = "" if value.text else f"`{metric(kind.name, value)[0]}`"
    return f"`{value.name}`", unit, value.description, gauge


def _open_values(kind: Kind) -> list[str]:
    """What is said of values that only a look can name."""
    if not kind.open_values:
        return []
    if kind.named is not None and not kind.named_gauge.units:
        return ["Further values are those that the options name; they are text."]
    if kind.named is not None:
        names = [f"`{named_metric(kind, unit)}`" for unit in kind.named_gauge.units]
        which = f"gauge is {names[0]}" if len(names) == 1 else f"gauges are {', '.join(names)}"
        label = kind.named_gauge.label
        return [f"Further values are those that the options name. Their {which} by `{label}`."]
    gauges = ", ".join(f"`{open_metric(kind.name, unit)}`" for unit in ("", "seconds", "bytes", "ratio"))
    return [f"Further values are what a look brings, by their names. Their gauges are {gauges} by `label`."]


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


if __name__ == "__main__":
    from checks.registry import KINDS

    for name, text in pages(KINDS).items():
        write(PAGES / name, text)
