"""The round trip of a probe mail: sent to a real SMTP server, found in a real Dovecot, or not."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from checks.base import ErrorKind, Observation
from checks.smtp.probe_mail import Mark, Memory, written
from tests.checks.looks import AUTH, look_at
from tests.checks.mail.dovecot import Dovecot
from tests.checks.mail.post_office import PostOffice, open_office

OTHER = Mark("f" * 16, 0, "a" * 16)


@pytest.fixture
def office(server: Dovecot) -> PostOffice:
    """A post office that delivers into an empty INBOX."""
    for path in (server.home / "mail" / AUTH["user"]).glob("*/*.here*"):
        path.unlink()
    return PostOffice(server)


def trip(
    office: PostOffice, *, memo: Any = None, later: float = 0, within: str = "2m", **imap: Any
) -> Observation:
    """One look; `later` seconds after the first, for the looker's clock."""
    assert office.into is not None
    options = {
        "sender": "probe@example.org",
        "recipient": "joe@example.org",
        "roundtrip": {
            "within": within,
            "imap": {
                "host": "127.0.0.1",
                "port": office.into.imap,
                "auth": AUTH,
                "plain_login": True,
                **imap,
            },
        },
    }

    async def run() -> Observation:
        async with open_office(office) as post:
            return await look_at(
                "smtp",
                {"port": post.port, **options},
                timeout=4 if office.holds or office.mute else 20,
                now=office.began + later,
                memo=memo,
            )

    return asyncio.run(run())


def test_mail_is_found_in_the_same_look_and_deleted(office: PostOffice, server: Dovecot) -> None:
    server.deliver(b"Subject: somebody else's\n\nstays\n")
    seen = trip(office)
    assert (seen.failure, seen.blind) == (None, None)
    assert 0 < float(seen.values["roundtrip"] or 0) < 4
    assert len(office.mails) == 1
    assert [b"somebody else's" in mail for mail in server.mails()] == [True]
    assert seen.memo["under_way"] is None


def test_mail_carries_its_mark_and_what_robots_owe(office: PostOffice) -> None:
    trip(office)
    (mail,), (envelope,) = office.mails, office.envelopes
    assert envelope.mail_from == "probe@example.org"
    assert envelope.rcpt_tos == ["joe@example.org"]
    assert b"Auto-Submitted: auto-generated\r\n" in mail
    mark = Mark.read(next(line for line in mail.decode().splitlines() if line.startswith("X-Tocsin-Probe: ")))
    assert mark is not None
    assert abs(mark.sent - office.began) < 60


def test_mail_that_takes_longer_than_a_look_is_found_by_the_next(office: PostOffice, server: Dovecot) -> None:
    office.holds = True
    first = trip(office)
    assert (first.failure, first.values.get("roundtrip")) == (None, None)
    assert float(first.values["roundtrip_waiting"] or 0) > 0
    assert "has not yet come to INBOX" in first.notes[0]
    server.deliver(office.mails[0])
    second = trip(office, memo=first.memo, later=30)
    assert second.failure is None
    assert second.values["roundtrip"] is not None
    assert len(office.mails) == 1
    assert server.mails() == []


def test_no_second_mail_is_sent_while_one_is_under_way(office: PostOffice) -> None:
    office.holds = True
    memo = None
    for later in (0, 30, 60, 90):
        seen = trip(office, memo=memo, later=later)
        assert seen.failure is None
        memo = seen.memo
    assert len(office.mails) == 1


def test_mail_that_does_not_come_is_down_until_one_comes_back(office: PostOffice, server: Dovecot) -> None:
    office.holds = True
    first = trip(office)
    overdue = trip(office, memo=first.memo, later=125)
    assert overdue.error_kind is ErrorKind.TIMEOUT
    assert "has come to INBOX of 127.0.0.1 in time (limit 2m)" in str(overdue.failure)
    again = trip(office, memo=overdue.memo, later=130)
    assert again.failure is not None
    assert len(office.mails) == 2
    still = trip(office, memo=again.memo, later=140)
    assert still.failure is not None
    assert len(office.mails) == 2
    for mail in office.mails:
        server.deliver(mail)
    back = trip(office, memo=still.memo, later=150)
    assert back.failure is None
    assert back.memo["late_since"] is None
    assert server.mails() == []


