"""`tocsin checks`: the kinds of checks, their options, values and built-in conditions, from the models."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completion import kind_names
from agent.cli.folding import print_hanging, print_heading, print_wrapped
from agent.cli.option_lines import option_document, print_option, print_summaries
from agent.cli.output import print_json
from agent.cli.setting import JsonOption, fail, kinds

if TYPE_CHECKING:
    from checks.base import Kind, Value
    from config.option_table import Option

_USAGE = 64
_UNITS = {"ratio": "ratio, 0 to 1"}
_NONE = {"down": "none: it is down when the look itself fails", "degraded": "none"}

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def checks(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the kinds of checks: what each does, and whether it counts for uptime.

    Example: tocsin checks
    """
    if context.invoked_subcommand is not None:
        return
    known = kinds()
    if as_json:
        print_json([document(known[name]) for name in sorted(known)])
        return
    listed = [known[name] for name in sorted(known)]
    print("These count for the uptime of their service:")
    print_summaries((kind.name, kind.summary) for kind in listed if kind.counts_for_uptime)
    print("\nThese open tickets, and count only where they say counts_for_uptime: true:")
    print_summaries((kind.name, kind.summary) for kind in listed if not kind.counts_for_uptime)
    print("\nOptions and values of one kind: tocsin checks show KIND")


@app.command()
def show(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="As in type: of a check.", autocompletion=kind_names),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show a kind of check: options, values with their units, built-in conditions, an example.

    Example: tocsin checks show http
    """
    found = _kind(kind)
    if as_json or (context.parent is not None and context.parent.params.get("as_json")):
        print_json({**document(found), "common_options": [option_document(each) for each in _common()]})
    else:
        _print_kind(found)


def document(kind: Kind) -> dict[str, Any]:
    """One kind as the JSON object of the contract."""
    from config.option_table import options_of

    return {
        "name": kind.name,
        "summary": kind.summary,
        "counts_for_uptime": kind.counts_for_uptime,
        "options": [option_document(option) for option in options_of(kind.spec)],
        "values": [_value(kind, value) for value in kind.values],
        "conditions": {"down": kind.down, "degraded": kind.degraded},
        "example": kind.example,
    }


def _value(kind: Kind, value: Value) -> dict[str, Any]:
    from checks.metric_names import metric
    from config.option_table import plain

    return {
        "name": value.name,
        "unit": value.unit or None,
        "text": value.text,
        "description": plain(value.description),
        "metric": None if value.text else metric(kind.name, value)[0],
    }


def _common() -> Iterable[Option]:
    from config.models import CheckOptions, Defaults
    from config.option_table import options_of

    return options_of(CheckOptions, defaults=Defaults)


def _kind(name: str) -> Kind:
    from config.friendly import nearest, shown

    known: Mapping[str, Kind] = kinds()
    if name not in known:
        hint = nearest(name, known) or f"known: {', '.join(sorted(known))}"
        fail(f"no kind of check is called {shown(name)} ({hint})", _USAGE)
    return known[name]


def _print_kind(kind: Kind) -> None:
    from config.option_table import options_of, plain

    print_wrapped(f"{kind.name}: {kind.summary}.")
    print_heading("Options")
    for option in options_of(kind.spec):
        print_option(option)
    common = ", ".join(option.name for option in _common() if "." not in option.name)
    print_wrapped(f"Every check also takes: {common}.", "  ")
    print_heading("Values, for conditions")
    for value in kind.values:
        unit = "text" if value.text else _UNITS.get(value.unit, value.unit)
        print_hanging(f"  {value.name}", f"{plain(value.description)}{unit and f' [{unit}]'}", 16)
    print_heading("Built-in conditions, until you write your own")
    for level, condition in (("down", kind.down), ("degraded", kind.degraded)):
        print_hanging(f"  {level}:", condition or _NONE[level], 16)
    verb = "counts" if kind.counts_for_uptime else "does not count"
    print_wrapped(f"It {verb} for the uptime of its service, unless counts_for_uptime says otherwise.", "  ")
    print_heading("Example")
    print(textwrap.indent(kind.example.rstrip(), "  "))
