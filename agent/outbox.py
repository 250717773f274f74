"""What a person says of the outbox, on a draft: try it again, or send nothing more of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.memory import Draft
from alerting.desk.notices import Notice, dropped, waits
from alerting.messages import RemoteState
from alerting.outgoing import Outgoing, Standing, anew
from checks.text import visible

_LONGEST = 500


class CannotDo(Exception):
    """The text is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word on the entries of a key, or (None) on all that are not delivered; `drop` has a reason.

    `helpdesk`: only on those of that helpdesk or channel.
    """

    by: str
    key: str | None
    drop: str | None = None
    helpdesk: str | None = None

    @classmethod
    def read(cls, arguments: dict[str, Any], by: str) -> Word:
        """As it comes through the socket. Raises CannotDo."""
        key, reason, helpdesk = (arguments.get(name) for name in ("key", "drop", "helpdesk"))
        if not all(each is None or isinstance(each, str) for each in (key, reason, helpdesk)):
            raise CannotDo("expected a key, a reason and a helpdesk")
        if reason is not None and (not reason.strip() or not key):
            raise CannotDo("say which key is dropped, and why")
        return cls(by, key, visible(reason, _LONGEST) if reason is not None else None, helpdesk)


def follow_word(draft: Draft, word: Word, now: int) -> int:
    """How many entries it was for; one whose call is under way goes on, whatever is said of trying again."""
    found = [each for each in draft.outbox.values() if _meant(each, word)]
    for entry in found:
        after = _tried_again(entry, now) if word.drop is None else _dropped(entry, word)
        draft.outbox.put((entry.helpdesk, entry.key), after)
        draft.tell(
            "outbox.retry_asked" if word.drop is None else "outbox.dropped",
            helpdesk=entry.helpdesk,
            key=entry.key,
            by=word.by,
            reason=word.drop or entry.last_error,
        )
    return len(found) + _follow_with_notices(draft, word, now)


def _follow_with_notices(draft: Draft, word: Word, now: int) -> int:
    found = [each for each in draft.notices.values() if _meant(each, word)]
    for notice in found:
        if word.drop is not None:
            draft.notices.put(notice.key, dropped(notice, f"dropped by {word.by}: {word.drop}"))
        elif notice.state is not Standing.LEASED:
            draft.notices.put(notice.key, waits(notice, now, notice.last_error))
        event = "notice.retry_asked" if word.drop is None else "notice.dropped"
        reason = word.drop or notice.last_error
        draft.tell(event, helpdesk=notice.channel, key=notice.key, by=word.by, reason=reason)
    return len(found)


def _meant(entry: Outgoing | Notice, word: Word) -> bool:
    if word.drop is None and not entry.unsent:
        return False
    place = entry.channel if isinstance(entry, Notice) else entry.helpdesk
    return word.key in (None, entry.key) and word.helpdesk in (None, place)


def _dropped(entry: Outgoing, word: Word) -> Outgoing:
    reason = f"dropped by {word.by}: {word.drop}"
    return replace(entry, state=Standing.DROPPED, next_at=None, lease_until=None, last_error=reason)


def _tried_again(entry: Outgoing, now: int) -> Outgoing:
    """A person has mended what was in the way, or has looked where we cannot."""
    if entry.state is Standing.LEASED:
        return entry
    if entry.observed is not None and entry.observed.state is RemoteState.GONE:
        return anew(entry, now)
    to_be_seen = entry.state is Standing.DOUBT and entry.next_at is not None
    entry = entry if to_be_seen else replace(entry, lag_until=None)  # a person has looked
    refused = entry.state is Standing.PARKED and entry.observed is None  # nobody has seen that there is none
    return replace(entry, state=Standing.DOUBT if to_be_seen or refused else Standing.WAITING, next_at=now)
