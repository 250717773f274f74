"""Metrics: OpenMetrics 1.0, line by line, and strictly: a page that breaks a rule is refused as a whole.

The specification: https://prometheus.io/docs/specs/om/open_metrics_spec/. The reader of the library that makes our own
page is laxer, as it says itself, slower, and knows no limits; tests hold this one against it.
"""

from __future__ import annotations

import re
from collections.abc import Container

from checks.metrics.exposition import (
    LABEL_NAME,
    NAME,
    NO_CHARACTER,
    NUMBER,
    REAL,
    Page,
    Sample,
    Unreadable,
    batches,
    few_enough,
    finite_or_named,
    line_of,
    shown,
    unescaped,
)
from checks.metrics.families import Exemplar, Families

_QUOTED = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_LABELS = rf"\{{((?:{LABEL_NAME}={_QUOTED}(?:,{LABEL_NAME}={_QUOTED})*+)?+)\}}"
_SAMPLE = re.compile(
    rf"({NAME})(?:{_LABELS})?+ ({NUMBER})(?: ({REAL}))?+(?: # {_LABELS} ({NUMBER})(?: ({REAL}))?+)?+"
)
_PAIR = re.compile(rf'({LABEL_NAME})="([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_META = re.compile(rf"# (TYPE|UNIT|HELP) ({NAME}) (.*)", re.DOTALL)
_RESERVED = "__name__"
_EOF = "# EOF"
_LONGEST_EXEMPLAR = 128


def read(text: str, wanted: Container[str], until: float) -> Page:
    """The page; only samples whose name is wanted are kept. Raises Unreadable, and TooSlow (`batches`)."""
    page, families, at, end = Page(), Families(), 0, None
    if (place := text.find(NO_CHARACTER)) >= 0:
        raise Unreadable(line_of(text, place), "is not UTF-8")
    for first, lines in batches(text, until):
        for at, line in enumerate(lines, first):
            if end is not None:
                raise Unreadable(at, "a line after # EOF")
            if found := _SAMPLE.fullmatch(line):
                _keep(_sample(at, found, families), page, wanted)
            elif line == _EOF:
                end = at
            else:
                _metadata(at, line, families)
        few_enough(page.series, at)
    if end is None:
        raise Unreadable(at + 1, "the page ends without # EOF")
    families.end(end)
    return page


def _keep(sample: Sample, page: Page, wanted: Container[str]) -> None:
    page.series += 1
    page.names[sample.name] = None
    if sample.name in wanted:
        page.samples.setdefault(sample.name, []).append(sample)


def _sample(at: int, found: re.Match[str], families: Families) -> Sample:
    name, inside, written, timestamp, marked, exemplar, marked_at = found.groups()
    labels = _labels(at, inside) if inside else {}
    stamp = _number(at, timestamp) if timestamp else None
    sample = Sample(name, labels, _number(at, written), stamp)
    families.take(at, sample, _exemplar(at, marked, exemplar, marked_at) if exemplar else None)
    return sample


def _labels(at: int, inside: str) -> dict[str, str]:
    pairs = _PAIR.findall(inside)
    labels = {name: unescaped(value) for name, value in pairs}
    if len(labels) < len(pairs):
        raise Unreadable(at, "a label is named twice")
    if _RESERVED in labels:
        raise Unreadable(at, f"the label name {_RESERVED} is reserved")
    return labels


def _number(at: int, written: str) -> float:
    value = finite_or_named(written)
    if value is None:
        raise Unreadable(at, f"{shown(written)} is too large for a number")
    return value


def _exemplar(at: int, inside: str, value: str, timestamp: str | None) -> Exemplar:
    labels = _labels(at, inside)
    if sum(len(name) + len(each) for name, each in labels.items()) > _LONGEST_EXEMPLAR:
        raise Unreadable(at, f"the labels of an exemplar have more than {_LONGEST_EXEMPLAR} characters")
    if timestamp:
        _number(at, timestamp)
    return Exemplar(_number(at, value))


def _metadata(at: int, line: str, families: Families) -> None:
    found = _META.fullmatch(line)
    if not found:
        raise Unreadable(at, _mistake(line))
    word, name, rest = found.groups()
    if word == "TYPE":
        families.type(at, name, rest)
    elif word == "UNIT":
        families.unit(at, name, rest)
    elif rest.endswith("\r"):
        raise Unreadable(at, "a carriage return at the end of the line")
    else:
        # Quotes ought to be escaped there, but the client library for Rust leaves them, and Prometheus reads them.
        families.help(at, name)


_BEGINNING = re.compile(rf"({NAME})(?:{_LABELS})?+")
_VALUE = re.compile(rf" ({NUMBER})(?: ({REAL}))?+")


def _mistake(line: str) -> str:
    """Why a line is neither a sample nor metadata."""
    if not line:
        return "a blank line"
    if line.startswith("#"):
        return f"neither # TYPE, # UNIT, # HELP nor # EOF, each with its name and text: {shown(line)}"
    found = _BEGINNING.match(line)
    if not found:
        return f"{shown(line)} begins with no metric name"
    rest = line[found.end() :]
    if rest.startswith("{"):
        return f'the labels are not of the form {{name="value",…}}: {shown(rest)}'
    value = _VALUE.match(rest)
    if not value:
        return f"expected one space and a number after the name and labels, got {shown(rest)}"
    rest = rest[value.end() :]
    if rest.startswith(" #"):
        return f'an exemplar is not of the form # {{name="value",…}} number [seconds]: {shown(rest)}'
    return f"expected the end of the line, a timestamp in seconds or an exemplar, got {shown(rest)}"
