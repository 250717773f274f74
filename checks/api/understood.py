"""API: one answer understood: quota, throttling, health, notices, and whether our login is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.api.configured import configured
from checks.api.header_names import said
from checks.api.health_document import Report, report
from checks.api.moments import clock_of
from checks.api.notices import Notices, notices
from checks.api.quota import Quota
from checks.api.quota_body import quota_in_body
from checks.api.quota_headers import quota_in
from checks.api.refusal import refusal
from checks.api.spec import ApiSpec
from checks.api.throttling import Throttling, throttling
from checks.base import Observation
from checks.http.address import target

LARGEST = 256 * 1024
_LONGEST_HEADER = 16 * 1024
_JOINED = frozenset({"link", "warning", "www-authenticate", "proxy-authenticate"})
# Where a whole address speaks of health, `[]` and `ok` are documents of that sort too.
_HEALTHY_PATHS = frozenset(
    {
        "health",
        "healthz",
        "livez",
        "readyz",
        "actuator",
        "healthcheck",
        "healthchecks",
        "readiness",
        "liveness",
    }
)


@dataclass(frozen=True, slots=True)
class Understood:
    """`lacks` says what of the configured quota the answer does not tell, `unreadable` why its health cannot be read,
    `refused` why our login is."""

    quota: Quota
    throttling: Throttling
    notices: Notices
    report: Report | None = None
    refused: str | None = None
    lacks: str | None = None
    unreadable: str | None = None


def understood(spec: ApiSpec, answer: Observation, now: float) -> Understood:
    """What an answer that came whole says. Never raises for anything in it."""
    status, body = int(answer.values.get("status") or 0), answer.body or ""
    headers = by_name(answer.headers or ())
    clock = clock_of(headers, now)
    quota, lacks = _quota(spec, headers, answer, clock)
    throttled = throttling(status, headers, body, quota, clock)
    found, unreadable = _report(spec, headers, answer, throttled)
    return Understood(
        quota=quota,
        throttling=throttled,
        notices=notices(headers, clock),
        report=found,
        refused=None if throttled.throttled else refusal(status, headers, body),
        lacks=lacks,
        unreadable=unreadable,
    )


def by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values by names in lower case. Of a header that comes twice the first counts, unless lists of it may be cut
    into several."""
    found: dict[str, str] = {}
    for name, value in headers:
        low = name.lower()
        if low not in found:
            found[low] = value[:_LONGEST_HEADER]
        elif len(found[low]) < _LONGEST_HEADER and (low in _JOINED or said(low) is not None):
            found[low] = f"{found[low]}, {value}"[:_LONGEST_HEADER]
    return found


def _quota(
    spec: ApiSpec, headers: Mapping[str, str], answer: Observation, now: float
) -> tuple[Quota, str | None]:
    if spec.quota.sources:
        return configured(spec.quota.sources, headers, answer, now)
    told = quota_in(headers, now)
    in_body = quota_in_body(answer.body or "", now) if answer.whole else Quota()
    return Quota(told.buckets + in_body.buckets, told.policies), None


def _report(
    spec: ApiSpec, headers: Mapping[str, str], answer: Observation, throttled: Throttling
) -> tuple[Report | None, str | None]:
    """The health document, and why it cannot be read."""
    if spec.health == "none" or throttled.throttled:
        return None, None
    asked = spec.health is not None
    if not answer.whole:
        return None, "the health document is larger than 256KiB" if asked else None
    surely = asked or not _HEALTHY_PATHS.isdisjoint(
        target(spec.url).url.lower().partition("?")[0].split("/")[3:]
    )
    found = report(answer.body or "", headers.get("content-type", ""), surely=surely)
    if found is not None and found.health is not None:
        return found, None
    if not asked:
        return None, None
    word = (
        f'it says "{found.word}", a word not known here'
        if found and found.word
        else "the answer is no health document"
    )
    return None, word
