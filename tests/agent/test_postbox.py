"""Notices by mail against a real SMTP server: each once, in threads, never given up, never in a flood."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from agent.desk.asked import Asked
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.outbox import Word
from alerting.connectors import email
from alerting.connectors.base import ConnectorType
from alerting.desk.notices import Notice, leased
from alerting.outgoing import Standing
from tests.alerting.connectors.test_email import Moody, parsed
from tests.checks.mail.post_office import open_office
from tests.moving_clock import Driven, MovingClock

pytestmark = pytest.mark.anyio
REPORTER = {"name": "Buyer", "email": "buyer@example.net"}


class Mailing(Driven):
    """One that sends mail."""

    connectors: Mapping[str, ConnectorType] = {email.TYPE.name: email.TYPE}


class Case:
    """A desk, its post office, and what it sends."""

    def __init__(self, driven: Driven, office: Moody) -> None:
        self.driven, self.office, self.pipeline = driven, office, driven.app.pipeline

    async def opens(self, **more: Any) -> int:
        told = {"title": "Cannot pay", "reporter": REPORTER, **more}
        asked = Asked(told, "Agent One", self.driven.clock.now())
        document = await self.pipeline.ask_desk("tickets.open", asked)
        return int(str(document["id"]).removeprefix("T-"))

    async def tells(self, number: int, *tellings: Telling) -> None:
        def change(draft: Draft) -> None:
            ticket = draft.tickets.get(number)
            assert ticket is not None
            for telling in tellings:
                tell(draft, self.pipeline.rules, ticket, telling, self.driven.clock.now())

        await self.pipeline.change(change)

    async def passes(self, seconds: float = 2) -> None:
        await self.driven.advance(seconds)

    def to(self, address: str) -> list[EmailMessage]:
        """The mails that this address has got."""
        pairs = zip(self.office.envelopes, self.office.mails, strict=True)
        return [parsed(raw) for envelope, raw in pairs if envelope.rcpt_tos == [address]]

    @property
    def unsent(self) -> list[Notice]:
        return [notice for notice in self.pipeline.world.notices.values() if notice.unsent]


def aside(step: str, *to: str) -> Telling:
    return Telling("test", step, to or ("lead@example.org",), f"about {step}")


@asynccontextmanager
async def case(
    directory: Path, office: Moody | None = None, clock: MovingClock | None = None, **desk: Any
) -> AsyncIterator[Case]:
    async with open_office(office or Moody()) as post:
        assert isinstance(post, Moody)
        channel = {"type": "email", "from": "tocsin@example.org", "tls": "none", "timeout": "2s"}
        sections = {
            "channels": {"post": {**channel, "server": f"127.0.0.1:{post.port}"}},
        }
        agent = {"desk": desk} if desk else {}
        async with Mailing(directory, {}, clock, **sections, **agent) as driven:
            yield Case(driven, post)


async def test_reporter_is_told_at_once_the_number_and_when_to_expect_what(tmp_path: Path) -> None:
    async with case(tmp_path) as desk:
        number = await desk.opens()
        ticket = desk.pipeline.world.tickets[number]
        assert (ticket.state, ticket.acknowledged_at) == ("new", desk.driven.clock.now())
        assert {"told", "acknowledged"} <= ticket.stamps.keys()
        await desk.passes()
        (mail,) = desk.to("buyer@example.net")
        assert mail["Subject"] == f"[T-{number}] Cannot pay"
        text = mail.get_content()
        assert f"number is T-{number}" in text
        assert "Expected response: by " in text
        assert "Expected resolution: by " in text


async def test_mails_to_one_person_about_one_ticket_are_a_thread(tmp_path: Path) -> None:
    async with case(tmp_path) as desk:
        one, other = await desk.opens(reporter=None), await desk.opens(reporter=None)
        for step in ("a", "b", "c"):
            await desk.tells(one, aside(step))
            await desk.tells(other, aside(step))
            await desk.passes()
        mails = desk.to("lead@example.org")
        assert len({mail["Message-ID"] for mail in mails}) == 6
        for number in (one, other):
            first, *others = (mail for mail in mails if f"[T-{number}]" in mail["Subject"])
            assert first["In-Reply-To"] is None
            assert [mail["References"] for mail in others] == [first["Message-ID"]] * 2


async def test_same_step_is_told_once(tmp_path: Path) -> None:
    async with case(tmp_path) as desk:
        number = await desk.opens(reporter=None)
        before = len(desk.unsent)
        await desk.tells(
            number, aside("x"), aside("x", "lead@example.org", "LEAD@example.org", "web@example.org")
        )
        assert len(desk.unsent) == before + 2


async def test_greylisted_notice_is_tried_again_under_the_same_message_id(tmp_path: Path) -> None:
    async with case(tmp_path, Moody(to_data=["451 4.7.1 come back later"])) as desk:
        await desk.tells(await desk.opens(reporter=None), aside("x"))
        await desk.passes()
        (notice,) = desk.unsent
        assert (notice.state, notice.attempts) == (Standing.WAITING, 1)
        assert "451 4.7.1" in str(notice.last_error)
        await desk.passes(10)
        first, second = desk.to("lead@example.org")
        assert first["Message-ID"] == second["Message-ID"]
        assert desk.unsent == []


async def test_lost_answer_is_asked_for_again_under_the_same_message_id(tmp_path: Path) -> None:
    async with case(tmp_path, Moody(to_data=["hang up"])) as desk:
        await desk.tells(await desk.opens(reporter=None), aside("x"))
        await desk.passes(10)
        assert len({mail["Message-ID"] for mail in desk.to("lead@example.org")}) == 1
        assert desk.unsent == []


async def test_refused_address_is_parked_in_sight_until_a_person_says_so(tmp_path: Path) -> None:
    async with case(tmp_path, Moody(to_rcpt=["550 5.1.1 no such user"])) as desk:
        await desk.tells(await desk.opens(reporter=None), aside("x"))
        await desk.passes(3600)
        (notice,) = desk.unsent
        assert (notice.state, notice.attempts) == (Standing.PARKED, 1)
        page = desk.driven.app.metrics.page().decode()
        assert "tocsin_outbox_parked 1.0" in page
        assert "tocsin_outbox_depth 1.0" in page
        assert 'tocsin_notifications_failed_total{helpdesk="post",reason="permanent"} 1.0' in page
        assert await desk.driven.app.delivery.follow(Word("root", notice.key)) == 1
        await desk.passes()
        assert (desk.unsent, len(desk.to("lead@example.org"))) == ([], 1)
        assert 'tocsin_notifications_total{helpdesk="post"} 1.0' in desk.driven.app.metrics.page().decode()


async def test_dropped_notice_is_not_sent(tmp_path: Path) -> None:
    async with case(tmp_path, Moody(to_data=["451 later"])) as desk:
        await desk.tells(await desk.opens(reporter=None), aside("x"))
        await desk.passes()
        (notice,) = desk.unsent
        assert await desk.driven.app.delivery.follow(Word("root", notice.key, "nobody reads it")) == 1
        await desk.passes(60)
        assert len(desk.office.mails) == 1  # the try before it was dropped


async def test_what_was_being_sent_when_the_daemon_ended_is_sent_again(tmp_path: Path) -> None:
    clock = MovingClock()
    async with case(tmp_path, clock=clock) as desk:
        number = await desk.opens(reporter=None)
        await desk.tells(number, aside("x"))
        (notice,) = desk.unsent
        await desk.pipeline.change(
            lambda draft: draft.notices.put(notice.key, leased(notice, clock.now(), 5.0, ""))
        )
        await desk.passes()
        assert desk.office.mails == []
    async with case(tmp_path, clock=clock) as desk:
        await desk.passes()
        (mail,) = desk.to("lead@example.org")
        assert mail["Message-ID"] == f"<{notice.key}@test.tocsin>"


async def test_storm_comes_as_one_message_and_nothing_is_lost(tmp_path: Path) -> None:
    async with case(tmp_path, notices_per_minute=3) as desk:
        number = await desk.opens(reporter=None)
        await desk.tells(number, *(aside(f"step-{n}") for n in range(40)), aside("other", "web@example.org"))
        await desk.passes()
        (digest,) = desk.to("lead@example.org")
        assert "40 messages" in digest["Subject"]
        assert all(f"about step-{n}\n" in digest.get_content().replace("\r\n", "\n") for n in range(40))
        assert len(desk.to("web@example.org")) == 1


async def test_person_gets_at_most_so_many_messages_a_minute(tmp_path: Path) -> None:
    async with case(tmp_path, notices_per_minute=3) as desk:
        number = await desk.opens(reporter=None)
        for n in range(20):
            await desk.tells(number, aside(f"step-{n}"))
            await desk.passes(2)
        assert len(desk.to("lead@example.org")) == 3
        assert desk.driven.app.delivery.stalled_for == 0  # it is we who hold them back
        await desk.passes(60)
        mails = desk.to("lead@example.org")
        assert len(mails) <= 6
        whole = "".join(mail.get_content() for mail in mails).replace("\r\n", "\n")
        assert all(whole.count(f"about step-{n}\n") == 1 for n in range(20))


async def test_digest_that_failed_is_the_same_message_again(tmp_path: Path) -> None:
    async with case(tmp_path, Moody(to_data=["451 later"]), notices_per_minute=2) as desk:
        number = await desk.opens(reporter=None)
        await desk.tells(number, *(aside(f"step-{n}") for n in range(5)))
        await desk.passes()
        await desk.tells(number, aside("late"))
        await desk.passes(30)
        digests = [mail for mail in desk.to("lead@example.org") if "5 messages" in mail["Subject"]]
        assert len({mail["Message-ID"] for mail in digests}) == 1
        assert len(digests) == 2


async def test_waiting_notice_goes_by_the_channel_that_there_is_by_now(tmp_path: Path) -> None:
    async with case(tmp_path) as desk:
        number = await desk.opens(reporter=None)
        await desk.tells(number, aside("x"))
        (notice,) = desk.unsent
        await desk.pipeline.change(
            lambda draft: draft.notices.put(notice.key, replace(notice, channel="another"))
        )
        await desk.passes()
        assert len(desk.to("lead@example.org")) == 1


async def test_link_is_not_kept_once_it_is_sent(tmp_path: Path) -> None:
    async with case(tmp_path) as desk:
        number = await desk.opens(reporter=None)
        link = "https://desk.example.org/t/s3cret"
        await desk.tells(number, replace(aside("x"), text=f"Say so here:\n{link}"))
        await desk.passes()
        assert link in desk.to("lead@example.org")[0].get_content()
    assert b"s3cret" not in b"".join(file.read_bytes() for file in (tmp_path / "state").glob("tocsin.db"))
