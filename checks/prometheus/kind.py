"""Prometheus: what does a server that already gathers metrics say?

Asks a PromQL instant query of Prometheus, VictoriaMetrics, Mimir, Thanos or whatever else answers at
`/api/v1/query`, and lets conditions ask for `value`. The server decides how the query is spelt. A query of up to 1.5 KB
goes by GET, a longer one by POST.

- One series, or a scalar, gives `value`. Several series are judged each by itself, at most 200, and the worst is the
  reading: the message names it by its labels. A string gives `text`. A range of values (`up[5m]`) is not judged.
- No series at all is unknown, since a name that is misspelt, or a target that is gone, looks the same. Write
  `absent: ok` for a query that finds only what is wrong, such as `up == 0`, with `down: series > 0`; or
  `absent: down` where a series must be there.
- NaN, infinity, a native histogram, and a moment older than `max_age` are unknown. Prometheus itself leaves out series
  that had no sample for five minutes: they are absent, not old.

Whatever the server says against the query (400, 422, 429, a query that takes too long), and a login that it refuses
(401, 403), is unknown with its words: nothing was looked at. A server that cannot be reached, or answers with any
other status, is down. Warnings of the server are notes. It does not count for uptime unless you say so.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.http.spec import HttpSpec
from checks.metrics.asking import asked, ended, header, refused, request_of, unanswered
from checks.metrics.exposition import told_apart
from checks.prometheus.answer import MOST_SERIES, NoAnswer, Point, Refusal, Result, understood
from checks.prometheus.spec import PrometheusSpec, named
from checks.text import visible
from config.units import show_duration

_LONGEST_GET = 1500
_QUICK = 32 * 1024
_REASON = 400
_BASE = "is url: the server's base address, without /api/v1/query?"
_REMEDIES = {404: _BASE, 405: _BASE}
_BY_SORT = {
    "bad_data": ErrorKind.LOCAL,
    "execution": ErrorKind.CONTENT,
    "timeout": ErrorKind.TIMEOUT,
    "canceled": ErrorKind.TIMEOUT,
    "too_many_requests": ErrorKind.QUOTA,
    "unauthorized": ErrorKind.AUTH,
    "forbidden": ErrorKind.AUTH,
}
_BY_STATUS = {400: ErrorKind.LOCAL, 422: ErrorKind.CONTENT}


async def probe(spec: PrometheusSpec, context: Context) -> Observation:
    """Ask once. Never raises for anything that a server answers."""
    answer = await asked(_request(spec), context)
    if ending := unanswered(answer):
        return ending
    text = answer.body or ""
    try:
        found = understood(text) if len(text) <= _QUICK else await asyncio.to_thread(understood, text)
    except NoAnswer as error:
        return refused(answer, _REMEDIES) or _no_answer(str(error), answer)
    if isinstance(found, Refusal):
        return _against(found, answer)
    return refused(answer, _REMEDIES) or _judgeable(found, spec, context.now, answer)


def _request(spec: PrometheusSpec) -> HttpSpec:
    query = urlencode({"query": spec.query})
    headers = {"Accept": "application/json"}
    if spec.tenant is not None:
        headers["X-Scope-OrgID"] = spec.tenant
    if len(spec.query) > _LONGEST_GET:
        return request_of(spec, spec.endpoint, headers, query)
    joint = "&" if "?" in spec.endpoint else "?"
    return request_of(spec, f"{spec.endpoint}{joint}{query}", headers)


def _no_answer(reason: str, answer: Observation) -> Observation:
    said = header(answer, "content-type") or "without a Content-Type"
    failure = visible(f"{reason} ({said}): {_BASE}", _REASON)
    return ended(answer, Observation(failure=failure, error_kind=ErrorKind.CONTENT, body=answer.body))


def _against(refusal: Refusal, answer: Observation) -> Observation:
    """The server's own word against the query, or on itself."""
    status = int(answer.values.get("status") or 0)
    kind = _BY_SORT.get(refusal.sort) or _BY_STATUS.get(status)
    if kind is None and (of_status := refused(answer, _REMEDIES)) and of_status.blind:
        kind = of_status.error_kind
    said = refusal.text or refusal.sort or "no reason given"
    reason = visible(f"the server refuses the query ({status}): {said}", _REASON)
    if kind is None:
        failure = visible(f"the answer is {status}: {said}", _REASON)
        return ended(answer, Observation(failure=failure, error_kind=ErrorKind.STATUS))
    return ended(answer, Observation(blind=reason, error_kind=kind))


