"""What Jira shows of an issue, read: how it stands, whose it is, what people said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import marks_in
from alerting.connectors.jira_bodies import PROPERTY, is_done
from alerting.connectors.jira_flavours import Flavour
from alerting.connectors.moments import moment
from alerting.messages import Observed, Remark, RemoteState

_KEYS_BEGIN = "toc-"
_MOST_REMARKS = 100
Issue = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads issues of one site: `me` is our own user there, `site` what people's addresses begin with."""

    flavour: Flavour
    me: str
    site: str
    key_field: str | None

    def observed(self, issue: Issue, comments: Sequence[Any] = (), key: str = "") -> Observed:
        """The issue as it stands. `key`: what is looked for, where an issue carries several."""
        fields = issue.get("fields") or {}
        status, state = fields.get("status"), RemoteState.OPEN
        if is_done(status):
            state = RemoteState.RESOLVED
        mover, giver = changed_by(issue, "status"), changed_by(issue, "assignee")
        given = self._is_other(giver) and isinstance(fields.get("assignee"), Mapping)
        begun = (status or {}).get("statusCategory", {}).get("key") == "indeterminate"
        return Observed(
            id=str(issue["key"]),
            state=state,
            url=f"{self.site}/browse/{issue['key']}" if self.site else None,
            key=self.key_of(issue, key),
            priority=(fields.get("priority") or {}).get("name"),
            acknowledged=given or (begun and self._is_other(mover)),
            assignee=shown_name(fields.get("assignee")) if given else None,
            by=shown_name(mover) if self._is_other(mover) else None,
            comments=tuple(mark for each in comments for mark in self._marks(each)),
            remarks=tuple(self._remark(each) for each in comments if not self._marks(each))[-_MOST_REMARKS:],
            memo={"number": str(issue["id"])},
        )

    def key_of(self, issue: Issue, like: str = "") -> str | None:
        """The key that the issue carries: where nobody edits it, else where it is searched for."""
        kept = (issue.get("properties") or {}).get(PROPERTY)
        if isinstance(kept, Mapping) and isinstance(kept.get("key"), str):
            return str(kept["key"])
        carried = self._carried(issue)
        return like if like in carried else next(iter(carried), None)

    def carries(self, issue: Issue, key: str) -> bool:
        """Whether it is one that a search for the key was to find, byte for byte."""
        return key in self._carried(issue)

    def is_by_us(self, issue: Issue) -> bool:
        fields = issue.get("fields") or {}
        return identity(fields.get("creator") or {}) == self.me

    def _carried(self, issue: Issue) -> list[str]:
        fields = issue.get("fields") or {}
        texts = [fields.get(self.key_field)] if self.key_field else fields.get("labels") or ()
        return [text for text in texts if isinstance(text, str) and text.startswith(_KEYS_BEGIN)]

    def _is_other(self, user: Mapping[str, Any] | None) -> bool:
        return user is not None and identity(user) != self.me

    def _marks(self, comment: Mapping[str, Any]) -> tuple[str, ...]:
        """The ids of ours that a comment is; a person who quotes one of ours says something of their own."""
        ours = identity(comment.get("author") or {}) == self.me
        return marks_in(self.flavour.text(comment.get("body") or "")) if ours else ()

    def _remark(self, comment: Mapping[str, Any]) -> Remark:
        text = self.flavour.text(comment.get("body") or "").strip()
        by = shown_name(comment.get("author")) or "somebody"
        return Remark(str(comment["id"]), moment(comment.get("created")), by, text[:LONGEST_REMARK])


def identity(user: Mapping[str, Any]) -> str:
    """What tells a user from all others: on Cloud the account, on Data Center the key."""
    return str(user.get("accountId") or user.get("key") or user.get("name") or "")


def shown_name(user: Any) -> str | None:
    """The name that people know a user by."""
    return (
        str(user.get("displayName") or user.get("name") or "") or None if isinstance(user, Mapping) else None
    )


def changed_by(issue: Issue, field: str) -> Mapping[str, Any] | None:
    """Who last changed the field, by the issue's history; an unknown user where it shows none at all.

    None where nobody did: what a new issue is given by its project is no person's doing.
    """
    if "changelog" not in issue:
        return {}
    histories = (issue["changelog"] or {}).get("histories") or ()
    changes = [each for each in histories if any(i.get("field") == field for i in each.get("items") or ())]
    last = max(changes, key=lambda each: moment(each.get("created")), default=None)
    return None if last is None else last.get("author") or {}
