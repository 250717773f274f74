"""What holds back a check now, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.desk.document import moment

if TYPE_CHECKING:
    from alerting.incidents.problem import Problem
    from alerting.incidents.suppression import Suppression
    from config.models import Check, Config


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
        "until": moment(found.end),
        "reason": found.reason,
        "by": found.by,
    }