def _judgeable(result: Result, spec: PrometheusSpec, now: float, answer: Observation) -> Observation:
    if result.kind == "matrix":
        why = "the query gives a range of values: ask for one moment, as in max_over_time(up[5m])"
        return ended(answer, Observation(blind=why, error_kind=ErrorKind.LOCAL, notes=result.notes))
    if result.more:
        count = result.more + len(result.points)
        why = f"{count} series are too many to judge each by itself (at most {MOST_SERIES}: use sum, max or topk)"
        return ended(answer, Observation(blind=why, error_kind=ErrorKind.LOCAL, notes=result.notes))
    if not result.points and spec.absent != "ok":
        return _absent(result, spec, answer)
    count = len(result.points)
    if count <= 1:
        part = _part(result.points[0], count, spec, now) if count else Observation(values={"series": 0})
        if result.text is not None:
            part = Observation(values={"text": result.text})
        return ended(answer, replace(part, notes=result.notes))
    names = told_apart([frozenset(point.labels.items()) for point in result.points])
    parts = {
        name: ended(answer, _part(point, count, spec, now))
        for name, point in zip(names, result.points, strict=True)
    }
    return ended(answer, Observation(values={"series": count}, parts=parts, notes=result.notes))


def _absent(result: Result, spec: PrometheusSpec, answer: Observation) -> Observation:
    why, kind = "the query finds no series", ErrorKind.CONTENT
    if spec.absent == "down":
        seen = Observation(failure=why, error_kind=kind, values={"series": 0}, notes=result.notes)
    else:
        blind = f"{why} (is it spelt right? absent: ok or down says what that means)"
        seen = Observation(blind=blind, error_kind=kind, values={"series": 0}, notes=result.notes)
    return ended(answer, seen)


def _part(point: Point, count: int, spec: PrometheusSpec, now: float) -> Observation:
    values: dict[str, Scalar] = {"series": count, "age": round(max(0.0, now - point.at), 3)}
    unread = _unread(point, spec, now)
    values["value"] = None if unread else point.value
    return Observation(values=values, unread=unread)


def _unread(point: Point, spec: PrometheusSpec, now: float) -> Mapping[str, str]:
    """Why the value cannot be judged, if it cannot."""
    reason = None
    if now - point.at > spec.max_age:
        ago = show_duration(now - point.at)
        reason = f"stale: its timestamp is {ago} old (or the clocks of both hosts differ)"
    elif point.value is None:
        reason = "a native histogram (use histogram_quantile or histogram_count)"
    elif not math.isfinite(point.value):
        reason = f"is {point.value}".replace("inf", "Inf").replace("nan", "NaN")
    return {} if reason is None else {"value": reason}


KIND = Kind(
    name="prometheus",
    summary="asks a PromQL query of Prometheus, VictoriaMetrics or Mimir and judges its result",
    spec=PrometheusSpec,
    probe=probe,
    values=(
        Value("value", "", "the result; of several series each has its own"),
        Value("series", "", "how many series the result has", least=0, whole=True),
        Value("text", "", "the result of a query that gives a string", text=True),
        Value("age", "seconds", "how old the value is, by its timestamp"),
        Value("latency", "seconds", "time from the first lookup to the last byte of the answer"),
    ),
    counts_for_uptime=False,
    example=(
        "type: prometheus\n"
        "url: http://prometheus.example.org:9090\n"
        "query: |\n"
        '  sum by (service) (rate(http_requests_total{code=~"5.."}[5m]))\n'
        "    / sum by (service) (rate(http_requests_total[5m]))\n"
        "unit: ratio\n"
        "degraded: value > 1%\n"
        "down: value > 5%\n"
    ),
    named=named,
)
