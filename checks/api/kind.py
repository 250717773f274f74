"""API: how is somebody else's service, how much of our quota is left, and whose fault is it?

The request is made as by `http`, with all its options; what follows is read from the answer.

**Quota.** Every usual way of telling it is read: the IETF's `RateLimit` in its old and new forms, `X-RateLimit-*` and
its relatives of all vendors, several limits and windows at once, `used/limit`, resets in seconds, milliseconds, as
moments or durations, and a few forms of documents. Of several limits the values are those of the one with the least
left; the others are in the notes. `quota_used` is a share, `quota_used_count` the count where the vendor tells one.
Moments are reckoned by the server's own `Date`. With `quota.remaining` and its like you say yourself where it stands,
as a header's name or a JSON path. `quota_exhausted_in` is a forecast from earlier looks of this check; it is unknown
until there are five over five minutes (or twenty over one), and absent while the reset comes first.

**Throttled** is a refusal because too much was asked: 429, 403 with nothing left or with `Retry-After`, error codes
that say so. The vendor works, so this is degraded and not down. A 503 is an outage even if it says when to come back.
Until the moment that the vendor names this check asks nothing more, and is unknown: it neither was up nor down in
that time. The same holds when no more than `quota.reserve` of the limit is left, which stays for those who need it, and
when the check used up `quota.own_share` by itself. `own_requests` counts what it used.

**Login.** 401, 403, 407 and 498 have the error kind `auth`, and the message says why the login is refused. So has an
answer of 200 or 400 whose error code says so (GraphQL's `UNAUTHENTICATED`, `"ok": false` with `invalid_auth`); that is
down.

**Health.** With `health: auto` the answer is read as a health document: health+json, Spring Boot, ASP.NET Core,
MicroProfile, Consul, Kubernetes' verbose text, or a plain word; `health` is operational, degraded, outage or unknown
by its own word, and `unhealthy` names the parts that are not well. Left out, only what is plainly such a document is
read; `health: none` reads none.

**Whose fault.** With `status_page` the vendor's own page is asked when the request fails, within the same timeout:
`fault` is `vendor` (its page says so), `vendor_silent` (it says that all is well), `ours` (a refused login, throttling,
a wrong request, or neither the API nor the page can be reached, which makes the check unknown), or `unknown`. Only a
page that another host serves can tell our network from theirs.

**Uptime by requests.** Each look is one request, good unless it is down; `tocsin uptime` tells the share.

**Notices.** `deprecated` and `sunset_days` come from `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), in the forms of
their drafts and of vendors as well; `api_version` from the usual headers.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from checks.api.fault import OURS, SILENT, UNKNOWN, Fault, fault, with_page
from checks.api.health_words import Health
from checks.api.quota import Quota
from checks.api.refusal import is_well
from checks.api.spec import ApiSpec
from checks.api.telling import VALUES, notes, told, unread, values
from checks.api.understood import LARGEST, Understood, understood
from checks.api.use import Manners, Use, as_memo, remembered, rested, shown_rest, used
from checks.base import Context, ErrorKind, Kind, Observation
from checks.http.kind import KIND as HTTP
from checks.http.kind import VALUES as HTTP_VALUES
from checks.http.kind import probe as request
from checks.text import visible

_REASON = 400
_FIRST_FAILING, _LAST_OURS = 400, 499
_ASIDE = 32 * 1024  # larger documents are read in a thread, so that nobody else's check waits


async def probe(spec: ApiSpec, context: Context) -> Observation:
    """Ask, unless the quota is to be left alone, and say what the answer means. Never raises for anything outside."""
    use = remembered(context.memo, spec.url, context.now)
    if rest := use.resting(context.now):
        return _resting(rest, context)
    answer, seen, whose = await _asked(spec, context)
    if seen is None:
        # What was sent may count, even if nothing came back.
        sent = 1 if "connect" in answer.phases else 0
        memo = as_memo(used(use, Quota(), sent, context.now), spec.url)
        return _unanswered(replace(answer, memo=memo), whose)
    use = _used(use, spec, answer, seen, context.now)
    return replace(
        answer,
        values={**answer.values, **values(seen, use), "fault": whose.whose if whose else None},
        unread={**answer.unread, **unread(seen, use, context.asked)},
        error_kind=answer.error_kind or _error_kind(spec, answer, seen),
        failure=_with(answer.failure, whose),
        text=None if answer.failure else _with(told(answer, seen), whose),
        notes=(*answer.notes, *notes(seen)),
        memo=as_memo(use, spec.url),
    )


async def _asked(spec: ApiSpec, context: Context) -> tuple[Observation, Understood | None, Fault | None]:
    """The answer, what it says if it came, and whose fault it is if it is none."""
    looking = asyncio.create_task(_requested(spec, context))
    if spec.status_page is None:
        answer, seen = await looking
        return answer, seen, _ours(answer, seen)
    (answer, seen), page = await with_page(
        looking, lambda found: _fails(spec, *found), spec.status_page, context
    )
    if page is None:
        return answer, seen, _ours(answer, seen)
    whose = fault(answer, spec.url, page, spec.status_page.url)
    if whose.whose in (SILENT, UNKNOWN):
        whose = _ours(answer, seen) or whose
    return answer, seen, whose


async def _requested(spec: ApiSpec, context: Context) -> tuple[Observation, Understood | None]:
    answer = await request(spec, replace(context, memo=None, keep_body=max(context.keep_body, LARGEST)))
    if answer.blind or answer.body is None:
        return answer, None
    if int(answer.values.get("status") or 0) >= _FIRST_FAILING and not _is_accepted(spec, answer):
        # An error keeps to no schema: what it says of quota and login is judged instead.
        answer = replace(answer, failure=None, error_kind=None)
    if len(answer.body or "") > _ASIDE:
        seen = await asyncio.to_thread(understood, spec, answer, context.now)
    else:
        seen = understood(spec, answer, context.now)
    if seen.refused and is_well(int(answer.values.get("status") or 0)):
        # No condition on the status would see it.
        answer = replace(answer, failure=seen.refused, error_kind=ErrorKind.AUTH)
    return answer, seen


def _fails(spec: ApiSpec, answer: Observation, seen: Understood | None) -> bool:
    """Whether somebody is at fault. Throttling is not the vendor's."""
    if answer.blind is not None:
        return False
    if answer.failure is not None or seen is None:
        return True
    if seen.throttling.throttled:
        return False
    ill = seen.report is not None and seen.report.health is Health.OUTAGE
    return ill or not _is_accepted(spec, answer)


