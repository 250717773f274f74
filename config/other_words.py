"""What other tools call our options and values: a newcomer's first guess is not a riddle."""

from __future__ import annotations

from collections.abc import Collection

# The other word -> ours, the likelier first; only those that are known at the place are ever named.
_OURS: dict[str, tuple[str, ...]] = {
    "interval": ("every",), "period": ("every",), "frequency": ("every",), "schedule": ("every",),
    "check_interval": ("every",), "scrape_interval": ("every",), "retry_interval": ("retry_every",),
    "retries": ("confirm",), "max_check_attempts": ("confirm",), "failure_threshold": ("confirm",),
    "success_threshold": ("recover",), "recovery_period": ("recover_after",), "recover_for": ("recover_after",),
    "flap_detection": ("flapping",), "flap_detection_enabled": ("flapping",), "enable_flapping": ("flapping",),
    "flapping_threshold_high": ("flapping", "enter"), "high_flap_threshold": ("flapping", "enter"),
    "flapping_threshold_low": ("flapping", "leave"), "low_flap_threshold": ("flapping", "leave"),
    "kind": ("type",), "module": ("type",),
    "name": ("title",), "description": ("title",), "display_name": ("title",), "alias": ("title",),
    "tags": ("labels",), "annotations": ("labels",), "monitors": ("checks", "services"), "endpoints": ("services",),
    "groups": ("teams",), "group": ("team",), "owner": ("team",), "contact": ("team",), "manager": ("lead",),
    "parents": ("depends_on",), "requires": ("depends_on",), "dependencies": ("depends_on",),
    "severity": ("criticality",), "priority": ("criticality",), "env": ("environment",), "stage": ("environment",),
    "slo": ("target",), "sla": ("target",), "enabled": ("disabled",), "paused": ("disabled",),
    "conditions": ("down",), "critical": ("down",), "fail_if": ("down",), "alert": ("down",),
    "alerts": ("routes",), "alerting": ("routes",), "notifications": ("routes",),
    "warning": ("degraded",), "warn": ("degraded",),
    "host": ("url",), "hostname": ("host", "url"), "address": ("host", "url"), "uri": ("url",),
    "token": ("bearer",), "username": ("user",), "login": ("user",),
    "mount": ("path",), "mountpoint": ("path",), "directory": ("path",),
    "insecure": ("verify",), "skip_verify": ("verify",), "insecure_skip_verify": ("verify",),
    "tz": ("timezone", "zone"), "every": ("days",), "bind": ("listen",), "data_dir": ("state_dir",),
    "receiver": ("send_to",), "receivers": ("send_to",), "to": ("send_to",),
    "includes": ("include",), "global": ("defaults",),
    "production": ("live",), "prod": ("live",), "development": ("test",), "dev": ("test",),
    "p1": ("critical",), "p2": ("high",), "p3": ("medium",), "p4": ("low",), "minor": ("low",), "major": ("high",),
    "https": ("http",), "ram": ("memory",), "icmp": ("ping",),
}  # fmt: skip

# What is often written at a service, and belongs to one of its checks.
OF_A_CHECK = (
    "type", "url", "host", "port", "path", "every", "timeout", "retry_every", "confirm", "recover",
    "recover_after", "down",
    "degraded",
)  # fmt: skip

# What is written at a service itself, and belongs to how its time is counted.
OF_UPTIME = ("hours", "unknown", "exclude_when", "monitored_from", "burn", "burn_rules", "burn_period")


def is_foreign(word: str) -> bool:
    """Whether it is a word of other tools: then it is no misspelt word of ours."""
    return word.lower() in _OURS


def ours(word: str, known: Collection[str]) -> str | None:
    """Our word for another tool's, when it is known at this place."""
    return next((name for name in _OURS.get(word.lower().replace("-", "_"), ()) if name in known), None)
