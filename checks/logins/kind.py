"""Logins: who tries to get in, how often in vain, and who got in from where nobody came before?

Reads the authentication log (`/var/log/auth.log`, `/var/log/secure`) or, where there is none, the journal of sshd;
every line once, through rotation and restarts. Attempts through sshd are counted as it tells of them in all its
wordings, one that it tells twice once; a user or password that others type never passes for an address. Keys that
were refused before the right one was found are no attempts in vain. Of other programs (sudo, su, login, vsftpd …)
the attempts are counted that PAM refused; their source is the address, or `local`.

A source is an IPv4 address, or the /64 network of an IPv6 one. It is new when nobody has come in from it for 90
days; the first run learns the sources in the last megabyte of the log and calls none new. `guessed` counts logins
from a source that had failed five times or more within the window before it.

At most 1000 sources are told apart in one window. The notes name the sources and users with the most failures.
A user name that does not exist is shown only when it looks like one and was tried often: people type passwords
there.
"""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Value
from checks.log.spec import LogSource, Window
from checks.log_lines import Batch, Log, part
from checks.logins.tally import Tally
from checks.paths import MISSING
from config.field_types import Network, TextOrList

_USUAL = ("/var/log/auth.log", "/var/log/secure")
_UNITS = ("ssh.service", "sshd.service", "ssh@*.service", "sshd@*.service")
_BACK = 1 << 20
_SHARE = 0.6


class LoginsSpec(LogSource):
    """Which log, and over what time."""

    window: Window = Field(600.0, description="how far back logins are counted", examples=["10m"])
    ignore: Annotated[tuple[Network, ...], TextOrList] = Field(
        (), description="networks whose failures do not count", examples=["10.0.0.0/8"]
    )


def probe(spec: LoginsSpec, context: Context) -> Observation:
    """Read what is new, count, and remember."""
    return sample(spec, context.memo, context.now, context.timeout * _SHARE)


def sample(spec: LoginsSpec, memo: Any, now: float, seconds: float) -> Observation:
    """What the log says at the moment `now` (Unix seconds), having read for `seconds` at most and a little more."""
    tally, log = Tally(spec.window, spec.ignore, memo, now), _log(spec)
    batch = Batch()
    for batch in log.batches(part(memo, "log"), back=_BACK, since=now - spec.window, seconds=seconds):
        for line in batch.lines():
            tally.take(line)
    kept = tally.memo(batch.memo, read_all=not batch.behind)
    if batch.problems and not tally.failed:
        return Observation(blind="; ".join(batch.problems[:3]), error_kind=ErrorKind.LOCAL, memo=kept)
    values = {**tally.values(), "behind": batch.behind}
    return Observation(values=values, notes=(*tally.notes(), *batch.problems[:3]), memo=kept)


def _log(spec: LoginsSpec) -> Log:
    if spec.path or spec.unit or spec.directory:
        return Log(spec.path, spec.unit or _UNITS, spec.directory)
    return Log(tuple(path for path in _USUAL if _is_there(path)), _UNITS)


def _is_there(path: str) -> bool:
    """Also where it may not be looked at: reading it tells why."""
    try:
        os.stat(path)  # noqa: PTH116 - as `Path.exists`, which raises there
    except OSError as error:
        return error.errno not in MISSING
    return True


KIND = Kind(
    name="logins",
    summary="counts failed logins, and those that come from a new address",
    spec=LoginsSpec,
    probe=probe,
    values=(
        Value("failed", "", "attempts in vain in the window", least=0, whole=True),
        Value("rate", "", "the same a second, on average over the window", least=0),
        Value("invalid", "", "those of them as a user who does not exist", least=0, whole=True),
        Value("sources", "", "addresses that failed", least=0, whole=True),
        Value(
            "top_share", "ratio", "share of the failures that came from one source; absent without failures"
        ),
        Value("top_source", "", "the source with the most failures", text=True),
        Value("successes", "", "logins through sshd in the window", least=0, whole=True),
        Value(
            "new_sources", "", "sources of logins that are new; absent at the first look", least=0, whole=True
        ),
        Value("guessed", "", "logins from a source that had failed again and again", least=0, whole=True),
        Value(
            "behind",
            "bytes",
            "what waits for the next run, not read in time; of the journal 1 if anything does",
        ),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: logins\nwindow: 10m\ndegraded: failed > 50 or new_sources > 0\ndown: guessed > 0\n",
    blocking=True,
    degraded="failed > 200 or guessed > 0",
)
