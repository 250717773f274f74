"""Pages made up for laws: families of every type with any labels, and their text in both formats."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypothesis import strategies as st

from checks.metrics.exposition import Sample

_ESCAPES = {"\\": r"\\", "\n": r"\n", '"': r"\""}
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=12)
_LABEL = st.from_regex(r"\A[a-z_][a-z0-9_]{0,5}\Z").filter(
    lambda name: name not in ("le", "quantile", "__name__")
)
_LABELS = st.dictionaries(_LABEL, _TEXT, max_size=3)
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_COUNT = st.integers(0, 2**53)


@dataclass(frozen=True, slots=True)
class Family:
    """One family: its type, and samples in an order that every format allows."""

    name: str
    type: str
    samples: tuple[Sample, ...]


def label_text(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)


def sample_text(sample: Sample) -> str:
    listed = ",".join(f'{name}="{label_text(value)}"' for name, value in sample.labels.items())
    return f"{sample.name}{f'{{{listed}}}' if listed else ''} {number_text(sample.value)}"


def number_text(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)


def openmetrics_text(families: list[Family]) -> str:
    lines = []
    for family in families:
        lines += [f"# TYPE {family.name} {family.type}", *map(sample_text, family.samples)]
    return "".join(f"{line}\n" for line in [*lines, "# EOF"])


def older_text(families: list[Family]) -> str:
    lines = []
    for family in families:
        kind = family.type if family.type in ("gauge", "histogram", "summary") else "untyped"
        lines += [f"# TYPE {family.name} {kind}", *map(sample_text, family.samples)]
    return "".join(f"{line}\n" for line in lines)


@st.composite
def families(draw: st.DrawFn) -> list[Family]:
    count = draw(st.integers(0, 5))
    return [draw(_family(f"f{number}")) for number in range(count)]


@st.composite
def _family(draw: st.DrawFn, name: str) -> Family:
    kind = draw(st.sampled_from(["gauge", "unknown", "counter", "info", "stateset", "summary", "histogram"]))
    metrics = draw(st.lists(_LABELS, max_size=3, unique_by=lambda labels: frozenset(labels.items())))
    return Family(name, kind, tuple(each for labels in metrics for each in _metric(draw, name, kind, labels)))


def _metric(draw: st.DrawFn, name: str, kind: str, labels: dict[str, str]) -> list[Sample]:
    if kind in ("gauge", "unknown"):
        return [Sample(name, labels, draw(_FINITE | st.sampled_from([math.inf, -math.inf])))]
    if kind == "counter":
        return [Sample(f"{name}_total", labels, abs(draw(_FINITE)))]
    if kind == "info":
        return [Sample(f"{name}_info", labels, 1.0)]
    if kind == "stateset":
        return [Sample(name, {**labels, name: state}, float(draw(st.booleans()))) for state in "abc"]
    count = float(draw(_COUNT))
    if kind == "summary":
        high = abs(draw(_FINITE))
        return [Sample(name, {**labels, "quantile": "0.5"}, high), Sample(f"{name}_count", labels, count)]
    below = min(count, float(draw(_COUNT)))
    return [
        Sample(f"{name}_bucket", {**labels, "le": "0.1"}, below),
        Sample(f"{name}_bucket", {**labels, "le": "+Inf"}, count),
        Sample(f"{name}_count", labels, count),
        Sample(f"{name}_sum", labels, abs(draw(_FINITE))),
    ]
