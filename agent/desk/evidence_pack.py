"""What is handed on of a ticket: the evidence pack for a vendor, and the escalation report for our own people. Pure.

A pack leaves the house: it is masked, names no person, and of the timeline it holds what the monitoring saw and what
the reporter may see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.incident import Turn
from alerting.slo.figures import rfc3339
from checks.masking import masked, masked_value, secretless
from config.units import show_duration

_SEEN = frozenset(str(turn) for turn in Turn)
_MOST_LINES, _LONGEST = 200, 16_000
_DAEMON, _OURS, _REPORTER = "tocsin", "support", "the reporter"
# What a vendor needs of the texts that people fill in, by the heading it stands under.
_TEXTS = {
    "steps_taken": "Steps taken",
    "tests_run": "Tests run",
    "cause_text": "Supposed cause",
    "workaround": "Workaround",
}
_PHONE = re.compile(r"(?<![\w.:-])\+?\d[\d ()/-]{7,18}\d(?![\w:-]|\.\d)")


@dataclass(frozen=True, slots=True)
class Material:
    """A ticket, its timeline, and the latest readings of its check as JSON has them, the newest last.

    `members` are the names of our own people; `environment` that of its service.
    """

    ticket: Ticket
    timeline: Sequence[TicketEvent] = ()
    readings: Sequence[Mapping[str, Any]] = ()
    members: Sequence[str] = ()
    environment: str = ""


def evidence_pack(material: Material) -> dict[str, Any]:
    """The pack as JSON: nothing in it names a person or holds a secret."""
    ticket = material.ticket
    shown = [each for each in material.timeline if not each.internal or _is_sight(each)]
    document = {
        **_problem(material),
        "readings": [_reading(each) for each in material.readings],
        "error_messages": _errors(material),
        "timeline": [
            {"at": rfc3339(each.at), "by": _by(material, each), "what": each.what, "text": each.text}
            for each in shown[-_MOST_LINES:]
        ],
        **{name: ticket.fields.get(name, "") for name in _TEXTS},
    }
    return {name: _clean(material, value) for name, value in document.items()}


def escalation_report(material: Material) -> dict[str, Any]:
    """All that the next tier needs, as JSON. It stays in the house; secrets are masked all the same."""
    ticket = material.ticket
    document = {
        **_problem(material),
        "tier": ticket.tier,
        "assignee": ticket.assignee,
        "category": ticket.category or None,
        "readings": [_reading(each) for each in material.readings],
        "error_messages": _errors(material),
        "escalations": [escalation_document(each) for each in ticket.escalations],
        "timeline": [
            {"at": rfc3339(each.at), "by": each.by, "what": each.what, "text": each.text}
            for each in material.timeline[-_MOST_LINES:]
        ],
        **{name: ticket.fields.get(name, "") for name in _TEXTS},
    }
    return {name: masked_value(value, clean=secretless) for name, value in document.items()}


def escalation_document(line: Any) -> dict[str, Any]:
    """A line of the escalation log as JSON; `spent` in seconds."""
    return {**asdict(line), "at": rfc3339(line.at), "told": list(line.told)}


def markdown(document: Mapping[str, Any]) -> str:
    """A pack or report for people to read."""
    said = document
    lines = [f"# {said['ticket']}: {said['title']}", "", *_facts(said), "", "## Description", ""]
    lines += _quoted(said["description"])
    lines += _section("Error messages", said["error_messages"])
    lines += _section("Latest readings", [_reading_line(each) for each in said["readings"]])
    for name, heading in _TEXTS.items():
        lines += _section(heading, said[name].splitlines())
    lines += _section("Escalations", [_escalation_line(each) for each in said.get("escalations", ())])
    lines += _section("Timeline", [f"{e['at']}  {e['by']}: {e['text']}" for e in said["timeline"]])
    return "\n".join(lines) + "\n"


def _is_sight(event: TicketEvent) -> bool:
    """Whether it says what the monitoring saw."""
    return event.by == _DAEMON and event.what in _SEEN


def _problem(material: Material) -> dict[str, Any]:
    """What is wrong, where, how badly and for whom."""
    ticket = material.ticket
    return {
        "ticket": ticket.id,
        "title": ticket.title,
        "service": ticket.service or None,
        "check": ticket.check or None,
        "environment": ticket.fields.get("environment") or material.environment or None,
        "priority": ticket.priority,
        "severity": ticket.severity,
        "state": ticket.state.value,
        "opened_at": rfc3339(ticket.opened_at),
        "impact": {name: ticket.fields.get(name, "") for name in ("users", "workflows")},
        "description": ticket.description[:_LONGEST],
    }


def _reading(each: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("at", "status", "message", "error_kind", "values")
    return {name: rfc3339(each[name]) if name == "at" else each.get(name) for name in kept}


def _errors(material: Material) -> list[str]:
    """What the failing readings said, each once."""
    bad = [str(each.get("message", "")) for each in material.readings if each.get("status") != "ok"]
    return [message for message in dict.fromkeys(bad) if message]


def _by(material: Material, event: TicketEvent) -> str:
    if event.by == _DAEMON:
        return "monitoring"
    reporter = material.ticket.reporter
    return _REPORTER if reporter and event.by in (reporter.name, reporter.email) else _OURS


def _clean(material: Material, value: Any) -> Any:
    """The value without secrets, addresses, numbers of telephones, and the names of those concerned."""
    names = _names(material)
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    by_name = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") if pattern else None

    def clean(text: str) -> str:
        if by_name is not None:
            text = by_name.sub(lambda found: names[found[0]], text)
        return masked(text)

    return masked_value(value, clean=lambda text: _PHONE.sub(_hidden, clean(text)) if _free(text) else text)


def _names(material: Material) -> dict[str, str]:
    """What stands for a person, and the word that takes its place.

    A login such as `root` is also a word of evidence, and a number of two digits may be anything: those stay.
    """
    ticket, reporter = material.ticket, material.ticket.reporter
    signed = (ticket.assignee or "", *(event.by for event in material.timeline))
    found = dict.fromkeys((*material.members, *(each for each in signed if " " in each)), _OURS)
    if reporter is not None:
        parts = [part for part in reporter.name.split() if len(part) > 2]
        numbers = [each for each in (reporter.user_id, reporter.account, reporter.phone) if len(each) > 3]
        found |= dict.fromkeys((reporter.name, reporter.email, *parts, *numbers), _REPORTER)
    return {name: stands for name, stands in found.items() if name}


def _free(text: str) -> bool:
    """Whether it is more than a moment."""
    return not re.fullmatch(r"[0-9TZ:.-]+", text)


def _hidden(found: re.Match[str]) -> str:
    """A telephone number has nine digits at least, and is no moment of our own."""
    digits = sum(sign.isdigit() for sign in found[0])
    is_moment = re.match(r"\d{4}-\d{2}-\d{2}", found[0])
    return found[0] if digits < 9 or is_moment else "***"


def _facts(said: Mapping[str, Any]) -> list[str]:
    impact = said["impact"]
    told = {
        "Service": ".".join(filter(None, (said["service"], said["check"]))),
        "Environment": said["environment"],
        "Priority": f"{said['priority']} (severity {said['severity']})",
        "Opened": said["opened_at"],
        "Users affected": impact["users"],
        "What cannot be done": impact["workflows"],
        "Tier": said.get("tier"),
        "With": said.get("assignee"),
        "Category": said.get("category"),
    }
    return [f"- {name}: {_line(str(value))}" for name, value in told.items() if value]


def _section(heading: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {heading}", "", *(f"- {_line(each)}" for each in lines)] if lines else []


def _quoted(text: str) -> list[str]:
    """As it is, so that nothing in it is taken for Markdown."""
    return [f"    {line}".rstrip() for line in text.splitlines()] or ["    (none)"]


def _line(text: str) -> str:
    return " / ".join(part.strip() for part in text.splitlines() if part.strip())


def _reading_line(each: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name} {value}" for name, value in (each["values"] or {}).items())
    return f"{each['at']}  {each['status']}: {each['message']}" + (f" ({values})" if values else "")


def _escalation_line(each: Mapping[str, Any]) -> str:
    told = f"; told {', '.join(each['told'])}" if each["told"] else ""
    done = f"; done so far: {each['actions']}" if each["actions"] else ""
    moved = f"tier {each['from_tier']} -> {each['to_tier']} after {show_duration(each['spent'])}"
    return f"{each['at']}  {moved}, by {each['by']}: {each['reason']}{told}{done}"
