"""API: what was understood, as values of a reading, as one line, and as notes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checks.api.health_document import Report
from checks.api.notices import Notices
from checks.api.quota import Bucket
from checks.api.understood import Understood
from checks.api.use import Use
from checks.base import Observation, Scalar, Value
from checks.status_page.moments import rfc3339
from checks.text import visible
from config.units import show_duration

_SHOWN = 5
_NAMES, _REASON = 300, 400

VALUES = (
    Value("quota_limit", "", "how much may be asked in a window, of the limit with the least left", least=0),
    Value("quota_remaining", "", "how much of it is left", least=0),
    Value("quota_used", "ratio", "used share of it"),
    Value("quota_used_count", "", "how much of it is used, where the vendor counts that", least=0),
    Value("quota_reset", "seconds", "time until it is full again"),
    Value("quota_reset_at", "", "the moment of that as the vendor tells it, in UTC", text=True),
    Value("quota_window", "seconds", "how long its window is"),
    Value("quota_name", "", "which limit this is, where several are told: `requests`, `tokens`", text=True),
    Value(
        "quota_exhausted_in",
        "seconds",
        "time until nothing is left at the present pace; absent while the reset comes first, unknown at first",
        forecast=True,
    ),
    Value(
        "own_requests", "", "how many requests of this check fell into its window so far", least=0, whole=True
    ),
    Value("throttled", "", "whether the vendor refuses us because too much was asked"),
    Value("retry_after", "seconds", "how long it asks us to wait"),
    Value("throttle_reason", "", "why, in its own words", text=True),
    Value("health", "", "operational, degraded, outage or unknown, by a health document", text=True),
    Value("unhealthy", "", "the parts of it that are not well, parted by commas", text=True),
    Value("deprecated", "", "whether the vendor says that this part of its API is deprecated by now"),
    Value("deprecated_since", "", "since when, or from when on, in UTC", text=True),
    Value("sunset_days", "days", "days until it is to be gone; below 0 when that is past", forecast=True),
    Value("sunset_at", "", "the moment of that, in UTC", text=True),
    Value("api_version", "", "version of the API that answered", text=True),
    Value("fault", "", "vendor, vendor_silent, ours or unknown, of a request that failed", text=True),
)


def values(seen: Understood, use: Use) -> dict[str, Scalar]:
    """All of it by name; None for what the answer does not tell."""
    return {**_of_quota(seen, use), **_of_health(seen.report), **_of_notices(seen.notices)}


def _of_quota(seen: Understood, use: Use) -> dict[str, Scalar]:
    bucket, throttled = seen.quota.tightest, seen.throttling
    share, several = bucket.used_share, len(seen.quota.buckets) > 1
    return {
        "quota_limit": bucket.limit,
        "quota_remaining": bucket.left,
        "quota_used": None if share is None else round(share, 6),
        "quota_used_count": bucket.used,
        "quota_reset": bucket.reset.seconds if bucket.reset else None,
        "quota_reset_at": rfc3339(bucket.reset.at) if bucket.reset else None,
        "quota_window": bucket.window,
        "quota_name": bucket.name if several and bucket.name else None,
        "quota_exhausted_in": use.exhausted_in(bucket)[0],
        "own_requests": use.own(bucket.name),
        "throttled": throttled.throttled,
        "retry_after": throttled.retry_after,
        "throttle_reason": throttled.reason,
    }


def _of_health(report: Report | None) -> dict[str, Scalar]:
    if report is None or report.health is None:
        return {"health": None, "unhealthy": None}
    names = visible(", ".join(each.name for each in report.unwell), _NAMES)
    return {"health": report.health.value, "unhealthy": names or None}


def _of_notices(found: Notices) -> dict[str, Scalar]:
    return {
        "deprecated": found.deprecated,
        "deprecated_since": None if found.deprecated_since is None else rfc3339(found.deprecated_since),
        "sunset_days": found.sunset_days,
        "sunset_at": None if found.sunset_at is None else rfc3339(found.sunset_at),
        "api_version": found.version,
    }


def unread(seen: Understood, use: Use, asked: Collection[str]) -> dict[str, str]:
    """Values that could not be read, each with the reason; that of the forecast only where it is asked for."""
    found: dict[str, str] = {}
    if seen.lacks is not None:
        found |= dict.fromkeys(_lacking(seen.quota.tightest), seen.lacks)
    elif "quota_exhausted_in" in asked and _is_too_early(seen.quota.tightest, use):
        found["quota_exhausted_in"] = "is told after looks over five minutes, or twenty over one"
    if seen.unreadable is not None:
        found["health"] = seen.unreadable
    elif seen.report is not None and seen.report.health == "unknown":
        found["health"] = "the service says itself that it does not know"
    return found


def _is_too_early(bucket: Bucket, use: Use) -> bool:
    return bucket.left is not None and not use.exhausted_in(bucket)[1]


def _lacking(bucket: Bucket) -> Iterator[str]:
    told = {
        "quota_limit": bucket.limit,
        "quota_remaining": bucket.left,
        "quota_used": bucket.used_share,
        "quota_reset": bucket.reset,
        "quota_exhausted_in": None,
    }
    return (name for name, value in told.items() if value is None)


def told(answer: Observation, seen: Understood) -> str:
    """One line for people, the worst first."""
    parts = [
        f"status {answer.values.get('status')}",
        *_troubles(seen),
        *_left(seen.quota.tightest),
        *_ends(seen.notices),
    ]
    return visible("; ".join(parts), _REASON)


def _troubles(seen: Understood) -> Iterator[str]:
    throttled = seen.throttling
    if throttled.throttled:
        reason = f" ({throttled.reason})" if throttled.reason else ""
        wait = (
            "" if throttled.retry_after is None else f", asked to wait {show_duration(throttled.retry_after)}"
        )
        yield f"throttled{reason}{wait}"
    elif throttled.retry_after is not None:
        yield f"asks to come back in {show_duration(throttled.retry_after)}"
    if seen.refused:
        yield seen.refused
    if seen.report is not None and seen.report.health is not None:
        yield _health(seen.report)


def _health(report: Report) -> str:
    hit = report.unwell
    shown = [f"{each.name} ({each.word}{f', {each.why}' if each.why else ''})" for each in hit[:_SHOWN]]
    if len(hit) > _SHOWN:
        shown.append(f"{len(hit) - _SHOWN} more")
    why = (
        f": {', '.join(shown)}"
        if shown
        else f": {report.why}"
        if report.why and report.health != "operational"
        else ""
    )
    return f"health {report.health}{why}"


def _left(bucket: Bucket) -> Iterator[str]:
    if bucket.left is not None:
        yield _shown(bucket)


def _shown(bucket: Bucket) -> str:
    of = f" of {bucket.limit:g}" if bucket.limit is not None else ""
    reset = f", full again in {show_duration(bucket.reset.seconds)}" if bucket.reset else ""
    return f"quota {bucket.left:g}{of} left{reset}"


def _ends(found: Notices) -> Iterator[str]:
    if found.deprecated:
        yield "deprecated"
    elif found.deprecation_to_come and found.deprecated_since is not None:
        yield f"deprecated from {rfc3339(found.deprecated_since)} on"
    if found.sunset_at is not None:
        yield f"sunset {rfc3339(found.sunset_at)}"


def notes(seen: Understood) -> tuple[str, ...]:
    """The other limits, and where the vendor explains itself."""
    others = seen.quota.by_tightness[1:]
    shown = [f"{each.name}: {_shown(each)}" for each in others if each.left is not None][:_SHOWN]
    return (*shown, *((f"see {seen.notices.link}",) if seen.notices.link else ()))
