"""Metrics: what does an exporter show, on a host or in a program without an agent of its own?

Scrapes a page such as `node_exporter` serves, in the Prometheus text format or in OpenMetrics 1.0. Both are asked
for, the older one first; the answer's Content-Type tells which it is. A page that breaks the rules of its format is
refused as a whole, with the line: it is down, as is an exporter that cannot be reached. OpenMetrics is read as
strictly as it is meant; `format: prometheus` asks for the older format alone.

`series` names values, and conditions ask for them: `free: node_filesystem_avail_bytes` lets `free < 1GiB` be asked.
The unit is told by the name (`_bytes`, `_seconds`), by `per`, or by `unit`. Selectors are those of Prometheus; their
patterns are RE2 and match the whole value of a label.

- Several series are judged each by itself, and the worst is the reading: `free < 1GiB` names the file system. Where
  two values have several series, those with the same labels are judged together, and what has no such series is
  absent there. `combine: sum`, `min`, `max`, `avg` or `count` makes one value of all.
- `per` divides by another series with the same labels: free by size, seconds by count, errors by requests; or by one
  series for all, whose labels they have too, such as the host's memory. What has none is unknown, unless `absent: ok`.
- `measure: rate` (a second) and `increase` of counters are over the time since the last look. The first look takes
  two, up to a second apart. A counter that fell began anew at 0. A series that is new has no rate yet, unless
  `absent: zero` says that it stood at 0 before. Nothing divided by nothing, such as the errors of no requests, is
  absent, so that no condition on it is true.
- `quantile` is of the observations that a histogram counted since the last look, as Prometheus estimates it.
- `measure: age` is the time since the moment that a value tells, such as `node_boot_time_seconds`.

A series that is not there makes its value unknown, with the nearest name or the labels that there are; `absent` says
when that is well. So do NaN, infinity, and a timestamp of the exporter's own that is older than `max_age`. With
`absent: ok` conditions may ask `exists`.

A page of a megabyte takes about 0.1 s of one processor, on a thread of its own, as OpenMetrics three times that; at
most 500000 series are read, and lines of 64 KiB. A login that is refused (401, 403) is unknown, as is being asked to
come less often (429); every other status but 2xx is down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from checks.base import Context, ErrorKind, Kind, NamedGauge, Observation, Scalar, Value
from checks.boot import since_boot
from checks.metrics import openmetrics, text_format
from checks.metrics.asking import asked, ended, header, refused, request_of, unanswered
from checks.metrics.content_type import ACCEPT, Format, NoMetrics, format_of
from checks.metrics.exposition import BATCH, Page, TooSlow, Unreadable, told_apart
from checks.metrics.figures import Figure, Problem, Reading, Sight, figure
from checks.metrics.growth import Growth
from checks.metrics.spec import LATENCY, SERIES, SIZE, MetricsSpec, named
from checks.rates import Look, remembered
from checks.text import visible

_TITLES = {Format.OPENMETRICS: "OpenMetrics 1.0", Format.PROMETHEUS: "Prometheus text"}
_READERS = {Format.OPENMETRICS: openmetrics.read, Format.PROMETHEUS: text_format.read}
_APART, _SHARE_APART = 1.0, 0.25
_REASON = 400
_DOUBLED = 3
_REMEDIES = {
    404: "does url: lead to the exporter's page, such as /metrics?",
    406: "it has neither format (try format: openmetrics or prometheus)",
}


@dataclass(frozen=True, slots=True)
class _Scraped:
    """A page that was read, and what was made of it."""

    answer: Observation
    page: Page
    growth: Growth
    figures: Mapping[str, Figure]


async def probe(spec: MetricsSpec, context: Context) -> Observation:
    """Scrape once, or twice where counters have no look to be compared with. Never raises for what a page holds."""
    until = time.perf_counter() + context.timeout
    seen = await _scraped(spec, context, remembered(context.memo))
    if isinstance(seen, Observation):
        return replace(seen, memo=context.memo)
    if any(each.grows and not seen.growth.knows(each.of.written) for each in _asked_for(spec, seen)):
        apart = min(_APART, _SHARE_APART * (until - time.perf_counter()))
        if apart > 0:
            await asyncio.sleep(apart)
            again = replace(context, timeout=max(0.001, until - time.perf_counter()))
            seen = await _scraped(spec, again, seen.growth.look)
            if isinstance(seen, Observation):
                return replace(seen, memo=context.memo)
    return _judgeable(seen)


def _asked_for(spec: MetricsSpec, seen: _Scraped) -> list[Any]:
    """Values whose series are there: of the others a second look would tell no more."""
    return [each for name, each in spec.series.items() if seen.growth.counters.get(each.of.written)]


async def _scraped(spec: MetricsSpec, context: Context, before: Look | None) -> _Scraped | Observation:
    """One scrape; an observation where it ends the look."""
    wanted = spec.asked_format
    until = time.perf_counter() + context.timeout
    answer = await asked(request_of(spec, spec.url, {"Accept": ACCEPT[wanted]}), context)
    at = since_boot()
    if ending := unanswered(answer) or refused(answer, _REMEDIES):
        return ending
    text = answer.body or ""
    try:
        form = wanted or format_of(header(answer, "content-type"))

        def work() -> tuple[Page, Growth, dict[str, Figure]]:
            page = _read(form, text, _names(spec), until)
            growth = Growth(before, at)
            sight = Sight(page, growth, context.now, spec.max_age)
            return page, growth, {name: figure(each, sight) for name, each in spec.series.items()}

        page, growth, figures = work() if len(text) <= BATCH else await asyncio.to_thread(work)
    except NoMetrics as error:
        why = visible(str(error), _REASON)
        return ended(answer, Observation(failure=why, error_kind=ErrorKind.CONTENT, body=text))
    except TooSlow as error:
        return ended(answer, Observation(blind=f"{error} (raise timeout:)", error_kind=ErrorKind.LOCAL))
    return _Scraped(answer, page, growth, figures)


def _read(form: Format, text: str, names: frozenset[str], until: float) -> Page:
    """Raises NoMetrics, and TooSlow."""
    try:
        return _READERS[form](text, names, until)
    except Unreadable as error:
        raise NoMetrics(f"the page is no valid {_TITLES[form]}: {error}") from None


def _names(spec: MetricsSpec) -> frozenset[str]:
    """Of which names samples are kept."""
    names = {each.of.name for each in spec.series.values()}
    names |= {f"{each.of.name}_bucket" for each in spec.series.values() if each.quantile is not None}
    return frozenset(names | {each.per.name for each in spec.series.values() if each.per is not None})


def _judgeable(seen: _Scraped) -> Observation:
    page, several = seen.page, {name: each.each for name, each in seen.figures.items() if each.each}
    values: dict[str, Scalar] = {SERIES: page.series, SIZE: seen.answer.values.get("size")}
    whole = {name: each.whole for name, each in seen.figures.items() if not each.each}
    notes = tuple(f"{each} came twice, and the first one counts" for each in page.doubled[:_DOUBLED])
    memo = seen.growth.memo if seen.growth.counters else None
    common = _part(seen, values, whole)
    if not several:
        return replace(common, notes=notes, memo=memo)
    rows = list(dict.fromkeys(labels for each in several.values() for labels in each))
    parts = {
        name: _part(seen, values, {**whole, **{of: each.get(labels) for of, each in several.items()}})
        for labels, name in zip(rows, told_apart(rows), strict=True)
    }
    return replace(common, parts=parts, notes=notes, memo=memo)


def _part(seen: _Scraped, values: Mapping[str, Scalar], readings: Mapping[str, Reading]) -> Observation:
    numbers = {name: None if isinstance(each, Problem) else each for name, each in readings.items()}
    unread = {
        name: visible(each.reason, _REASON) for name, each in readings.items() if isinstance(each, Problem)
    }
    return ended(seen.answer, Observation(values={**values, **numbers}, unread=unread))


KIND = Kind(
    name="metrics",
    summary="scrapes an exporter (node_exporter and the like) and judges series, rates and shares",
    spec=MetricsSpec,
    probe=probe,
    values=(
        Value(LATENCY, "seconds", "time from the first lookup to the last byte of the page"),
        Value(SERIES, "", "how many series the page holds", least=0, whole=True),
        Value(SIZE, "bytes", "size of the page, unpacked"),
    ),
    counts_for_uptime=False,
    example=(
        "type: metrics\n"
        "url: http://db1.example.org:9100/metrics\n"
        "series:\n"
        "  load: node_load5\n"
        "  free:\n"
        '    of: node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"}\n'
        "    per: node_filesystem_size_bytes\n"
        "  dropped: {of: node_network_receive_drop_total, measure: rate, combine: sum}\n"
        "down: free < 2%\n"
        "degraded: free < 10% or load > 8 or dropped > 100\n"
    ),
    open_values=True,
    named=named,
    named_gauge=NamedGauge(
        "value",
        "series",
        "Of series, by the name that the options give it.",
        ("", "seconds", "bytes", "ratio"),
    ),
)
