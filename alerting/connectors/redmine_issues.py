"""Redmine's issues: what is sent, made from what is wanted, and what is shown of them, read. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import (
    Document,
    Small,
    bytes_of,
    described,
    fitted,
    mark,
    marks_in,
    one_line,
    remarked,
)
from alerting.connectors.markup import as_markdown, as_textile
from alerting.connectors.moments import moment
from alerting.connectors.redmine import RedmineOptions, is_custom
from alerting.messages import Comment, Desired, Observed, Remark, RemoteState, Wanted

MOST_TEXT = 30_000
TITLE = 250
KEYS_BEGIN = "toc-"
_MOST_REMARKS = 100
_JOINER = "\u2060"
_PRIORITIES = {
    "critical": "Immediate",
    "high": "Urgent",
    "medium": "High",
    "low": "Normal",
    "informational": "Low",
}
Issue = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads issues: `me` is the number of our user, `closed` are those of the statuses that end an issue."""

    me: int
    options: RedmineOptions
    closed: Collection[int]

    def observed(self, issue: Issue, memo: Mapping[str, Any]) -> Observed:
        """The issue as it stands; `memo`: the status and assignee that it began with, or that we gave it."""
        status, assignee = _id(issue, "status"), _id(issue, "assigned_to")
        state = RemoteState.RESOLVED if self._is_over(issue) else RemoteState.OPEN
        given = {"status": memo.get("status", status), "assignee": memo.get("assignee")}
        has_it = assignee is not None and assignee not in (self.me, given["assignee"])
        return Observed(
            id=str(issue["id"]),
            state=state,
            url=f"{self.options.url}/issues/{issue['id']}",
            key=key_of(issue, self.options.key_field),
            priority=_name(issue, "priority"),
            acknowledged=has_it or (state is RemoteState.OPEN and status != given["status"]),
            assignee=_name(issue, "assigned_to") if has_it else None,
            by=self._mover(issue),
            comments=tuple(mark for each in _journals(issue) for mark in self._marks(each)),
            remarks=tuple(self._remarks(issue))[-_MOST_REMARKS:],
            memo=given,
        )

    def is_hidden(self, issue: Issue, comment: str) -> bool | None:
        """Whether that comment of ours is a private note; None where that is not told."""
        shown = [each for each in _journals(issue) if comment in self._marks(each)]
        return next((each.get("private_notes") for each in shown), None)

    def _is_over(self, issue: Issue) -> bool:
        status = issue.get("status") or {}
        named = self.options.statuses.get("resolved")
        is_named = named is not None and str(status.get("name")).casefold() == named.casefold()
        return is_named or status.get("is_closed") is True or status.get("id") in self.closed

    def _mover(self, issue: Issue) -> str | None:
        """Who last changed its status, where that was not us."""
        for each in reversed(_journals(issue)):
            if any(detail.get("name") == "status_id" for detail in each.get("details") or ()):
                return None if _id(each, "user") == self.me else _name(each, "user")
        return None

    def _marks(self, journal: Issue) -> tuple[str, ...]:
        """The ids of ours that a note is; a person who quotes one of ours says something of their own."""
        found = marks_in(str(journal.get("notes") or "")) if _id(journal, "user") == self.me else ()
        return tuple(each for each in found if not each.startswith(KEYS_BEGIN))

    def _remarks(self, issue: Issue) -> Iterable[Remark]:
        for each in _journals(issue):
            text = str(each.get("notes") or "").strip()
            if text and not self._marks(each):
                who = _name(each, "user") or "somebody"
                yield Remark(str(each["id"]), moment(each.get("created_on")), who, text[:LONGEST_REMARK])


def key_of(issue: Issue, field: int) -> str | None:
    """The key that the issue carries."""
    for each in issue.get("custom_fields") or ():
        if each.get("id") == field:
            kept = each.get("value")
            return kept if isinstance(kept, str) and kept else None
    return None


def key_place(options: RedmineOptions) -> str:
    return f"custom field {options.key_field}"


def issue_body(options: RedmineOptions, desired: Desired, ids: Mapping[str, int]) -> dict[str, Any]:
    """A new issue; `ids` are `project_id` and the like."""
    given = options.filled(desired)
    custom = [{"id": int(name), "value": value} for name, value in given.items() if is_custom(name)]
    return {
        "issue": {
            **{name: _number(name, value) for name, value in given.items() if not is_custom(name)},
            **ids,
            "subject": one_line(desired.title, TITLE),
            "description": written(options, described(desired)),
            "custom_fields": [*custom, {"id": options.key_field, "value": desired.key}],
        }
    }


def note(options: RedmineOptions, comment: Comment) -> dict[str, Any]:
    """A comment of ours."""
    return {"notes": written(options, remarked(comment)), "private_notes": not options.public_comments}


def twin_note(options: RedmineOptions, name: str, text: Document) -> dict[str, Any]:
    """What is noted on a twin: never for all to see."""
    return {"notes": written(options, (*text, Small(mark(name)))), "private_notes": True}


def written(options: RedmineOptions, document: Document) -> str:
    """The text in the markup that Redmine is set to, as much of it as is taken; no text of others is a macro."""

    def build(of: Document) -> str:
        if options.markup == "markdown":
            return as_markdown(of)
        return as_textile(of).replace("{{", f"{{{_JOINER}{{").replace("[[", f"[{_JOINER}[")

    return fitted(document, build, bytes_of, MOST_TEXT)


def priority_id(options: RedmineOptions, priority: str, there: Sequence[Issue]) -> int | None:
    """The number of a priority; None where it is to be left alone. Raises LookupError for a name that is not there.

    Of the usual names one may be missing: not everybody's Redmine speaks English.
    """
    name = priority_name(options, priority)
    for each in there:
        if name and str(each.get("name")).casefold() == name.casefold():
            return int(each["id"])
    if name and priority in options.priorities:
        raise LookupError(f"priority: there is no {name}; priorities: may name {names(there)}")
    return None


def priority_name(options: RedmineOptions, priority: str) -> str:
    """What it is called there; empty where it is not to be set."""
    return options.priorities.get(priority, _PRIORITIES.get(priority, "Normal"))


def status_for(
    options: RedmineOptions, wanted: Wanted, there: Sequence[Issue], issue: Issue
) -> dict[str, Any] | None:
    """The status that ends an issue, or opens it again; None where the workflow lets us set none."""
    named = options.statuses.get(wanted)
    allowed = issue.get("allowed_statuses")
    may = None if allowed is None else {each.get("id") for each in allowed}
    for each in there:
        fits = each.get("is_closed") is (wanted == "resolved")
        if named is not None:
            fits = str(each.get("name")).casefold() == named.casefold()
        if fits and (may is None or each["id"] in may):
            return dict(each)
    return None


def names(there: Sequence[Issue]) -> str:
    return ", ".join(str(each.get("name")) for each in there)[:200]


def _journals(issue: Issue) -> Sequence[Issue]:
    return issue.get("journals") or ()


def _id(of: Issue, name: str) -> int | None:
    found = (of.get(name) or {}).get("id")
    return found if isinstance(found, int) else None


def _name(of: Issue, name: str) -> str | None:
    found = (of.get(name) or {}).get("name")
    return str(found) if found else None


def _number(name: str, value: Any) -> Any:
    """Ids are numbers there, also where a placeholder gave a text."""
    return int(value) if name.endswith("_id") and isinstance(value, str) and is_custom(value) else value
