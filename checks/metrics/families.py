"""Metrics: the rules of OpenMetrics that span lines: families, their metadata, the order of their samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.metrics.buckets import Buckets
from checks.metrics.exposition import Sample, Unreadable, number, shown

Key = frozenset[tuple[str, str]]

_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "unknown": ("",),
    "gauge": ("",),
    "stateset": ("",),
    "counter": ("_total", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "info": ("_info",),
}
_WITHOUT_UNIT = frozenset({"info", "stateset"})
_COUNTED = frozenset({"_total", "_sum", "_count", "_bucket", "_gcount"})
_WHOLE = frozenset({"_bucket", "_count", "_gcount"})
_HISTOGRAMS = frozenset({"histogram", "gaugehistogram"})
_FREE = frozenset({None, "gauge", "unknown"})
_INFINITE = "+Inf"


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An example behind a counter or bucket; of it only the value obeys a rule that spans lines."""

    value: float


@dataclass(slots=True)
class _Family:
    """The family that lines now belong to. `group` is the metric, told by its labels, of the last sample."""

    name: str
    type: str | None = None
    helped: bool = False
    unit: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    begun: bool = False
    group: Key | None = None
    groups: set[Key] = field(default_factory=set)
    timestamp: float | None = None
    series: set[tuple[str, Key]] = field(default_factory=set)
    total: bool = False
    buckets: Buckets | None = None


class Families:
    """Every line of a page in its order. Each method raises Unreadable for what may not stand there."""

    def __init__(self) -> None:
        self._family: _Family | None = None
        self._claimed: set[str] = set()

    def type(self, at: int, name: str, written: str) -> None:
        family = self._described(at, name)
        if family.type is not None:
            raise Unreadable(at, f"a second TYPE line for {shown(name)}")
        if written not in _SUFFIXES:
            raise Unreadable(at, f"{shown(written)} is no type of metric")
        family.type = written
        family.names = {name + suffix: suffix for suffix in _SUFFIXES[written]}
        if not self._claimed.isdisjoint(family.names):
            raise Unreadable(at, f"the samples of {shown(name)} would have names that an earlier family has")
        self._fits(at, family)

    def unit(self, at: int, name: str, written: str) -> None:
        family = self._described(at, name)
        if family.unit is not None:
            raise Unreadable(at, f"a second UNIT line for {shown(name)}")
        if written and not name.endswith(f"_{written}"):
            raise Unreadable(at, f"the name {shown(name)} does not end with its unit {shown(written)}")
        family.unit = written
        self._fits(at, family)

    def help(self, at: int, name: str) -> None:
        family = self._described(at, name)
        if family.helped:
            raise Unreadable(at, f"a second HELP line for {shown(name)}")
        family.helped = True

    def take(self, at: int, sample: Sample, exemplar: Exemplar | None) -> None:
        """A sample, of the family described before it or else of a new one without a type."""
        family = self._family
        if family is None or sample.name not in family.names:
            family = self._begin(at, sample.name)
        family.begun = True
        suffix = family.names[sample.name]
        _check_value(at, family, suffix, sample)
        if exemplar is not None:
            _check_exemplar(at, suffix, sample, exemplar)
        self._order(at, family, suffix, sample)

    def end(self, at: int) -> None:
        """The page, or a family, is over."""
        family = self._family
        if family is None:
            return
        _end_of_point(at, family)
        self._claimed.update(family.names)
        self._claimed.add(family.name)
        self._family = None

    def _described(self, at: int, name: str) -> _Family:
        """The family that a line of metadata speaks of."""
        family = self._family
        if family is None or family.name != name:
            return self._begin(at, name)
        if family.begun:
            raise Unreadable(at, f"metadata of {shown(name)} after its samples")
        return family

    def _begin(self, at: int, name: str) -> _Family:
        self.end(at)
        if name in self._claimed:
            raise Unreadable(
                at, f"{shown(name)} belongs to a family that came before (interleaved or clashing)"
            )
        self._family = family = _Family(name, names={name: ""})
        return family

    @staticmethod
    def _fits(at: int, family: _Family) -> None:
        if family.unit and family.type in _WITHOUT_UNIT:
            raise Unreadable(at, f"a family of type {family.type} has no unit")

    @staticmethod
    def _order(at: int, family: _Family, suffix: str, sample: Sample) -> None:
        """Metrics and their points stand together, in the order of time, each series once in a point."""
        everything = frozenset(sample.labels.items())
        key = _metric(family, suffix, sample.labels, everything)
        if key != family.group:
            _end_of_point(at, family)
            if key in family.groups:
                raise Unreadable(
                    at, f"samples of {shown(family.name)} with the same labels do not stand together"
                )
            family.groups.add(key)
            family.group, family.timestamp = key, sample.timestamp
            family.series.clear()  # none of them may come again
        elif sample.timestamp != family.timestamp:
            _check_time(at, family, sample.timestamp)
            _end_of_point(at, family)
            family.timestamp = sample.timestamp
        series = suffix, everything
        if series in family.series and sample.timestamp is None:
            raise Unreadable(at, "the same series a second time")
        family.series.add(series)
        family.total = family.total or suffix == "_total"
        if family.type in _HISTOGRAMS:
            family.buckets = family.buckets or Buckets(gauge=family.type == "gaugehistogram")
            family.buckets.take(at, suffix, sample)


