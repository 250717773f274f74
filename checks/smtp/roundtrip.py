"""SMTP: the round trip of a probe mail, within one look where there is time, else found by the looks after it.

At most one mail is under way, and as long as it is no other is sent. One that does not come is given up after
`within`, and a minute at least: the next look sends another. While none comes back in time the check stays down.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from checks.base import ErrorKind
from checks.connection import Deadline, Fault
from checks.imap.mails import Found, delete, found_by
from checks.imap.session import Session as ImapSession
from checks.line_server import Look, Talk, talked
from checks.smtp.probe_mail import HEADER, WORD, Mark, Memory, written
from checks.smtp.session import Session
from checks.smtp.spec import RoundTrip, SmtpSpec
from config.units import show_duration

_LEAST_BETWEEN = 60.0  # seconds, of mails that do not come
_LEFT_BEHIND = 86400.0  # seconds after which anybody may clear a probe mail away
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 2.0
_CLOCKS_DIFFER = 60.0  # seconds, between us and the mailbox
_KEPT_FOR_THE_END = 0.1  # of the timeout
_DEFAULT_MAILBOX = "INBOX"


class Trip:
    """The probe mails of one check, in one look."""

    def __init__(self, spec: SmtpSpec, trip: RoundTrip, look: Look) -> None:
        self._spec, self._trip, self._look = spec, trip, look
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._keep(_without_future(Memory.of(look.context.memo), look.context.now))

    async def send(self, session: Session) -> None:
        """Send a mail, unless one is under way. Raises Fault."""
        assert self._spec.sender is not None  # the spec asks for both
        assert self._spec.recipient is not None
        if self._memory.under_way is not None:
            return
        await session.offer(self._spec.sender, self._spec.recipient)
        before, mark = self._memory, Mark.new(self._memory.owner, self._now())
        # Kept from here on: a server that says nothing to a mail may have taken it.
        self._keep(replace(before, under_way=mark))
        mail = written(mark, self._spec.sender, self._spec.recipient)
        answer = await session.hand_over(mail)
        if not answer.is_good:
            self._keep(before)
            raise session.refused("the mail", answer)

    async def find(self) -> None:
        """Look into the mailbox until the mail is there or the look must end. Raises Fault when it is late."""
        mark = self._memory.under_way
        if mark is None:
            return
        if mark.sent >= self._look.context.now and not self._short_of_the_end().left:
            self._still_waited_for(mark)  # sending took all the time there was
            return
        arrived = await self._arrived(mark)
        if arrived is None:
            self._still_waited_for(mark)
            return
        took = round(max(0.0, arrived - mark.sent), 6)
        self._look.values["roundtrip"] = took
        is_late = took > self._trip.within
        late_since = (self._memory.late_since or mark.sent) if is_late else None
        self._keep(Memory(mark.owner, late_since=late_since))
        if is_late:
            limit = show_duration(self._trip.within)
            raise Fault(
                f"a mail took {show_duration(took)} to its mailbox (limit {limit})", ErrorKind.TIMEOUT
            )

    def _still_waited_for(self, mark: Mark) -> None:
        waits, late = self._now() - mark.sent, self._memory.late_since
        self._look.values["roundtrip_waiting"] = round(waits, 6)
        where = f"{self._mailbox} of {self._trip.imap.host}"
        if waits > self._trip.within:
            late = mark.sent if late is None else late
            is_given_up = waits > max(self._trip.within, _LEAST_BETWEEN)
            self._keep(Memory(mark.owner, None if is_given_up else mark, late))
        if late is None:
            self._look.notes.append(f"the mail sent {show_duration(waits)} ago has not yet come to {where}")
            return
        since, limit = show_duration(self._now() - late), show_duration(self._trip.within)
        text = f"no mail sent in the last {since} has come to {where} in time (limit {limit})"
        raise Fault(text, ErrorKind.TIMEOUT)

    async def _arrived(self, mark: Mark) -> float | None:
        """When the mail arrived, in seconds since 1970; None when it is not there by the end of the look."""
        mailbox = Look(self._look.context, self._short_of_the_end())
        arrived: list[float] = []

        async def protocol(talk: Talk) -> None:
            session = ImapSession(talk)
            await session.begin()
            await session.select(self._mailbox)
            found = await self._waited_for(mark, session, mailbox.deadline)
            arrived.extend([found] if found is not None else [])
            await talk.end("t0 LOGOUT")

        try:
            await talked(self._trip.imap, mailbox, protocol)
        except Fault as fault:
            if not arrived:
                raise Fault(f"cannot look for the mail: {fault.message}", fault.kind) from None
        return arrived[0] if arrived else None

    async def _waited_for(self, mark: Mark, session: ImapSession, deadline: Deadline) -> float | None:
        """Look once, and again until the time is up: only of the first look it matters that it was too slow."""
        ours = await self._looked_for(mark, session)
        if ours is not None:
            return self._moment_of(ours, mark)
        pause = _FIRST_PAUSE
        try:
            while ours is None and deadline.left > pause:
                await asyncio.sleep(pause)
                await session.command("NOOP", what="NOOP")
                ours = await self._looked_for(mark, session)
                pause = min(2 * pause, _LONGEST_PAUSE)
        except Fault as fault:
            if fault.kind is not ErrorKind.TIMEOUT:
                raise
        return self._now() if ours is not None else None

    async def _looked_for(self, mark: Mark, session: ImapSession) -> Found | None:
        mails = await found_by(session, HEADER, WORD)
        ours = next((mail for mail in mails if Mark.read(mail.header) == mark), None)
        await self._clear_away(session, mails, mark)
        return ours

    def _moment_of(self, mail: Found, mark: Mark) -> float:
        """Of a mail that an earlier look has sent, what the server says, where that can be; else now."""
        now, said = self._now(), mail.arrived
        is_new = mark.sent >= self._look.context.now
        # Its clock may lag behind ours.
        is_usable = said is not None and mark.sent - _CLOCKS_DIFFER <= said <= now
        return now if is_new or said is None or not is_usable else max(said, mark.sent)

    async def _clear_away(self, session: ImapSession, mails: list[Found], mark: Mark) -> None:
        """Delete our own mails, and those that a check which is no more has left behind."""
        gone = []
        for mail in mails:
            read = Mark.read(mail.header)
            if read is None:
                continue
            is_old = self._now() - read.sent > max(_LEFT_BEHIND, 2 * self._trip.within)
            if read.owner == mark.owner or is_old:
                gone.append(mail.uid)
        await delete(session, gone)

    def _short_of_the_end(self) -> Deadline:
        whole = self._look.deadline
        return Deadline(whole.at - _KEPT_FOR_THE_END * whole.whole, whole.whole)

    @property
    def _mailbox(self) -> str:
        return self._trip.imap.mailbox or _DEFAULT_MAILBOX

    def _keep(self, memory: Memory) -> None:
        self._memory = memory
        self._look.memo = memory.memo

    def _now(self) -> float:
        """The wall clock, in seconds since 1970, as far as the look goes."""
        return self._look.context.now + self._loop.time() - self._began


def _without_future(memory: Memory, now: float) -> Memory:
    """A mail that is sent in the future, for a clock was set back, would be waited for until then."""
    mark, late = memory.under_way, memory.late_since
    return replace(
        memory,
        under_way=mark if mark is not None and mark.sent <= now + 1 else None,
        late_since=late if late is not None and late <= now else None,
    )
