"""Why a check did or did not alert, as JSON: the answer, and everything that it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.desk.document import moment as rfc3339
from agent.views.check_words import in_words, progress_words
from agent.views.incidents import decision_document, ticket_id
from agent.views.reasons import Show, shown, utc

if TYPE_CHECKING:
    from agent.explanation.answer import Answer, Cover
    from agent.explanation.confirming import Progress
    from alerting.incidents.incident import Incident
    from alerting.slo.blips import Blip


def as_document(answer: Answer, show: Show = utc) -> dict[str, Any]:
    """The answer and everything that it rests on; `show` writes moments in words."""
    incident, attention = answer.incident, answer.attention
    return {
        "service": answer.service,
        "check": answer.rule,
        "at": rfc3339(answer.at),
        "verdict": answer.verdict.value,
        "text": in_words(answer, show),
        "state": answer.state.value if answer.state else None,
        "since": rfc3339(answer.since),
        "configured": attention.configured,
        "disabled": attention.disabled,
        "resting": attention.resting,
        "resting_until": rfc3339(attention.resting_until),
        "paused": attention.pause.id if attention.pause else None,
        "gap": _gap(answer),
        "readings": [
            {"at": rfc3339(each.at), "status": each.status, "message": shown(each.message)}
            for each in answer.readings
        ],
        "readings_kept": answer.kept,
        "confirming": [_progress(each) for each in answer.progress],
        "flapping": _unrest(answer),
        "blip": _blip(answer.blip) if answer.blip else None,
        "incident": _in_incident(incident) if incident else None,
        "decided": decision_document(answer.decided) if answer.decided else None,
        "in_force": [_cover(each) for each in answer.in_force],
        "decisions": [decision_document(each) for each in answer.decisions],
        "later": [decision_document(each) for each in answer.later],
    }


def _gap(answer: Answer) -> dict[str, Any] | None:
    """The time around the moment in which nobody looked; it has no end while the agent does not run."""
    gap, stopped = answer.attention.gap, answer.attention.stopped
    if gap is not None:
        return {"from": rfc3339(gap.start), "to": rfc3339(gap.end), "why": gap.why.value}
    return None if stopped is None else {"from": rfc3339(stopped), "to": None, "why": "stopped"}


def _unrest(answer: Answer) -> dict[str, Any] | None:
    unrest = answer.unrest
    if unrest is None:
        return None
    shares = {"share": round(unrest.share, 4), "enter": unrest.enter, "leave": unrest.leave}
    return {**shares, "pattern": unrest.pattern, "flaps": answer.problem.flapping if answer.problem else None}


def _blip(blip: Blip) -> dict[str, Any]:
    return {
        "from": rfc3339(blip.start),
        "to": rfc3339(blip.end),
        "worst": blip.worst.value,
        "count": blip.count,
        "reason": shown(blip.reason),
    }


def _in_incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "service": incident.service,
        "rule": incident.rule,
        "state": incident.state.value,
        "ticket": ticket_id(incident.ticket),
    }


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "rule": progress.rule,
        "towards": progress.towards.value,
        "since": rfc3339(progress.since),
        "seen": progress.seen,
        "wanted": progress.wanted,
        "of": progress.of,
        "must_last": progress.must_last,
        "lasted": progress.lasted,
        "text": progress_words(progress),
    }


def _cover(cover: Cover) -> dict[str, Any]:
    return {
        "id": cover.id,
        "why": cover.why,
        "from": rfc3339(cover.start),
        "to": rfc3339(cover.end),
        "reason": shown(cover.reason),
        "by": cover.by,
    }
