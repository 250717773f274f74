"""What holds back a check now, as `tocsin status` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cli.output import rfc3339, told

if TYPE_CHECKING:
    from alerting.incidents.problem import Problem
    from alerting.incidents.suppression import Suppression
    from config.models import Check, Config

_WORDS = {"pause": "paused", "silence": "silenced", "maintenance": "planned work"}


def suppressed(
    config: Config, check: Check, problem: Problem | None, held: tuple[Suppression, ...], now: int
) -> dict[str, Any] | None:
    """What would hold its trouble back if it opened now: as bad as it is, or down while it is well. A pause first."""
    from agent.explanation.held import would_be
    from alerting.incidents.suppression import paused, suppressing

    pause = paused(held, check.service, check.name, now)
    subject = would_be(config, (check.service, check.name), None, problem)
    found = pause or suppressing(held, subject, now)
    if found is None:
        return None
    return {
        "id": found.id,
        "why": found.why.value,
        "until": rfc3339(found.end),
        "reason": found.reason,
        "by": found.by,
    }


def in_words(check: dict[str, Any], zone: str) -> str:
    """For people: what holds it back, why, and until when; empty when nothing does."""
    held = check["suppressed"]
    if held is None:
        return ""
    return f"{_WORDS[held['why']]} until {told(held['until'], zone)} ({held['id']}: {held['reason']})"
