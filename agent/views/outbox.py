"""What other helpdesks are to hold, and what people are told, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeAlias

from agent.desk.document import moment as rfc3339
from agent.store.reader import Reader
from alerting.desk.notices import Notice
from alerting.outgoing import Outgoing

Entry: TypeAlias = Outgoing | Notice


def entries(store: Reader) -> list[Entry]:
    """Both, the latest change first."""
    both: list[Entry] = [*store.outbox(), *store.notices()]
    return sorted(both, key=_changed_at, reverse=True)


def outbox_document(entry: Entry) -> dict[str, Any]:
    """The contract's JSON object of an entry, and what more is known of it."""
    return _of_notice(entry) if isinstance(entry, Notice) else _of_ticket(entry)


def _of_notice(notice: Notice) -> dict[str, Any]:
    """Without its text: a link in it may be a secret."""
    sent_at = rfc3339(notice.sent_at)
    return {
        "key": notice.key,
        "helpdesk": notice.channel,
        "ticket": f"T-{notice.ticket}",
        "desired": {"to": notice.to, "name": notice.name, "kind": notice.kind, "subject": notice.subject},
        "observed": {"sent_at": sent_at} if notice.sent_at is not None else None,
        "attempts": notice.attempts,
        "next_at": rfc3339(notice.next_at),
        "state": notice.state.value,
        "last_error": notice.last_error,
        "changed_at": sent_at or rfc3339(notice.at),
    }


def _of_ticket(entry: Outgoing) -> dict[str, Any]:
    wanted, seen = entry.desired, entry.observed
    moments = {name: rfc3339(getattr(wanted, name)) for name in ("opened_at", "resolved_at")}
    comments = [{"id": each.id, "at": rfc3339(each.at), "text": each.text} for each in wanted.comments]
    return {
        "key": entry.key,
        "helpdesk": entry.helpdesk,
        "ticket": f"T-{entry.ticket}",
        "desired": {**asdict(wanted), **moments, "comments": comments},
        "observed": _seen(entry) if seen else None,
        "attempts": entry.attempts,
        "next_at": rfc3339(entry.next_at),
        "state": entry.state.value,
        "last_error": entry.last_error,
        "changed_at": rfc3339(entry.changed_at),
        "version": entry.version,
        "delivered_version": entry.done_version,
    }


def _seen(entry: Outgoing) -> dict[str, Any]:
    seen = entry.observed
    assert seen is not None
    names = ("id", "url", "key", "priority", "acknowledged", "assignee", "by")
    told = {name: getattr(seen, name) for name in names}
    return {**told, "state": seen.state.value, "comments": list(seen.comments)}


def _changed_at(entry: Entry) -> int:
    return (entry.sent_at or entry.at) if isinstance(entry, Notice) else entry.changed_at
