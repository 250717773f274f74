"""Access log: how many requests fail, by what web servers and proxies write down of them?

Reads what was added since the last run, through rotation by renaming, copying, packing and truncating; each line
counts once, also over restarts, because the position and the counts are stored together with the reading. The
first run, and a command that looks once, read the last 32 MiB, so that the window is full at once.

The window slides by the log's own time: it ends at the newest request, and moves on with this host's clock while
none comes, so that a log that falls silent empties it. Late lines count where they belong as long as the window
holds their time. Lines that claim to be more than ten minutes ahead of this host are left out, and told of.

Rates are of the requests in the window. Ask for a share, a number and enough traffic together, or one request in
the night raises an alarm: `rate_5xx > 2% and count_5xx >= 10` with `min_requests: 50`. Below `min_requests` rates
and latencies are absent, and no condition on them is true.

Lines that are no requests are counted in `malformed` and otherwise ignored; where nothing else comes, the check is
unknown and says so. What is longer than a megabyte is malformed, too. Counts are exact to a second in windows up to
5 minutes, in longer ones to a 300th part of them; latencies, groups and the paths that a ticket names to a
twentieth. What is remembered takes ten kilobytes for a small site and up to about a hundred for a busy one,
written with each reading.

Every request also counts in the hour of its own time, for the uptime by requests that `tocsin uptime` tells.

Log files are mostly readable to the group adm alone: add the service's user to it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

from checks.access_log.evidence import evidence
from checks.access_log.feeding import Feeding, HostTally
from checks.access_log.figures import FEWEST, counts, declared, worst
from checks.access_log.hours import AHEAD, Hours
from checks.access_log.slices import Slice
from checks.access_log.spec import AccessLogSpec, group_of
from checks.access_log.tally import Tally
from checks.access_log.window import Window
from checks.base import Context, ErrorKind, Kind, Observation, Requests
from checks.tail import Follower
from checks.text import visible
from config.conditions.patterns import glob

_BACK = 32 << 20
_MOST = 1 << 30
_SHARE = 0.5  # of the time a look may take


def probe(spec: AccessLogSpec, context: Context) -> Observation:
    """Read what is new, count it, and tell of the window."""
    return sample(spec, context.memo, context.now, context.timeout * _SHARE)


def sample(spec: AccessLogSpec, memo: Any, now: float, seconds: float) -> Observation:
    """The window at the moment `now` (Unix seconds), having read for about `seconds` at most."""
    known = memo if isinstance(memo, dict) and memo.keys() >= {"files", "formats", "window"} else {}
    follower = Follower(spec.path, known.get("files"), limit=_MOST, back=_BACK)
    feeding, window = (
        Feeding(spec.format, known.get("formats"), now),
        Window(spec.window, known.get("window")),
    )
    tally = _tally(spec, window, now)
    heard = _read(follower, feeding, tally, seconds)
    window.take(tally, min(heard or now, now))
    window.blame(tally.malformed + follower.overlong, now)
    window.slide(now)
    useless = _useless(tally) if tally.lines else known.get("useless")
    hours, behind = Hours(known.get("hours"), now), follower.behind
    told_hours = hours.take(tally.hours, all_read=not behind)
    requests = Requests(told_hours, so_far=True) if told_hours else None
    memo = {
        "files": follower.memo(), "formats": feeding.memo(), "window": window.memo(), "useless": useless,
        "hours": hours.memo(),
    }  # fmt: skip
    total, told = window.total(), follower.problems
    blind = _blind(total, window, follower, feeding)
    if blind is None and not total.requests and isinstance(useless, str):
        blind = visible(useless, 200)
    if blind is not None:
        return Observation(blind=blind, error_kind=ErrorKind.LOCAL, memo=memo, requests=requests)
    groups = total.sites if spec.group_by == "host" else total.groups
    values = {
        **counts(total, spec),
        **worst(groups, spec.min_requests),
        "malformed": window.malformed,
        "silent": None if window.newest is None else round(window.end(now) - window.newest, 3),
        "behind": behind,
    }
    ahead = (f"{tally.ahead} lines claim to be later than now and were left out",) if tally.ahead else ()
    notes = (*evidence(total, groups), *told, *ahead)
    return Observation(values=values, notes=notes, memo=memo, requests=requests)


def _tally(spec: AccessLogSpec, window: Window, now: float) -> Tally:
    tally = HostTally(wanted=_wanted(spec.hosts)) if spec.hosts else Tally()
    tally.step, tally.span, tally.until = window.step, window.span, now + AHEAD
    tally.group_of = group_of(spec.group_by)
    return tally


def _wanted(hosts: tuple[str, ...]) -> Callable[[str], bool]:
    patterns = [glob(host) for host in hosts]

    @cache
    def wanted(host: str) -> bool:
        name = host.lower().rstrip(".").encode("utf-8", "replace")
        return any(pattern.found_in(name) for pattern in patterns)

    return lambda host: wanted(host[:256])


def _read(follower: Follower, feeding: Feeding, tally: Tally, seconds: float) -> float | None:
    """Feed what is new, as far as the time allows; when the newest of it was written."""
    until, heard = perf_counter() + seconds, 0.0
    for chunk in follower.read():
        feeding.feed(chunk, tally)
        with suppress(OSError):
            heard = max(heard, Path(chunk.path).stat().st_mtime)
        if perf_counter() > until:  # what was given counts as read, the rest waits
            break
    return heard or None


def _blind(total: Slice, window: Window, follower: Follower, feeding: Feeding) -> str | None:
    """Why the counts say nothing of the traffic; None when they do."""
    if follower.problems and not follower.readable:
        return "; ".join(follower.problems[:3])
    if total.requests:
        return None
    if window.malformed and feeding.unknown is not None and not feeding.names:
        path = visible(feeding.unknown, 120)
        return f"cannot tell the format of {path} (see `tocsin logs try {path}`, and name it with `format`)"
    if window.malformed >= FEWEST:
        named = f" as {visible(feeding.names, 60)}" if feeding.names else ""
        return f"none of the last {window.malformed} lines could be read{named} (check `format`)"
    return None


def _useless(tally: Tally) -> str | None:
    """Why none of the requests that came could be counted; that holds until others come."""
    if isinstance(tally, HostTally) and tally.hostless and not tally.named:
        return "the log does not name virtual hosts (have the server log them, or leave out `hosts`)"
    if tally.ahead:
        return f"all {tally.ahead} new lines claim to be later than now (check the clocks and the log's time zone)"
    return None


KIND = Kind(
    name="access_log",
    summary="reads access logs of web servers and proxies: shares of 404 and 5xx, latencies, worst paths and hosts",
    spec=AccessLogSpec,
    probe=probe,
    values=declared(),
    counts_for_uptime=False,
    example="type: access_log\npath: /var/log/nginx/access.log\nwindow: 5m\nmin_requests: 50\n"
    "degraded: rate_404 > 5%\ndown: rate_5xx > 2% and count_5xx >= 10\n",
    blocking=True,
    down="rate_5xx > 50% and count_5xx >= 20",
    degraded="rate_5xx > 5% and count_5xx >= 10 or rate_404 > 25% and count_404 >= 50",
)
