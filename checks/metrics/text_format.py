"""Metrics: the Prometheus text format 0.0.4.

Rules from the exposition formats page of the Prometheus documentation, and, where it is silent, from what
`promtool check metrics` refuses. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from checks.metrics.exposition import (
    LABEL_NAME,
    NAME,
    NO_CHARACTER,
    NUMBER,
    Page,
    Sample,
    Unreadable,
    batches,
    few_enough,
    finite_or_named,
    number,
    shown,
    shown_series,
    unescaped,
)

_QUOTED = r'"[^"\\\n]*+(?:\\[\\"n][^"\\\n]*+)*+"'
_LABEL = rf"[ \t]*+{LABEL_NAME}[ \t]*+=[ \t]*+{_QUOTED}[ \t]*+"
_SAMPLE = re.compile(
    rf"[ \t]*+({NAME})(?:[ \t]*+\{{((?:{_LABEL}(?:,{_LABEL})*+,?+)?+)[ \t]*+\}}[ \t]*+|[ \t]++)"
    rf"({NUMBER})(?:[ \t]++([+-]?[0-9]{{1,19}}))?+[ \t]*+"
)
_PAIR = re.compile(rf'({LABEL_NAME})[ \t]*+=[ \t]*+"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_META = re.compile(rf"[ \t]*+#[ \t]*+(HELP|TYPE)[ \t]++({NAME})(?:[ \t]++(.*))?", re.DOTALL)
_META_WORD = re.compile(r"[ \t]*+#[ \t]*+(?:HELP|TYPE)[ \t]++\S")
_BAD_ESCAPE = re.compile(r"(?:[^\\]|\\[\\n])*+\\")
_TYPES = frozenset({"counter", "gauge", "histogram", "summary", "untyped", "gauge_histogram"})
_PARTS_OF = {"summary": ("_sum", "_count"), "histogram": ("_sum", "_count", "_bucket")}
_LABEL_OF = {"summary": "quantile", "histogram": "le"}
_RESERVED = "__name__"
_REMEMBERED = 10_000


def read(text: str, wanted: Container[str], until: float) -> Page:
    """The page; only samples whose name is wanted are kept. Raises Unreadable, and TooSlow (`batches`)."""
    reader, at = _Reader(wanted), 1
    for first, lines in batches(text, until):
        for at, line in enumerate(lines, first):
            found = _SAMPLE.fullmatch(line)
            if found:
                reader.sample(at, found)
            elif line:
                reader.other(at, line)
        few_enough(reader.page.series, at)
    if text and not text.endswith("\n"):
        raise Unreadable(at, "the page ends in the middle of a line (no line feed)")
    return reader.page


@dataclass(slots=True)
class _Reader:
    """The page as far as it has been read.

    `types` are the families met, None before a TYPE line; `special` is the label that means a number, by name of
    the sample; `right` are labels as written that were found right.
    """

    wanted: Container[str]
    page: Page = field(default_factory=Page)
    types: dict[str, str | None] = field(default_factory=dict)
    helped: set[str] = field(default_factory=set)
    special: dict[str, str] = field(default_factory=dict)
    right: set[str] = field(default_factory=set)
    kept: set[tuple[str, frozenset[tuple[str, str]]]] = field(default_factory=set)

    def sample(self, at: int, found: re.Match[str]) -> None:
        name, inside, written, timestamp = found.groups()
        page = self.page
        page.series += 1
        if name not in page.names:
            self._begin(name)
        value = finite_or_named(written)
        if value is None:
            raise Unreadable(at, f"{shown(written)} is too large for a number")
        if inside and (inside not in self.right or name in self.special):
            self._check(at, name, inside)
        if name in self.wanted:
            labels = {key: unescaped(each) for key, each in _PAIR.findall(inside or "")}
            self._keep(Sample(name, labels, value, int(timestamp) / 1000 if timestamp else None))

    def _begin(self, name: str) -> None:
        """The first sample of a name: it belongs to a family of its own, or to a histogram or summary."""
        self.page.names[name] = None
        family = next((base for base in self._bases(name) if self.types.get(base) in _PARTS_OF), name)
        if self.types.get(family) is None:
            self.types[family] = "untyped"
        label = _LABEL_OF.get(self.types[family] or "")
        if label:
            self.special[name] = label

    def _bases(self, name: str) -> Iterator[str]:
        """Histograms and summaries whose sum, count or bucket a name may be, unless it is a family itself."""
        if name in self.types:
            return
        for suffix in ("_sum", "_count", "_bucket"):
            base = name.removesuffix(suffix)
            if base != name and suffix in _PARTS_OF.get(self.types.get(base) or "", ()):
                yield base

    def _check(self, at: int, name: str, inside: str) -> None:
        """The labels of one line; the same text is right elsewhere too, but for a label that means a number."""
        if NO_CHARACTER in inside:
            raise Unreadable(at, "the value of a label is not UTF-8")
        pairs = _PAIR.findall(inside)
        if len(pairs) > 1 and len({key for key, _ in pairs}) < len(pairs):
            raise Unreadable(at, "a label is named twice")
        for key, value in pairs:
            if key == self.special.get(name) and number(value) is None:
                raise Unreadable(at, f"expected a number as {key}, got {shown(value)}")
            if key == _RESERVED:
                raise Unreadable(at, f"the label name {_RESERVED} is reserved")
        if len(self.right) < _REMEMBERED:
            self.right.add(inside)

    def _keep(self, sample: Sample) -> None:
        """Servers drop a series that comes a second time, and so do we."""
        key = sample.name, frozenset(sample.labels.items())
        if key in self.kept:
            self.page.doubled.append(shown_series(sample.name, sample.labels))
            return
        self.kept.add(key)
        self.page.samples.setdefault(sample.name, []).append(sample)

    def other(self, at: int, line: str) -> None:
        """What is no sample: a comment, metadata, nothing, or a mistake."""
        bare = line.strip(" \t")
        if not bare:
            return
        if not bare.startswith("#"):
            raise Unreadable(at, _mistake(bare))
        found = _META.fullmatch(line)
        if found:
            self._metadata(at, found[1], found[2], (found[3] or "").strip(" \t"))
        elif _META_WORD.match(line):
            raise Unreadable(at, f"invalid metric name in {shown(bare)}")

    def _metadata(self, at: int, word: str, name: str, rest: str) -> None:
        self.types.setdefault(name, None)
        if not rest:
            return
        if word == "HELP":
            if name in self.helped:
                raise Unreadable(at, f"a second HELP line for {shown(name)}")
            if "\\" in rest and (found := _BAD_ESCAPE.match(rest)):
                raise Unreadable(at, f"no such escape: {shown(rest[found.end() - 1 :][:2])}")
            self.helped.add(name)
            return
        if self.types[name] is not None:
            raise Unreadable(at, f"a second TYPE line for {shown(name)}, or one after its samples")
        if rest.lower() not in _TYPES:
            raise Unreadable(at, f"{shown(rest)} is no type of metric")
        self.types[name] = rest.lower()


_NAME = re.compile(NAME)
_ONE_LABEL = re.compile(_LABEL)
_NAMED_LABEL = re.compile(rf"[ \t]*+({LABEL_NAME})[ \t]*+(=?)")


def _mistake(line: str) -> str:
    """Why a line is no sample."""
    named = _NAME.match(line)
    if not named:
        return f"{shown(line)} begins with no metric name"
    rest = line[named.end() :].lstrip(" \t")
    if rest.startswith("{"):
        after = _after_labels(rest)
        if isinstance(after, str):
            return after
        rest = rest[after:]
    elif rest == line[named.end() :] and rest:
        return f"{shown(line)} begins with no metric name"
    value, *more = rest.split(None, 2) or [""]
    if number(value) is None:
        return f"expected a number as value, got {shown(value)}"
    return f"expected a whole number of milliseconds as timestamp, got {shown(' '.join(more))}"


def _after_labels(rest: str) -> int | str:
    """Where the labels end, or why they do not."""
    at = 1
    while found := _ONE_LABEL.match(rest, at):
        at = found.end()
        if rest[at : at + 1] != ",":
            break
        at += 1
    end = len(rest) - len(rest[at:].lstrip(" \t"))
    if rest[end : end + 1] == "}":
        return end + 1
    named = _NAMED_LABEL.match(rest, at)
    if found and rest[at - 1] != ",":
        return f"expected a comma or a closing brace after a label, got {shown(rest[end:])}"
    if named and not named[2]:
        return f"expected = after the label name {shown(named[1])}"
    if named:
        return (
            f"the value of the label {shown(named[1])} is not quoted, does not end, or has an unknown escape"
        )
    return f"expected a label name or a closing brace, got {shown(rest[at:])}"
