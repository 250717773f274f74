"""The daemon as a service of its own: what it looks at in itself, how often, and when that is trouble."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace

from checks.base import Kind
from checks.itself import KIND, ItselfSpec, Part
from config.conditions import Condition, parse
from config.models import ITSELF, Check, Config, Service

# Both are far from what a busy host does, and far below what leaves an outage unseen.
_EVERY, _TIMEOUT, _RETRY, _IN_A_ROW = 60.0, 5.0, 5.0, 2
# down, degraded. A helpdesk that cannot be reached for an hour is not our fault; nobody hearing of anything is.
_TROUBLE: Mapping[Part, tuple[str | None, str]] = {
    "scheduler": ("lag > 30s or beat > 30s", "lag > 10s"),
    "store": ("stalled > 30s", "stalled > 10s or free < 64MiB or backup_age > 49h"),
    "outbox": ("oldest > 24h", "oldest > 1h or parked > 0"),
    "loop": ("blocked > 30s", "blocked > 10s"),
    "ping": (None, "unanswered > 1"),
}


def watching_itself(config: Config) -> Config:
    """The configuration as a daemon runs it: with itself as the last service, unless it is told not to look."""
    if not config.agent.self_service:
        return config
    parts = [part for part in _TROUBLE if part != "ping" or config.agent.heartbeat_url is not None]
    itself = replace(config.itself, checks={part: _check(part) for part in parts})
    return replace(config, services={**_others(config), ITSELF: itself})


def with_own_kind(kinds: Mapping[str, Kind]) -> Mapping[str, Kind]:
    """Kinds by name, that of the daemon's own checks too, which no file can name."""
    own: Mapping[str, Kind] = ChainMap({KIND.name: KIND}, kinds)  # type: ignore[arg-type]  # nobody writes to it
    return own


def _others(config: Config) -> dict[str, Service]:
    return {name: service for name, service in config.services.items() if name != ITSELF}


def _check(part: Part) -> Check:
    down, degraded = _TROUBLE[part]
    return Check(
        service=ITSELF,
        name=part,
        kind=KIND.name,
        spec=ItselfSpec(part=part),
        every=_EVERY,
        timeout=_TIMEOUT,
        confirm=_IN_A_ROW,
        recover=_IN_A_ROW,
        retry_every=_RETRY,
        down=() if down is None else (_condition(down),),
        degraded=(_condition(degraded),),
        # That nobody hears the ping says nothing of what the daemon does.
        counts_for_uptime=part != "ping",
    )


def _condition(text: str) -> Condition:
    return parse(text, KIND.measures)
