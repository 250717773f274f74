"""IMAP: mails found by a header of theirs, and deleted one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from checks.imap.responses import Response
from checks.imap.session import Session

_MOST_MAILS = 200
_UID = re.compile(r"\bUID ([0-9]{1,10})\b", re.IGNORECASE)
_ARRIVED = re.compile(r'\bINTERNALDATE "([^"]{1,40})"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """One mail: its number, when it arrived (seconds since 1970, by the server's clock) and the header asked for."""

    uid: int
    arrived: float | None
    header: str


async def found_by(session: Session, header: str, word: str) -> list[Found]:
    """The newest mails of the opened mailbox, 200 at most, whose header holds the word. Raises Fault."""
    what = "to search the mailbox"
    answers = await session.command("UID SEARCH UNDELETED HEADER", header, f'"{word}"', what=what)
    uids = sorted(uid for answer in answers for uid in _uids(answer))[-_MOST_MAILS:]
    if not uids:
        return []
    wanted = f"(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({header})])"
    numbers = ",".join(map(str, uids))
    answers = await session.command("UID FETCH", numbers, wanted, what="to show the header of a mail")
    mails = (_mail(answer) for answer in answers)
    return [mail for mail in mails if mail is not None and mail.uid in uids]


async def delete(session: Session, uids: Sequence[int]) -> None:
    """Delete these mails. Other people's deleted ones are left: without UIDPLUS ours are only marked."""
    if not uids:
        return
    numbers = ",".join(map(str, uids))
    what = "to delete our own mails"
    await session.command("UID STORE", numbers, r"+FLAGS.SILENT (\Deleted)", what=what)
    if session.can("UIDPLUS"):
        await session.command("UID EXPUNGE", numbers, what=what)


def _uids(answer: Response) -> list[int]:
    told = answer.data("SEARCH")
    words = told.split() if told else []
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) <= 10]


def _mail(answer: Response) -> Found | None:
    """`* 3 FETCH (UID 7 INTERNALDATE "…" BODY[…] {30} …)`; None for anything else."""
    uid = _UID.search(answer.text)
    if answer.tag != "*" or " FETCH " not in answer.text.upper() or uid is None:
        return None
    arrived = _ARRIVED.search(answer.text)
    header = b" ".join(answer.literals).decode("ascii", "replace") or answer.text
    return Found(int(uid[1]), _moment(arrived[1]) if arrived else None, header)


def _moment(text: str) -> float | None:
    """`17-Jul-2026 02:44:25 -0700`."""
    try:
        return parsedate_to_datetime(text.strip().replace("-", " ", 2)).timestamp()
    except (ValueError, OverflowError):
        return None
