"""What is held of a person, as a document, and their attachments as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.output import rfc3339
from agent.cli.setting import fail

if TYPE_CHECKING:
    from agent.store.personal import Held
    from agent.store.reader import Reader
    from alerting.desk.ticket import Ticket


def exported(store: Reader, held: Held, known_by: str) -> dict[str, Any]:
    """Their tickets whole, and of others the lines that name them. Secrets are masked."""
    from checks.masking import masked_value, secretless

    emails = {each.reporter.email.lower() for each in held.reported if each.reporter and each.reporter.email}
    emails |= {known_by.lower()} if "@" in known_by else set()
    document = {
        "reporter": known_by,
        "tickets": [_ticket(store, each) for each in held.reported],
        "mentioned": [
            {"ticket": f"T-{number}", "lines": _lines(store, number, emails)} for number in held.mentioned
        ],
    }
    found: dict[str, Any] = masked_value(document, clean=secretless)  # type: ignore[assignment]  # as it was given
    return found


def _ticket(store: Reader, ticket: Ticket) -> dict[str, Any]:
    from agent.desk.document import document

    notices = [each for each in store.notices() if each.ticket == ticket.number]
    return {
        **document(ticket),
        "description": ticket.description,
        "timeline": [
            {"at": rfc3339(e.at), "by": e.by, "what": e.what, "text": e.text, "internal": e.internal}
            for e in store.timeline(ticket.number)
        ],
        "notices": [
            {
                "at": rfc3339(e.at),
                "to": e.to,
                "subject": e.subject,
                "text": e.text,
                "internal": not e.reporter,
            }
            for e in notices
        ],
        "attachments": [
            {
                "number": e.number,
                "name": e.name,
                "type": e.type,
                "size": e.size,
                "sha256": e.sha256,
                "by": e.by,
            }
            for e in store.attachments(ticket.number)
        ],
    }


def _lines(store: Reader, number: int, emails: set[str]) -> list[dict[str, Any]]:
    return [
        {"at": rfc3339(e.at), "by": e.by, "text": e.text}
        for e in store.timeline(number)
        if any(email in f"{e.by} {e.text}".lower() for email in emails)
    ]


def write_files(state: Path, document: dict[str, Any], folder: Path) -> None:
    """Each as `T-1-2-name`, where 2 is its number; readable by whoever asked alone. Ends the command (1)."""
    from agent.store.files import Lost, content_of

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for ticket in document["tickets"]:
            for each in ticket["attachments"]:
                name = Path(each["name"]).name
                target = folder / f"{ticket['id']}-{each['number']}-{name}"
                target.write_bytes(content_of(state, each["sha256"]))
                target.chmod(0o600)
    except (Lost, OSError) as error:
        fail(f"{folder}: {getattr(error, 'strerror', None) or error}", 1)