def _metric(family: _Family, suffix: str, labels: Mapping[str, str], everything: Key) -> Key:
    """Which metric a sample belongs to: its labels, but for those that tell the samples of one metric apart."""
    if family.type == "info":
        return frozenset()
    apart = None
    if family.type == "stateset":
        apart = family.name
    elif family.type == "summary" and suffix == "":
        apart = "quantile"
    elif suffix == "_bucket":
        apart = "le"
    return everything if apart is None else everything - {(apart, labels[apart])}


def _check_time(at: int, family: _Family, timestamp: float | None) -> None:
    if (timestamp is None) != (family.timestamp is None):
        raise Unreadable(at, "samples of one metric, some with a timestamp and some without")
    if family.type != "info" and (timestamp or 0.0) < (family.timestamp or 0.0):
        raise Unreadable(at, "timestamps of one metric go backwards")


def _check_value(at: int, family: _Family, suffix: str, sample: Sample) -> None:
    value, kind = sample.value, family.type
    if kind in _FREE:
        return
    if kind == "info" and value != 1:
        raise Unreadable(at, "the value of an info is 1")
    if kind == "stateset":
        if family.name not in sample.labels:
            raise Unreadable(at, f"a sample of a stateset has a label of its name, {shown(family.name)}")
        if value not in (0, 1):
            raise Unreadable(at, "the value of a stateset is 0 or 1")
    if suffix in _COUNTED or suffix == "_gsum":
        if math.isnan(value):
            raise Unreadable(at, f"{shown(sample.name)} cannot be NaN")
        if value < 0 and suffix != "_gsum":
            raise Unreadable(at, f"{shown(sample.name)} cannot be negative")
    if suffix in _WHOLE and not value.is_integer():
        raise Unreadable(at, f"{shown(sample.name)} is a whole number")
    if kind == "summary" and suffix == "":
        _check_quantile(at, sample)
    elif suffix == "_bucket":
        _check_bound(at, sample.labels.get("le"))
    elif kind in _HISTOGRAMS and "le" in sample.labels:
        raise Unreadable(at, "the label le belongs to buckets alone")
    elif kind == "summary" and "quantile" in sample.labels:
        raise Unreadable(at, "the label quantile belongs to quantiles alone")


def _check_quantile(at: int, sample: Sample) -> None:
    written = sample.labels.get("quantile", "")
    share = number(written)
    if share is None or not 0 <= share <= 1:
        raise Unreadable(at, f"expected a number from 0 to 1 as quantile, got {shown(written)}")
    if sample.value < 0:
        raise Unreadable(at, "the value of a quantile cannot be negative")


def _check_bound(at: int, written: str | None) -> None:
    bound = number(written or "")
    if bound is None or math.isnan(bound) or (bound == math.inf and written != _INFINITE):
        raise Unreadable(at, f"expected a number or {_INFINITE} as le, got {shown(written or '')}")


def _check_exemplar(at: int, suffix: str, sample: Sample, exemplar: Exemplar) -> None:
    if suffix not in ("_bucket", "_total"):
        raise Unreadable(at, "only counters and buckets have exemplars")
    if suffix == "_bucket" and exemplar.value > float(sample.labels["le"]):
        raise Unreadable(at, "the exemplar lies outside of its bucket")


def _end_of_point(at: int, family: _Family) -> None:
    if family.type == "counter" and family.group is not None and not family.total:
        raise Unreadable(at, f"the counter {shown(family.name)} has no {family.name}_total")
    family.total = False
    if family.buckets is not None:
        family.buckets.end(at, family.name)
        family.buckets = None
