"""One look as the JSON object of the contract; looked at closely, with what else there was to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cli.certificates import chain_document
from agent.cli.output import VERDICTS, leaf_document, rfc3339
from agent.cli.setting import kinds

if TYPE_CHECKING:
    from checks.base import Judged, Perfdata, Reading, Traces
    from config.models import Check


def as_document(check: Check, reading: Reading) -> dict[str, Any]:
    """The contract's JSON object of one look."""
    return {
        "service": check.service,
        "check": check.name,
        "kind": check.kind,
        "status": reading.status.value,
        "message": reading.message,
        "error_kind": reading.error_kind.value if reading.error_kind else None,
        "values": dict(reading.values),
        "phases": dict(reading.phases),
        "conditions": [_condition(judged) for judged in reading.conditions],
        "perfdata": [_perfdata(one) for one in reading.perfdata],
        **_output(check, reading),
        "notes": list(reading.notes),
        **_closely(check, reading),
        "took": reading.took,
        "at": rfc3339(reading.at),
    }


def _closely(check: Check, reading: Reading) -> dict[str, Any]:
    """What `--verbose` adds; nothing without it."""
    if reading.traces is None and not reading.parts:
        return {}
    return {
        **_traces(reading.traces, reading.at),
        "excerpt": reading.excerpt,
        "parts": {name: as_document(check, part) for name, part in reading.parts.items()},
    }


def _traces(traces: Traces | None, at: int) -> dict[str, Any]:
    if traces is None:
        return {"addresses": [], "answered": None, "chain": [], "headers": {}}
    headers: dict[str, list[str]] = {}
    for name, value in traces.headers:
        headers.setdefault(name, []).append(value)
    return {
        "addresses": list(traces.addresses),
        "answered": traces.answered or None,
        "chain": chain_document(traces.chain, at / 1_000_000),
        "headers": {name: found[0] if len(found) == 1 else found for name, found in headers.items()},
    }


def _perfdata(one: Perfdata) -> dict[str, Any]:
    return {
        "label": one.label,
        "value": one.value,
        "uom": one.uom,
        "warn": one.warn,
        "crit": one.crit,
        "min": one.least,
        "max": one.most,
    }


def _output(check: Check, reading: Reading) -> dict[str, Any]:
    """What a program wrote; kinds that run none have neither."""
    if not runs_program(check):
        return {}
    return {"text": reading.text or "", "long_text": reading.long_text or ""}


def runs_program(check: Check) -> bool:
    """Whether the text of its readings is what a program wrote."""
    kind = kinds()[check.kind]
    return kind.open_values and kind.named is None


def _condition(judged: Judged) -> dict[str, Any]:
    leaves = [leaf_document(leaf) for leaf in judged.leaves]
    return {
        "level": judged.level.value,
        "text": judged.text,
        "value": leaves[0]["value"] if len(leaves) == 1 else None,
        "verdict": VERDICTS[judged.verdict],
        "must_hold": judged.must_hold,
        "leaves": leaves,
    }