def test_look_long_after_the_mail_came_takes_the_mailboxs_word(office: PostOffice, server: Dovecot) -> None:
    office.holds = True
    first = trip(office)
    server.deliver(office.mails[0])
    seen = trip(office, memo=first.memo, later=3600)
    assert seen.failure is None
    assert float(seen.values["roundtrip"] or 9999) < 120
    assert len(office.mails) == 1


def test_mail_that_comes_too_late_is_down_and_the_next_one_says_how_it_stands(
    office: PostOffice, server: Dovecot
) -> None:
    office.holds = True
    first = trip(office, later=-600, within="1s")
    server.deliver(office.mails[0])
    late = trip(office, memo=first.memo, within="1s", later=-500)
    assert "to its mailbox (limit 1s)" in str(late.failure)
    assert late.memo["late_since"] is not None
    office.holds = False
    assert trip(office, memo=late.memo, within="10s", later=-400).failure is None


def test_clock_of_the_mailbox_that_lags_behind_makes_no_mail_late(
    office: PostOffice, server: Dovecot
) -> None:
    office.holds = True
    ahead = time.time() - office.began + 30
    first = trip(office, later=ahead)
    server.deliver(office.mails[0])
    seen = trip(office, memo=first.memo, later=ahead + 600)
    assert (seen.failure, seen.values["roundtrip"]) == (None, 0)


def test_mail_that_was_taken_without_a_word_is_no_reason_to_send_another(
    office: PostOffice, server: Dovecot
) -> None:
    office.mute = True
    memo = None
    for later in (0, 30):
        seen = trip(office, memo=memo, later=later)
        memo = seen.memo
    assert (seen.failure, len(office.mails)) == (None, 1)
    assert server.mails() == []


def test_mail_that_is_refused_is_not_waited_for(office: PostOffice) -> None:
    office.verdict = "554 5.7.1 looks like spam"
    for _ in range(2):
        seen = trip(office)
        assert "refused the mail: 554 5.7.1 looks like spam" in str(seen.failure)
        assert seen.memo["under_way"] is None


def test_mail_that_arrives_twice_is_cleared_away_twice(office: PostOffice, server: Dovecot) -> None:
    first = trip(office)
    server.deliver(office.mails[0])
    assert len(server.mails()) == 1
    assert trip(office, memo=first.memo, later=30).failure is None
    assert server.mails() == []


def test_mails_left_behind_are_cleared_away_and_those_of_others_are_not(
    office: PostOffice, server: Dovecot
) -> None:
    old = Mark(OTHER.owner, round((office.began - 100_000) * 1e6), OTHER.chance)
    fresh = Mark(OTHER.owner, round((office.began - 100) * 1e6), OTHER.chance)
    memory = Memory("1" * 16)
    for mark in (old, fresh, Mark.new(memory.owner, office.began - 100)):
        server.deliver(written(mark, "a@example.org", "b@example.org"))
    assert trip(office, memo=memory.memo).failure is None
    assert [str(fresh).encode() in mail for mail in server.mails()] == [True]


@pytest.mark.parametrize(
    "memo",
    [None, 0, [], "x", {"owner": 1}, {"owner": "0" * 16, "under_way": "tocsin", "late_since": "x"}],
    ids=repr,
)
def test_no_memo_breaks_a_look(office: PostOffice, memo: Any) -> None:
    assert trip(office, memo=memo).failure is None


def test_mailbox_that_cannot_be_opened_is_down_with_its_own_kind(office: PostOffice) -> None:
    seen = trip(office, auth={**AUTH, "password": "wrong one"})
    assert seen.error_kind is ErrorKind.AUTH
    assert str(seen.failure).startswith("cannot look for the mail: 127.0.0.1:")
    assert seen.memo["under_way"] is not None


def test_memory_survives_the_store_and_a_clock_that_was_set_back(office: PostOffice) -> None:
    memory = Memory("0" * 16, Mark.new("0" * 16, office.began + 5000))
    assert Memory.of(memory.memo) == memory
    assert trip(office, memo=memory.memo).failure is None
    assert len(office.mails) == 1
