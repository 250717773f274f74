"""Attachments: what is sent is checked and stored first, and then belongs to a ticket."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.document import attachment_document
from agent.desk.file_names import Unfit, checked_name, checked_size, checked_type
from agent.desk.persons import acting
from agent.memory import Draft
from agent.rulebook import Rulebook
from agent.store.files import keep
from alerting.desk.attachment import Attachment
from alerting.desk.ticket import Ticket, TicketEvent
from config.attachments import AttachmentOptions
from config.units import show_size

ATTACHMENTS = "attachments"
_KEYS = {"name", "content"}


def with_files(asked: Asked, limits: AttachmentOptions, state: Path) -> Asked:
    """The request with its files on the disk: each is then known by its hash alone. To be called on a thread.

    All of them are checked before any is written. Raises CannotDo, saying which file is not taken and why.
    """
    said = asked.arguments.get(ATTACHMENTS)
    if said is None:
        return asked
    if not isinstance(said, list) or len(said) > limits.max_count:
        raise CannotDo(f"{ATTACHMENTS}: expected a list of at most {limits.max_count} files", usage=True)
    read = [_read(each, limits) for each in said]
    stored = [{**told, "sha256": keep(state, content)} for told, content in read]
    return replace(asked, arguments={**asked.arguments, ATTACHMENTS: stored})


def _read(said: Any, limits: AttachmentOptions) -> tuple[dict[str, Any], bytes]:
    if not isinstance(said, dict) or set(said) != _KEYS or not all(isinstance(e, str) for e in said.values()):
        raise CannotDo(f"{ATTACHMENTS}: expected a name and its content in base64 for each file", usage=True)
    most = int(limits.max_size)
    try:
        name = checked_name(said["name"])
        content = _decoded(name, said["content"], most)
        size = checked_size(name, len(content), most)
        return {"name": name, "type": checked_type(name, content, limits.types), "size": size}, content
    except Unfit as error:
        raise CannotDo(str(error), usage=True) from None


def _decoded(name: str, content: str, most: int) -> bytes:
    """Its bytes. Four signs stand for three of them: what is too long is not even decoded. Raises Unfit."""
    told = len(content) // 4 * 3 - content[-2:].count("=")
    if told > most:
        checked_size(name, told, most)
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        raise Unfit(f'"{name}": the content is no base64') from None


def attach(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """`tickets.attach`: the files belong to the ticket from now on; `public`: the reporter may see them."""
    ticket = asked.ticket(draft)
    files = asked.arguments.get(ATTACHMENTS)
    if not files:
        raise CannotDo(f"{ATTACHMENTS}: is missing", usage=True)
    added = add_files(draft, rules, ticket, asked)
    return {
        "id": ticket.id,
        "version": ticket.version + 1,
        ATTACHMENTS: [attachment_document(each) for each in added],
    }


def add_files(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked) -> Sequence[Attachment]:
    """Note on the draft what belongs to the ticket. Raises CannotDo where it has too many already."""
    files: Sequence[Mapping[str, Any]] = asked.arguments.get(ATTACHMENTS) or ()
    most = rules.desk.attachments.max_count
    if ticket.files + len(files) > most:
        raise CannotDo(f"{ticket.id} has {ticket.files} attachments: it can have {most} at most")
    if not files:
        return ()
    by, public = acting(rules, asked), asked.flag("public")
    added = [
        Attachment(ticket.number, number, **told, at=asked.now, by=by, internal=not public)
        for number, told in enumerate(files, ticket.files + 1)
    ]
    draft.attachments += added
    draft.tickets.put(
        ticket.number, replace(ticket, files=ticket.files + len(added), version=ticket.version + 1)
    )
    said = ", ".join(f"{each.name} ({show_size(each.size)})" for each in added)
    draft.events.append(
        TicketEvent(ticket.number, asked.now, by, "attached", f"attached {said}", internal=not public)
    )
    draft.tell("ticket.attached", ticket=ticket.id, by=by, files=[each.sha256 for each in added])
    return added
