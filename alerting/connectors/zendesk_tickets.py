"""What Zendesk shows of a ticket, read: how it stands, whose it is, what people said, what it was merged into. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import marks_in
from alerting.connectors.moments import moment
from alerting.messages import Observed, Remark, RemoteState

MERGED_TAG = "closed_by_merge"
KEYS_BEGIN = "toc-"
_STATES = {"solved": RemoteState.RESOLVED, "closed": RemoteState.CLOSED, "deleted": RemoteState.GONE}
_NUMBER = re.compile(r"#([0-9]{1,18})\b")
_MOST_REMARKS = 100
Ticket = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket with its comments. `former` are those that it took the place of, the first of them ours; `earlier` are
    their comments.
    """

    ticket: Ticket
    comments: Sequence[Any] = ()
    former: tuple[str, ...] = ()
    earlier: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads tickets of one account: `me` is our own user there, None where nobody tells; `names` are of others."""

    me: int | None
    site: str
    names: Mapping[int, str]

    def observed(self, story: Story, memo: Mapping[str, Any]) -> Observed:
        """The ticket as it stands; `memo` is what was kept of it: whom it was given to when it was created."""
        ticket = story.ticket
        state = _STATES.get(str(ticket.get("status")), RemoteState.OPEN)
        if story.former and state is RemoteState.OPEN:
            state = RemoteState.MERGED
        assignee = ticket.get("assignee_id")
        has_it = isinstance(assignee, int) and assignee not in (self.me, memo.get("given"))
        since = int(memo.get("since") or moment(ticket.get("created_at")))
        ours = [*story.earlier, *story.comments]
        return Observed(
            id=str(ticket["id"]),
            state=state,
            url=f"{self.site}/agent/tickets/{ticket['id']}",
            key=None if story.former else key_of(ticket),
            priority=ticket.get("priority"),
            acknowledged=has_it or ticket.get("status") in ("pending", "hold"),
            assignee=self._name(assignee) if has_it else None,
            comments=tuple(mark for each in ours for mark in self._marks(each)),
            remarks=tuple(self._remarks(story.comments, since))[-_MOST_REMARKS:],
            memo={"given": memo.get("given"), "since": since, "former": list(story.former)},
        )

    def strangers(self, story: Story) -> set[int]:
        """Users whose names are needed and not known yet."""
        who = [story.ticket.get("assignee_id"), *(each.get("author_id") for each in story.comments)]
        return {each for each in who if isinstance(each, int)} - {self.me} - set(self.names)

    def _marks(self, comment: Mapping[str, Any]) -> tuple[str, ...]:
        """The ids of ours that a comment is; a person who quotes one of ours says something of their own."""
        found = marks_in(text_of(comment)) if self._by_us(comment) else ()
        return tuple(each for each in found if not each.startswith(KEYS_BEGIN))

    def _remarks(self, comments: Iterable[Mapping[str, Any]], since: int) -> Iterable[Remark]:
        for each in comments:
            at = moment(each.get("created_at"))
            is_ours = self._by_us(each) and marks_in(text_of(each))
            if at >= since and not is_ours:
                text = text_of(each).strip()[:LONGEST_REMARK]
                yield Remark(str(each["id"]), at, self._name(each.get("author_id")) or "somebody", text)

    def _by_us(self, comment: Mapping[str, Any]) -> bool:
        return self.me is None or comment.get("author_id") == self.me

    def _name(self, user: Any) -> str | None:
        if not isinstance(user, int):
            return None
        return self.names.get(user) or f"user {user}"


def key_of(ticket: Ticket) -> str | None:
    """The key that the ticket carries."""
    kept = ticket.get("external_id")
    return kept if isinstance(kept, str) and kept else None


def text_of(comment: Mapping[str, Any]) -> str:
    return str(comment.get("plain_body") or comment.get("body") or "")


def merged_into(ticket: Ticket, comments: Sequence[Mapping[str, Any]]) -> str | None:
    """The ticket that this one was merged into; None where it was not, or where nobody said which.

    Merging tags and closes it, and leaves a comment that names the other ticket first.
    """
    if ticket.get("status") != "closed" or MERGED_TAG not in (ticket.get("tags") or ()):
        return None
    for comment in reversed(comments):
        numbers: list[str] = [each for each in _NUMBER.findall(text_of(comment)) if each != str(ticket["id"])]
        if numbers and not marks_in(text_of(comment)):
            return numbers[0]
    return None
