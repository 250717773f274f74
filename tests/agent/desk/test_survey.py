"""Surveys and one-time links: a page for whoever has the secret, answered once, and nothing for anybody else."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from agent.desk.asked import CannotDo, NoSuchTicket
from alerting.desk.parts import Ask, Reporter
from alerting.desk.ticket import Move, Ticket, TicketState
from config.policies import DEFAULT_POLICY, Ending, RootCauseRules
from tests.agent.desk.ending_case import DAY, HOUR, Desk
from tests.moving_clock import SECOND, Driven

CALM = replace(DEFAULT_POLICY, root_cause=RootCauseRules((), None))
FORM = {"content-type": "application/x-www-form-urlencoded"}
SECRET = "x" * 43


@pytest.fixture
def closed(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, CALM)
    desk.open()
    desk.move(Move.RESOLVE)
    desk.ask("tickets.confirm", satisfied=True)
    return desk


def test_a_survey_is_answered_once_through_its_link(closed: Desk) -> None:
    secret = closed.secret("closed")
    assert closed.ask("answers.look", secret=secret)["what"] == "survey"
    closed.ask("answers.give", secret=secret, clarity=5, time=4, overall=5, comment="quick")
    survey = closed.ticket().survey
    assert survey is not None
    assert (survey.clarity, survey.time, survey.overall, survey.comment) == (5, 4, 5, "quick")
    with pytest.raises(CannotDo, match="received already"):
        closed.ask("answers.give", secret=secret, clarity=1, time=1, overall=1)
    assert closed.ticket().survey == survey


def test_a_link_is_valid_for_as_long_as_the_policy_says(closed: Desk) -> None:
    secret = closed.secret("closed")
    closed.wait(30 * 24 - 1)
    assert closed.ask("answers.look", secret=secret)["over"] == ""
    closed.wait(1)
    with pytest.raises(CannotDo, match="not valid any more"):
        closed.ask("answers.give", secret=secret, clarity=5, time=4, overall=5)


def test_by_policy_the_survey_comes_with_the_asking_or_not_at_all(tmp_path: Path) -> None:
    for at, kinds in (("resolved", ["ask"]), ("never", [])):
        desk = Desk(tmp_path, replace(CALM, ending=Ending(survey_at=at)))  # type: ignore[arg-type]
        desk.open()
        desk.move(Move.RESOLVE)
        desk.wait(121)
        assert [each.kind for each in desk.notices.values() if "How did we do?" in each.text] == kinds


@pytest.mark.parametrize("secret", ["", "y" * 43, None, 7, "x" * 100_000, "\ud800"])
def test_no_other_secret_leads_in(closed: Desk, secret: object) -> None:
    for verb in ("answers.look", "answers.give"):
        with pytest.raises(NoSuchTicket):
            closed.ask(verb, secret=secret, clarity=5, time=5, overall=5)


def test_where_no_link_was_made_an_empty_one_does_not_lead_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CALM, url="")
    desk.open()
    desk.move(Move.RESOLVE)
    with pytest.raises(NoSuchTicket):
        desk.ask("answers.look", secret="")


@pytest.mark.parametrize("rating", [0, 6, None, "5", True, 4.5])
def test_ratings_are_whole_numbers_from_1_to_5(closed: Desk, rating: object) -> None:
    with pytest.raises(CannotDo, match="overall: expected"):
        closed.ask("answers.give", secret=closed.secret("closed"), clarity=5, time=5, overall=rating)


def test_it_can_be_entered_by_phone_once(closed: Desk) -> None:
    closed.ask("tickets.survey", clarity=3, time=3, overall=2, comment="write to me: me@example.org")
    survey = closed.ticket().survey
    assert survey is not None
    assert "me@example.org" not in survey.comment
    with pytest.raises(CannotDo, match="T-1 was rated already"):
        closed.ask("tickets.survey", clarity=3, time=3, overall=2)


def of_link(secret: str = SECRET, **more: object) -> Ticket:
    from hashlib import sha256

    plain = Ticket(7, "", "", TicketState.RESOLVED, "low", "low", "No <orders>", "internal words", 0, {})
    ask = Ask(1_800_000_000 * SECOND, sha256(secret.encode()).hexdigest())
    given = replace(plain, channel="phone", reporter=Reporter("Caller", "caller@example.org"), ask=ask)
    return replace(given, assignee="Agent One", resolved_at=ask.at, steps={"ask:0": ask.at}, **more)  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_the_page_is_plain_shows_nothing_internal_and_takes_one_answer(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}) as driven, httpx.AsyncClient(base_url=driven.app.web.addresses[0]) as web:
        await driven.app.pipeline.change(lambda draft: draft.tickets.put(7, of_link()))
        page = await web.get(f"/t/7-{SECRET}")
        assert page.status_code == 200
        assert "T-7: No &lt;orders&gt;" in page.text
        assert "<script" not in page.text
        assert not re.search("internal words|Agent One|caller@", page.text)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        wrong = await web.post(f"/t/7-{SECRET}", content="mended=perhaps&comment=%3Cb%3E", headers=FORM)
        assert wrong.status_code == 400
        assert "&lt;b&gt;" in wrong.text
        done = await web.post(f"/t/7-{SECRET}", content="mended=no&comment=still+slow", headers=FORM)
        assert (done.status_code, "looked at again" in done.text) == (200, True)
        again = await web.post(f"/t/7-{SECRET}", content="mended=yes", headers=FORM)
        assert (again.status_code, "received already" in again.text) == (409, True)
        assert "received already" in (await web.get(f"/t/7-{SECRET}")).text
        ticket = driven.app.pipeline.world.tickets[7]
        assert (ticket.state, ticket.fields["feedback"]) == (TicketState.IN_PROGRESS, "still slow")


@pytest.mark.anyio
async def test_who_presses_twice_answers_once_and_is_not_asked_again(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}) as driven, httpx.AsyncClient(base_url=driven.app.web.addresses[0]) as web:
        await driven.app.pipeline.change(lambda draft: draft.tickets.put(7, of_link()))
        sent = (web.post(f"/t/7-{SECRET}", content=f"mended=no&comment={n}", headers=FORM) for n in range(5))
        pages = await asyncio.gather(*sent)
        assert sorted(page.status_code for page in pages) == [200, 409, 409, 409, 409]
        others = [page.text for page in pages if page.status_code == 409]
        assert all("received already" in text and "<form" not in text for text in others)
        assert driven.app.pipeline.world.tickets[7].reopened == 1


@pytest.mark.anyio
async def test_a_closed_ticket_is_fetched_for_its_survey(tmp_path: Path) -> None:
    from alerting.desk.parts import Survey

    async with Driven(tmp_path, {}) as driven, httpx.AsyncClient(base_url=driven.app.web.addresses[0]) as web:
        asked = of_link(state=TicketState.CLOSED, closed_at=1_800_000_000 * SECOND)
        assert asked.ask is not None
        survey = Survey(asked.ask.at, asked.ask.token, asked.ask.at + 30 * DAY)
        asked = replace(asked, ask=None, survey=survey)
        await driven.app.pipeline.change(
            lambda draft: draft.tickets.put(7, replace(asked, steps={"farewell:0": 1}))
        )
        await driven.advance(10)
        assert 7 not in driven.app.pipeline.world.tickets
        done = await web.post(f"/t/7-{SECRET}", content="clarity=5&time=4&overall=3", headers=FORM)
        assert done.status_code == 200
        rated = driven.app.pipeline.world.tickets[7].survey
        assert rated is not None
        assert (rated.clarity, rated.time, rated.overall) == (5, 4, 3)


@pytest.mark.anyio
async def test_strangers_learn_nothing_and_cannot_send_much(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}) as driven, httpx.AsyncClient(base_url=driven.app.web.addresses[0]) as web:
        await driven.app.pipeline.change(lambda draft: draft.tickets.put(7, of_link()))
        wrong = [f"/t/7-{'y' * 43}", f"/t/8-{'y' * 43}", "/t/7-", "/t/x", f"/t/{'9' * 40}-{SECRET}"]
        pages = [await web.get(path) for path in wrong]
        assert {(page.status_code, page.text) for page in pages} == {(404, pages[0].text)}
        long = await web.post(f"/t/7-{SECRET}", content="comment=" + "a" * 20_000, headers=FORM)
        assert long.status_code == 413
        other = await web.post(f"/t/7-{SECRET}", json={"mended": "yes"})
        assert other.status_code == 415
        assert (await web.delete(f"/t/7-{SECRET}")).status_code == 405
        found = {(await web.get(wrong[0])).status_code for _ in range(80)}
        assert found == {404, 429}
        driven.clock.move(HOUR / SECOND)
        assert (await web.get(f"/t/7-{SECRET}")).status_code == 200