def _is_accepted(spec: ApiSpec, answer: Observation) -> bool:
    status = int(answer.values.get("status") or 0)
    return any(first <= status <= last for first, last in spec.accept_status or ((200, 299),))


def _ours(answer: Observation, seen: Understood | None) -> Fault | None:
    """What is our own doing unless the vendor admits to it: login, quota, and requests that are wrong."""
    if seen is not None and seen.throttling.throttled:
        return Fault(OURS, "")
    if answer.error_kind is ErrorKind.AUTH or (seen is not None and seen.refused):
        return Fault(OURS, "")
    if _FIRST_FAILING <= int(answer.values.get("status") or 0) <= _LAST_OURS:
        return Fault(OURS, "by the answer our request is wrong")
    return None


def _error_kind(spec: ApiSpec, answer: Observation, seen: Understood) -> ErrorKind | None:
    if seen.throttling.throttled:
        return ErrorKind.QUOTA
    return ErrorKind.AUTH if seen.refused and not _is_accepted(spec, answer) else None


def _used(use: Use, spec: ApiSpec, answer: Observation, seen: Understood, now: float) -> Use:
    requests = 1 + int(answer.values.get("redirects") or 0)
    manners = Manners(float(spec.quota.reserve), float(spec.quota.own_share))
    return rested(used(use, seen.quota, requests, now), seen.quota, seen.throttling, manners, now)


def _resting(rest: tuple[float, str], context: Context) -> Observation:
    """A look that was not made: what is remembered stays as it is."""
    reason = visible(shown_rest(*rest), _REASON)
    return Observation(
        values={"quota_reset": round(rest[0], 3)}, blind=reason, error_kind=ErrorKind.QUOTA, memo=context.memo
    )


def _unanswered(answer: Observation, whose: Fault | None) -> Observation:
    """Of an answer that did not come nothing is known but perhaps whose fault that is."""
    found = {**answer.values, "fault": whose.whose if whose else None}
    if whose is not None and whose.whose == OURS and whose.why:
        reason = visible(f"our own network: {whose.why}: {answer.failure}", _REASON)
        return replace(answer, values=found, failure=None, blind=reason)
    return replace(answer, values=found, failure=_with(answer.failure, whose))


def _with(text: str | None, whose: Fault | None) -> str | None:
    return visible(f"{text}; {whose.why}", _REASON) if text and whose and whose.why else text


_DOWN = 'status not in 200..299 and throttled != true or health == "outage"'


def accepted(spec: ApiSpec) -> str | None:
    """`accept_status` and its like as a condition. An answer that throttles is no outage, and a bad health is one."""
    refused = HTTP.always_down(spec)
    return f'({refused}) and throttled != true or health == "outage"' if refused else None


KIND = Kind(
    name="api",
    summary="asks somebody else's API; judges it as http does, its quota and health; tells whose fault it is",
    spec=ApiSpec,
    probe=probe,
    values=(*HTTP_VALUES, *VALUES),
    counts_for_uptime=True,
    looks_are_requests=True,
    down=_DOWN,
    degraded=(
        'throttled == true or health == "degraded" or sunset_days < 30 or cert_days < 14'
        " or (quota_used >= 90% or quota_remaining == 0) and not quota_reset <= 1m"
    ),
    always_down=accepted,
    example=(
        "type: api\n"
        "url: https://api.github.com/rate_limit\n"
        "auth: {bearer: '${credential:github}'}\n"
        "status_page: https://www.githubstatus.com/api/v2/summary.json\n"
        "every: 5m\n"
        "degraded: throttled == true or quota_exhausted_in < 30m\n"
    ),
)
