"""The values of an access log: counts and shares by status, latencies, the worst groups."""

from __future__ import annotations

from collections.abc import Mapping

from checks.access_log.latency import percentile
from checks.access_log.slices import OTHER, Slice, Statuses
from checks.access_log.spec import AccessLogSpec
from checks.base import Scalar, Value
from checks.text import visible

FEWEST = 10  # requests of a group that can be the worst; malformed lines that tell of a wrong format

_STATUSES = {
    "2xx": (200, 299),
    "3xx": (300, 399),
    "4xx": (400, 499),
    "404": (404, 404),
    "499": (499, 499),
    "5xx": (500, 599),
    "500": (500, 500),
    "502_504": (502, 504),
}
_MEANT = {
    "2xx": "with success",
    "3xx": "with a redirect or not modified",
    "4xx": "with a client's error",
    "404": "with not found",
    "499": "with 499: the client went away first (nginx)",
    "5xx": "with a server's error",
    "500": "with 500",
    "502_504": "with 502, 503 or 504: what stands behind the server failed",
}
_FIRST = ("404", "5xx", "4xx", "500")
_ORDER = (*_FIRST, *(name for name in _STATUSES if name not in _FIRST))


def counts(total: Slice, spec: AccessLogSpec) -> dict[str, Scalar]:
    """Counts, and shares where there are enough requests."""
    enough = total.requests >= spec.min_requests
    values: dict[str, Scalar] = {"requests": total.requests, "per_second": total.requests / spec.window}
    for name, (least, most) in _STATUSES.items():
        values[f"rate_{name}"] = total.share(least, most) if enough else None
        values[f"count_{name}"] = total.count(least, most)
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        values[name] = percentile(total.took, share) if enough else None
    return {**values, "bytes": total.size}


def worst(groups: Mapping[str, Statuses], fewest: int) -> dict[str, Scalar]:
    """The groups with the highest shares, among those with enough requests to have one."""
    values: dict[str, Scalar] = {}
    slices = {
        name: Slice(sum(statuses.values()), statuses=statuses)
        for name, statuses in groups.items()
        if name != OTHER and sum(statuses.values()) >= max(fewest, FEWEST)
    }
    for what in ("404", "5xx"):
        shares = {name: each.share(*_STATUSES[what]) or 0.0 for name, each in slices.items()}
        worst = max(shares, key=lambda name: shares[name], default=None)
        share = shares.get(worst or "")
        values[f"worst_{what}"] = visible(worst, 80) if worst and share else None
        values[f"worst_rate_{what}"] = share
    return values


def declared() -> tuple[Value, ...]:
    of_status = [
        value
        for name in _ORDER
        for value in (
            Value(f"rate_{name}", "ratio", f"share of the requests answered {_MEANT[name]}", share=True),
            Value(f"count_{name}", "", f"requests answered {_MEANT[name]}", least=0, whole=True),
        )
    ]
    return (
        Value("requests", "", "requests in the window", least=0, whole=True),
        *sorted(of_status, key=lambda value: value.name not in ("rate_404", "rate_5xx")),
        Value("p50", "seconds", "time that half of the requests took at most, where the log says it"),
        Value("p95", "seconds", "time that 95 % of the requests took at most"),
        Value("p99", "seconds", "time that 99 % of the requests took at most"),
        Value("per_second", "", "requests a second, over the whole window", least=0),
        Value("bytes", "bytes", "what was sent in answer, where the log says it"),
        Value(
            "worst_404", "", "the group with the highest share of 404, of those with 10 requests", text=True
        ),
        Value("worst_rate_404", "ratio", "its share"),
        Value("worst_5xx", "", "the group with the highest share of server's errors", text=True),
        Value("worst_rate_5xx", "ratio", "its share"),
        Value("malformed", "", "lines that are no requests, read in the window", least=0, whole=True),
        Value("silent", "seconds", "time since the newest request was written"),
        Value("behind", "bytes", "what is in the files and was not read yet, for want of time"),
        Value("took", "seconds", "how long the look took"),
    )
