"""`tocsin check --verbose`: all that one look saw, on a page that a tired person can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from agent.cli.certificates import told
from agent.cli.folding import folded, page_width, print_hanging, print_heading, print_wrapped
from agent.cli.look_document import runs_program
from agent.cli.output import VERDICTS, can_be_written, coloured, leaf_seen
from agent.cli.setting import kinds
from agent.cli.waterfall import Whole, waterfall
from config.units import show_duration

if TYPE_CHECKING:
    from checks.base import Judged, Reading, Scalar, Traces
    from config.models import Check

_IN, _DEEPER = "  ", "    "
_AFTER_VERDICT = " " * 16
_NAME_COLUMN = 18


def print_closely(check: Check, reading: Reading) -> None:
    """One reading: how it ended, phases, addresses, certificates, values, conditions, and the evidence."""
    error = f", error kind {reading.error_kind.value}" if reading.error_kind else ""
    about = f"{check.address}  ({check.kind}, took {show_duration(reading.took)}{error})"
    _print_status(reading.status.value, about)
    print_wrapped(reading.message, _IN)
    _print_phases(reading)
    if reading.traces is not None:
        _print_addresses(reading.traces)
        _print_chain(reading)
    if reading.parts:
        _print_parts(check, reading.parts)
    else:
        _print_judged(check, reading)
    _print_evidence(check, reading)


def _print_status(status: str, about: str) -> None:
    first, *others = folded(about, _IN, f"{status}  ")
    print(first.replace(status, coloured(status), 1))
    for line in others:
        print(line)


def _print_phases(reading: Reading) -> None:
    latency = reading.values.get("latency")
    known = float(latency) if isinstance(latency, (int, float)) else None
    failed = not reading.conditions and reading.status in ("down", "unknown")
    whole = Whole(known, reading.took if failed else None)
    lines = waterfall(reading.phases, whole, page_width() - len(_DEEPER), _block())
    if lines:
        print_heading("Phases", _IN)
        for line in lines:
            print(f"{_DEEPER}{line}")


def _block() -> str:
    """What bars are made of: full blocks where they can be written."""
    return "█" if can_be_written("█") else "#"


def _print_addresses(traces: Traces) -> None:
    listed = dict.fromkeys((*traces.addresses, *((traces.answered,) if traces.answered else ())))
    if not listed:
        return
    print_heading("Addresses", _IN)
    for address in listed:
        print_wrapped(f"{address}  (answered)" if address == traces.answered else address, _DEEPER)


def _print_chain(reading: Reading) -> None:
    chain = reading.traces.chain if reading.traces is not None else ()
    if not chain:
        return
    print_heading("Certificates, the server's own first", _IN)
    for number, (subject, *rows) in enumerate(told(chain, reading.at / 1_000_000), 1):
        print_hanging(f"{_DEEPER}{number}", subject[1], 7)
        for name, text in rows:
            print_hanging(f"{' ' * 7}{name}", text, 16)


def _print_judged(check: Check, reading: Reading) -> None:
    from checks.command.measures import unit_of

    units = {one.label: unit_of(one.uom) for one in reading.perfdata}
    units |= {value.name: value.unit for value in kinds()[check.kind].values}
    # The phases were shown.
    _print_values({k: v for k, v in reading.values.items() if k not in reading.phases}, units)
    _print_conditions(check, reading)


def _print_values(values: Mapping[str, Scalar], units: Mapping[str, str]) -> None:
    from checks.readable import readable

    seen = {name: value for name, value in values.items() if value is not None}
    if values:
        print_heading("Values", _IN)
    column = len(_DEEPER) + min(max(map(len, seen), default=0) + 2, _NAME_COLUMN)
    for name, value in seen.items():
        unit = units.get(name, "")
        shown = f"{value:.1f} days" if unit == "days" and isinstance(value, float) else readable(value, unit)
        print_hanging(f"{_DEEPER}{name}", shown or '""', column)
    absent = ", ".join(name for name, value in values.items() if value is None)
    if absent:
        print_hanging(f"{_DEEPER}absent", absent, max(column, len(_DEEPER) + len("absent") + 2))


def _print_conditions(check: Check, reading: Reading) -> None:
    asked = [("down", each.text) for each in check.down] + [
        ("degraded", each.text) for each in check.degraded
    ]
    if not asked and not reading.conditions:
        return
    print_heading("Conditions", _IN)
    if not reading.conditions:
        for level, text in asked:
            _print_verdict("not judged", f"{level} when {text}")
    for judged in reading.conditions:
        _print_condition(judged)


def _print_condition(judged: Judged) -> None:
    hold = f", must hold {judged.must_hold}" if judged.must_hold else ""
    text, word = f"{judged.level.value} when {judged.text}{hold}", VERDICTS[judged.verdict]
    like = {True: judged.level.value, False: "ok", None: "unknown"}[judged.verdict]
    if len(judged.leaves) == 1:
        _print_verdict(word, f"{text}: {leaf_seen(judged.leaves[0])}", like)
        return
    _print_verdict(word, text, like)
    for leaf in judged.leaves:
        print_hanging(f"{_AFTER_VERDICT}{VERDICTS[leaf.verdict]}", f"{leaf.text}: {leaf_seen(leaf)}", 25)


def _print_verdict(word: str, text: str, like: str = "closed") -> None:
    first, *others = folded(text, _AFTER_VERDICT, f"{_DEEPER}{word:<12}")
    print(first.replace(word, coloured(word, like), 1))
    for line in others:
        print(line)


def _print_parts(check: Check, parts: Mapping[str, Reading]) -> None:
    """Each mount, disk or interface by itself."""
    for name, reading in parts.items():
        print()
        _print_status(reading.status.value, f"part {name}")
        print_wrapped(reading.message, _IN)
        _print_judged(check, reading)
        _print_list("Notes", reading.notes)


def _print_evidence(check: Check, reading: Reading) -> None:
    of_parts = tuple(f"{name}: " for name in reading.parts)
    _print_list("Notes", [note for note in reading.notes if not (of_parts and note.startswith(of_parts))])
    written = runs_program(check) and reading.text is not None
    if written:
        _print_lines("What it wrote", f"{reading.text or ''}\n{reading.long_text or ''}".rstrip().split("\n"))
    if reading.traces is not None and reading.traces.headers:
        print_heading("Headers of the answer", _IN)
        for name, value in reading.traces.headers:
            print_wrapped(f"{name}: {value}", _DEEPER + _IN, _DEEPER)
    if reading.excerpt and not written:
        _print_lines("Begin of the answer", [reading.excerpt])


def _print_list(heading: str, items: Sequence[str]) -> None:
    if items:
        print_heading(heading, _IN)
    for item in items:
        print_wrapped(item, _DEEPER + _IN, f"{_DEEPER}- ")


def _print_lines(heading: str, lines: Iterable[str]) -> None:
    print_heading(heading, _IN)
    for line in lines:
        print_wrapped(line.rstrip("\r"), _DEEPER)
