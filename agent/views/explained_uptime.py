"""An explanation of uptime as JSON: the figures, and every piece of time that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.desk.document import moment as rfc3339
from agent.views.reasons import Reasons, Show, counts, seconds, shown, utc
from alerting.slo.figures import PLACES, exact_seconds, percent

if TYPE_CHECKING:
    from agent.explanation.effects import Effect
    from agent.explanation.uptime import Explanation
    from alerting.slo.sources import Claim


def as_document(explanation: Explanation, show: Show = utc) -> dict[str, Any]:
    """The figures as `tocsin uptime --json` has them, and all they are made of; `show` writes moments in words."""
    account, reasons = explanation.account, Reasons(explanation, show)
    observed = explanation.observed
    return {
        **explanation.figures,
        "good": exact_seconds(account.good),
        "bad": exact_seconds(account.bad),
        "observed": {"from": rfc3339(observed[0]), "to": rfc3339(observed[1])} if observed else None,
        "pieces": [_piece(explanation, reasons, piece) for piece in explanation.pieces],
        "maintenance": [_effect(effect) for effect in explanation.effects],
        "uptime_percent_without_maintenance": percent(explanation.without_work, PLACES),
        "blips": [{**blip, "reason": shown(blip["reason"])} for blip in explanation.blips],
    }


def _piece(explanation: Explanation, reasons: Reasons, piece: Claim) -> dict[str, Any]:
    how, why = counts(piece.klass, explanation.policy)
    return {
        "from": rfc3339(piece.start),
        "to": rfc3339(piece.end),
        "seconds": exact_seconds(piece.end - piece.start),
        "class": piece.klass.value if piece.klass else None,
        "counts": how,
        "why": why or None,
        "source": reasons.document(piece),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    work = effect.work
    return {
        "id": work.id if work else None,
        "reason": shown(work.reason) if work else None,
        "by": work.announced_by if work else None,
        "announced_at": rfc3339(work.editions[0].at) if work else None,
        "from": rfc3339(effect.windows[0][0]),
        "to": rfc3339(effect.windows[-1][1]),
        "hides": seconds(effect.hides),
        "uptime_percent_without": percent(effect.without, PLACES),
    }
