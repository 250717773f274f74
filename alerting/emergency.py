"""Past the store: what the emergency channel is told while nothing can be stored. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from alerting.incidents.incident import Incident, IncidentState
from alerting.messages import Desired, further
from config.models import ITSELF, Severity

# Stands where the ticket's id would: there is no ticket yet.
NO_TICKET = "emergency"
STORE = "store"
_PRIORITY = {"critical": "high", "high": "high", "medium": "medium", "low": "low"}
_LATER = "This was sent past the store of {agent}, which cannot write. Its ticket follows once it can."


def of_store(agent: str, since: int, reason: str) -> Desired:
    """That the store cannot write, since that moment (microseconds UTC)."""
    text = (
        f"{reason}\n\nChecks go on, and what they see is kept in memory. Tickets follow once it writes again."
    )
    return _desired(agent, (ITSELF, STORE, since), (f"{agent}: the store cannot write", text), "critical")


def of_incident(agent: str, incident: Incident) -> Desired:
    """An outage that no ticket tells of yet."""
    title = f"{incident.service}.{incident.rule} is {incident.level.value}"
    text = f"{incident.reason}\n\n{_LATER.format(agent=agent)}"
    key = (incident.service, incident.rule, incident.opened_at)
    return _desired(agent, key, (title, text), incident.severity)


def as_it_is(told: Desired, incident: Incident) -> Desired:
    """What is to be told of the incident now, after `told`."""
    if incident.state is IncidentState.OPEN:
        worse = incident.severity != told.severity
        said = f"{incident.service}.{incident.rule} is {incident.level.value}: {incident.reason}"
        more = further(told, told.key, [(incident.opened_at, said)]) if worse else told
        return replace(more, severity=incident.severity, priority=_PRIORITY[incident.severity], state="open")
    return over(told, incident.resolved_at or incident.opened_at, "it is well again")


def over(told: Desired, at: int, reason: str) -> Desired:
    """It ended at that moment; the same where it had."""
    if told.state == "resolved":
        return told
    return replace(further(told, told.key, [(at, reason)]), state="resolved", resolved_at=at)


def _desired(agent: str, what: tuple[str, str, int], words: tuple[str, str], severity: Severity) -> Desired:
    service, rule, since = what
    said = "\0".join((agent, "emergency", service, rule, str(since)))
    return Desired(
        key=f"toc-{hashlib.sha256(said.encode()).hexdigest()[:32]}",
        ticket=NO_TICKET,
        title=words[0],
        description=words[1],
        severity=severity,
        priority=_PRIORITY[severity],
        state="open",
        service=service,
        check=rule,
        opened_at=since,
    )
