"""An incident, what belongs to it, and what was decided of it, as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.desk.document import moment as rfc3339

if TYPE_CHECKING:
    from agent.store.reader import Reader
    from alerting.incidents.decision import Decision
    from alerting.incidents.incident import Incident
    from alerting.incidents.problem import Member

# Facts of decisions that are moments: stored in microseconds, shown as all moments are.
_MOMENTS = {"at", "since", "until", "over", "start", "end", "from", "to", "first", "last"}


def incident_document(
    incident: Incident, members: Sequence[Member], flapping: Collection[int] = ()
) -> dict[str, Any]:
    """The contract's object of an incident; `affected` are services, the incident's own first.

    `flapping` are the incidents whose trouble comes and goes at present.
    """
    return {
        "id": incident.id,
        "service": incident.service,
        "rule": incident.rule,
        "occurrence": incident.occurrence,
        "state": incident.state.value,
        "severity": incident.severity,
        "opened_at": rfc3339(incident.opened_at),
        "resolved_at": rfc3339(incident.resolved_at),
        "ticket": ticket_id(incident.ticket),
        "affected": affected(incident, members),
        "members": [member_document(member) for member in members],
        "merged_into": incident.merged_into,
        "follows": incident.follows,
        "reopened": incident.reopened,
        "flapping": incident.id in flapping,
        "flaps": incident.flaps,
        "reason": incident.reason,
    }


def affected(incident: Incident, members: Iterable[Member]) -> list[str]:
    """The services that the incident is, or was, about: its own first, the others as they came.

    A storm is about those of its members alone.
    """
    own = incident.service
    ordered = sorted(members, key=lambda each: (each.service != own, each.since, each.service))
    return list(dict.fromkeys(member.service for member in ordered)) or [own]


def member_document(member: Member) -> dict[str, Any]:
    """A check, or another rule, and when it belonged to an incident; `cause`: the incident is its own."""
    return {
        "service": member.service,
        "check": member.rule,
        "since": rfc3339(member.since),
        "until": rfc3339(member.until),
        "level": member.level.value,
        "cause": member.cause,
        "reason": member.reason,
    }


def decision_document(decision: Decision) -> dict[str, Any]:
    """One decision: what became of which rule of which service, by what, and what it saw."""
    return {
        "at": rfc3339(decision.at),
        "service": decision.service,
        "check": decision.rule,
        "what": decision.what.value,
        "by": decision.by,
        "reason": decision.reason,
        "incident": decision.incident,
        "ticket": ticket_id(decision.ticket),
        "facts": _shown(decision.facts),
    }


def ticket_id(number: int | None) -> str | None:
    """T-3."""
    return None if number is None else f"T-{number}"


def _shown(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _shown(each, key) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(each, name) for each in value]
    moment = name in _MOMENTS and isinstance(value, int) and not isinstance(value, bool)
    return rfc3339(value) if moment else value


def incidents(store: Reader, *, only_open: bool = False) -> list[dict[str, Any]]:
    """The contract's list, the newest first."""
    found = [each for each in store.incidents() if not only_open or each.state == "open"]
    members = store.decisions().members({each.id for each in found} if only_open else None)
    flapping = store.decisions().flapping()
    return [incident_document(each, members.get(each.id, ()), flapping) for each in found]
