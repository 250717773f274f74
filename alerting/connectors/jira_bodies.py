"""What is sent to Jira, made from what is wanted, and the transition that is taken. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.document import Document, described, fitted, one_line
from alerting.connectors.jira import JiraOptions
from alerting.connectors.jira_flavours import Flavour
from alerting.messages import Desired, Wanted

PROPERTY = "tocsin"
MOST_TEXT = 30_000  # of 32,767 that a text field takes
_TITLE = 250
_INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
_PRIORITIES = {
    "critical": "Highest",
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "informational": "Lowest",
}
_USUAL_RESOLUTIONS = ("done", "fixed", "resolved")
_USUAL_ENDS = ("resolved", "done", "closed")


def label_of(agent: str) -> str:
    """What every issue of an agent is labelled with."""
    return f"tocsin-{agent}"


def issue_body(options: JiraOptions, flavour: Flavour, desired: Desired, agent: str) -> dict[str, Any]:
    """A new issue, with the key where it is searched for, and once more where nobody edits it."""
    fields = {
        **options.filled(desired),
        "project": {"key": options.project},
        "issuetype": _named(options.issue_type),
        "summary": one_line(desired.title, _TITLE),
        "description": text_body(flavour, described(desired)),
    }
    labels = list(options.labels)
    if options.key_field is None:
        labels = [desired.key, label_of(agent), *labels]
    else:
        fields[options.key_field] = desired.key
    if labels:
        fields["labels"] = list(dict.fromkeys(labels))
    fields |= priority_fields(options, desired.priority)
    value = {"key": desired.key, "agent": agent}
    return {"fields": fields, "properties": [{"key": PROPERTY, "value": value}]}


def comment_body(options: JiraOptions, flavour: Flavour, document: Document) -> dict[str, Any]:
    """A comment; unless they are public, customers of a service desk do not see it."""
    body: dict[str, Any] = {"body": text_body(flavour, document)}
    if not options.public_comments:
        body["properties"] = [_INTERNAL]
    return body


def text_body(flavour: Flavour, document: Document) -> Any:
    """The document in Jira's markup, as much of it as is taken."""
    return fitted(document, flavour.markup, lambda built: len(json.dumps(built)), MOST_TEXT)


def priority_name(options: JiraOptions, priority: str) -> str:
    """What it is called there; empty where it is not to be set."""
    return options.priorities.get(priority, _PRIORITIES.get(priority, priority))


def priority_fields(options: JiraOptions, priority: str) -> dict[str, Any]:
    name = priority_name(options, priority)
    return {"priority": _named(name)} if name else {}


def _named(text: str) -> dict[str, str]:
    return {"id": text} if text.isascii() and text.isdecimal() else {"name": text}


def is_done(status: Any) -> bool:
    """Whether a status is of the category Done, whatever it is called."""
    return bool(isinstance(status, Mapping) and (status.get("statusCategory") or {}).get("key") == "done")


@dataclass(frozen=True, slots=True)
class Step:
    """A transition: its id, its name, the status that it leads to, and what must, or may, be filled in for it."""

    id: str
    name: str
    to: str
    done: bool
    fields: Mapping[str, Mapping[str, Any]]

    def lacking(self, given: Mapping[str, Any]) -> list[str]:
        """Fields that must be filled in, and that nobody told us what with."""
        return [
            str(field.get("name") or name)
            for name, field in self.fields.items()
            if field.get("required") and not field.get("hasDefaultValue") and name not in given
        ]


def steps_of(transitions: Sequence[Any]) -> list[Step]:
    """The transitions that can be taken now."""
    return [
        Step(
            str(each["id"]),
            str(each.get("name") or ""),
            str((each.get("to") or {}).get("name") or ""),
            is_done(each.get("to")),
            each.get("fields") or {},
        )
        for each in transitions
        if isinstance(each, Mapping) and "id" in each and each.get("isAvailable") is not False
    ]


def chosen(steps: Sequence[Step], wanted: Wanted, options: JiraOptions) -> Step | None:
    """The transition to take: by where it leads; of several the preferred one, then one that asks for nothing.

    The same for the same transitions, in whatever order they are told.
    """
    preferred = (options.resolve if wanted == "resolved" else options.reopen) or ""

    def rank(step: Step) -> tuple[bool, bool, int, int, str]:
        fits = preferred.casefold() in (step.name.casefold(), step.to.casefold()) if preferred else False
        end = step.to.casefold()
        usual = _USUAL_ENDS.index(end) if wanted == "resolved" and end in _USUAL_ENDS else len(_USUAL_ENDS)
        number = int(step.id) if step.id.isascii() and step.id.isdecimal() else 0
        return not fits, bool(step.lacking({"resolution": None})), usual, number, step.id

    return min((step for step in steps if step.done is (wanted == "resolved")), key=rank, default=None)


def move_body(step: Step, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Take the transition, filling in these fields."""
    return {"transition": {"id": step.id}, **({"fields": dict(fields)} if fields else {})}


def resolution_for(step: Step, wanted: Wanted, options: JiraOptions) -> dict[str, Any]:
    """What the transition is given as resolution: nothing where it does not list one, none where it opens again."""
    field = step.fields.get("resolution")
    if field is None:
        return {}
    if wanted == "open":
        return {"resolution": None}
    names = [str(each.get("name")) for each in field.get("allowedValues") or () if isinstance(each, Mapping)]
    likely = [options.resolution.casefold()] if options.resolution else []
    for like in (*likely, *_USUAL_RESOLUTIONS):
        for name in names:
            if name.casefold() == like:
                return {"resolution": {"name": name}}
    if options.resolution and not names:
        return {"resolution": {"name": options.resolution}}
    return {"resolution": {"name": names[0]}} if names and field.get("required") else {}
