"""What is sent to GitHub, made from what is wanted, and what it shows of an issue, read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import Document, bytes_of, described, fitted, marks_in, one_line
from alerting.connectors.github import GithubOptions
from alerting.connectors.markup import as_markdown
from alerting.connectors.moments import moment
from alerting.messages import Desired, Known, Observed, Remark, RemoteState

MOST_TEXT = 60_000  # of 65,536 characters
_TITLE, _LONGEST_LABEL = 250, 50
_MOST_REMARKS = 100
_KEYS_BEGIN = "toc-"
_PRIORITIES = ("critical", "high", "medium", "low", "informational")
STATES: Mapping[str, Mapping[str, str]] = {
    "resolved": {"state": "closed", "state_reason": "completed"},
    "open": {"state": "open", "state_reason": "reopened"},
}


def label_of(agent: str) -> str:
    """What every issue of an agent is labelled with, and listed by."""
    return f"tocsin-{agent}"[:_LONGEST_LABEL]


def issue_body(options: GithubOptions, desired: Desired, agent: str) -> dict[str, Any]:
    """A new issue; the key is in a line that is not shown."""
    labels = [label_of(agent), *options.labels, priority_label(options, desired.priority)]
    follows = desired.follows or ""
    # Their own way to write it, which links both.
    link = f"Goes on from #{follows}\n\n" if follows.isascii() and follows.isdecimal() else ""
    document = described(replace(desired, follows=None) if link else desired)
    return {
        **options.filled(desired),
        "title": one_line(desired.title, _TITLE) or "-",
        "body": fitted(document, lambda parts: link + as_markdown(parts), bytes_of, MOST_TEXT),
        "labels": list(dict.fromkeys(label for label in labels if label)),
    }


def comment_body(document: Document) -> dict[str, str]:
    return {"body": fitted(document, as_markdown, bytes_of, MOST_TEXT)}


def priority_label(options: GithubOptions, priority: str) -> str:
    """The label that says a priority; empty where none does."""
    return options.priorities.get(priority, f"priority-{priority}"[:_LONGEST_LABEL])


def all_priority_labels(options: GithubOptions) -> set[str]:
    """The labels that say a priority, any of them."""
    return {priority_label(options, each) for each in (*_PRIORITIES, *options.priorities)} - {""}


def labels_with(options: GithubOptions, labels: Sequence[str], priority: str) -> list[str]:
    """An issue's labels with this priority for whichever it had; people's own stay."""
    ours = {each.casefold() for each in all_priority_labels(options)}
    new = priority_label(options, priority)
    return [*(label for label in labels if label.casefold() not in ours), *([new] if new else [])]


def label_names(issue: Mapping[str, Any]) -> list[str]:
    """The labels of an issue, by name."""
    labels = issue.get("labels") or ()
    return [str(each.get("name")) if isinstance(each, Mapping) else str(each) for each in labels]


def is_issue(item: Any) -> bool:
    """Pull requests are listed among issues."""
    return isinstance(item, Mapping) and "number" in item and not item.get("pull_request")


def keys_in(issue: Mapping[str, Any]) -> list[str]:
    """The keys that an issue's text carries."""
    marks = marks_in(str(issue.get("body") or ""))
    return [mark for mark in marks if mark.startswith(_KEYS_BEGIN)]


def observed(
    options: GithubOptions,
    issue: Mapping[str, Any],
    comments: Sequence[Any],
    me: str,
    known: Known | None = None,
) -> Observed:
    """The issue as it stands. `me` is our login; `known` what is known of it, and the key that is looked for.

    Who had it when it was first seen was given it by its creation, and has not taken it.
    """
    closed = issue.get("state") == "closed"
    carried = keys_in(issue)
    closer = login(issue.get("closed_by")) if closed else None
    holders = [name for name in map(login, issue.get("assignees") or ()) if name]
    before = known.observed if known is not None else None
    given = before.memo.get("given", ()) if before is not None else holders
    takers = [name for name in holders if name not in given]
    priorities = {each.casefold() for each in all_priority_labels(options)}
    return Observed(
        id=str(issue["number"]),
        state=RemoteState.RESOLVED if closed else RemoteState.OPEN,
        url=str(issue["html_url"]) if issue.get("html_url") else None,
        key=known.key if known is not None and known.key in carried else next(iter(carried), None),
        priority=next((name for name in label_names(issue) if name.casefold() in priorities), None),
        acknowledged=bool(takers),
        assignee=takers[0] if takers else None,
        by=closer if closer != me else None,
        comments=tuple(mark for each in comments for mark in _marks(each, me)),
        remarks=tuple(_remark(each) for each in comments if not _marks(each, me))[-_MOST_REMARKS:],
        memo={"given": list(given)},
    )


def login(user: Any) -> str | None:
    """The name of an account; None for one that was deleted."""
    return str(user["login"]) if isinstance(user, Mapping) and user.get("login") else None


def _marks(comment: Mapping[str, Any], me: str) -> tuple[str, ...]:
    """The ids of ours that a comment is; a person who quotes one of ours says something of their own."""
    return marks_in(str(comment.get("body") or "")) if login(comment.get("user")) == me else ()


def _remark(comment: Mapping[str, Any]) -> Remark:
    by, text = login(comment.get("user")) or "somebody", str(comment.get("body") or "")
    return Remark(str(comment["id"]), moment(comment.get("created_at")), by, text[:LONGEST_REMARK])
