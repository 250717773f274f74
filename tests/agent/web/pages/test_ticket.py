"""A ticket's page: what can be done now, by form; what is around it; and what two at once make of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.access.person import Role
from alerting.desk.ticket import Ticket
from tests.agent.scenarios.street import street
from tests.agent.web.pages.desk import EVIL, SECTIONS, do, now, opened, services
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio


async def offers(there: House, ticket: Ticket) -> set[str]:
    """The acts that the page offers."""
    page = (await there.get(f"/tickets/{ticket.id}")).text
    return set(re.findall(r'name="verb" value="([\w-]+)"', page))


async def test_only_what_can_be_done_now_is_offered(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            new = await offers(there, ticket)
            assert {"take", "start", "resolve", "pend", "escalate", "message", "note"} <= new
            assert not {"reopen", "confirm", "de-escalate", "vendor-done"} & new
            await do(there, ticket, "take")
            assert "take" not in await offers(there, ticket)
            await do(there, ticket, "resolve", note="restarted it", cause="code", cause_text="a loop")
            done = await offers(there, ticket)
            assert {"reopen", "close", "confirm"} <= done
            assert not {"take", "start", "pend", "assign", "escalate", "priority"} & done
            fields = now(there, ticket.number).fields
            assert (fields["resolution"], fields["cause"], fields["cause_text"]) == (
                "restarted it", "code", "a loop",
            )  # fmt: skip


async def test_the_life_of_a_ticket_by_form(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            await do(there, ticket, "start")
            await do(there, ticket, "pend", note="asked", **{"for": "reporter", "until": "2027-01-16T09:00"})
            after = now(there, ticket.number)
            assert after.pauses[-1].why == "reporter"
            assert "asked" in [each.reason for each in after.follow_ups]
            assert "waits for the reporter" in (await there.get(f"/tickets/{ticket.id}")).text
            await do(there, ticket, "reply", text="it is the red button")
            assert now(there, ticket.number).state == "in_progress"
            await do(there, ticket, "escalate", reason="urgent for them")
            assert now(there, ticket.number).tier == 2
            await do(there, ticket, "de-escalate", reason="calmed down")
            await do(there, ticket, "assign", to="Agent Two", note="knows it")
            await do(there, ticket, "priority", priority="high")
            after = now(there, ticket.number)
            assert (after.tier, after.assignee, after.priority) == (1, "Agent Two", "high")
            await do(there, ticket, "assign-team", team="infra")
            assert now(there, ticket.number).assignee == "Agent Three"
            await do(there, ticket, "resolve", note="mended")
            await do(there, ticket, "confirm", satisfied="no", text="still red")
            assert now(there, ticket.number).unhappy
            page = (await there.get(f"/tickets/{ticket.id}")).text
            assert "the reporter is not satisfied" in page
            assert "it is the red button" in page.partition("Notes among us")[0]


async def test_what_belongs_to_a_ticket_is_added_and_taken_away(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket, other = await opened(there), await opened(there, "The mail is slow", service="mail")
            await do(there, ticket, "task", text="ask the network people", owner="Agent Two")
            await do(there, ticket, "task-done", number="1")
            await do(there, ticket, "watch")
            await do(there, ticket, "watch", person="boss@example.org")
            await do(there, ticket, "unwatch", person="boss@example.org")
            await do(there, ticket, "link", relation="child_of", other=other.id)
            after = now(there, ticket.number)
            assert after.sub_tasks[0].done_at is not None
            assert (after.watchers, after.parent) == (("Agent One",), other.number)
            assert f'value="{other.id}"' in (await there.get(f"/tickets/{ticket.id}")).text
            await do(there, ticket, "unlink", other=other.id)
            assert now(there, ticket.number).parent is None
            await do(there, ticket, "vendor", to="hoster", expected="1d", reference="V-7")
            assert "hoster (V-7)" in (await there.get(f"/tickets/{ticket.id}")).text
            await do(there, ticket, "vendor-done")
            await do(there, ticket, "follow-up", at="2027-01-20T09:00", reason="does it hold?")
            number = now(there, ticket.number).follow_ups[-1].number
            await do(there, ticket, "follow-up-done", number=str(number))
            await do(there, ticket, "split", title="And the app too", lines="1")
            split = now(there, other.number + 1)
            assert "opened by Agent One" in split.description
            await do(there, split, "merge", other=ticket.id)
            assert now(there, split.number).merged_into == ticket.number


async def test_the_record_of_the_cause_is_written_and_filled_in_again(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            await do(
                there, ticket, "cause", cause="certificate ran out", kind="infrastructure",
                factors="nobody looked\n\nno reminder", actions="Renew earlier;Agent One;2027-02-01",
            )  # fmt: skip
            record = now(there, ticket.number).root_cause
            assert record is not None
            assert record.factors == ("nobody looked", "no reminder")
            page = (await there.get(f"/tickets/{ticket.id}")).text
            assert "Renew earlier" in page
            assert page.count("certificate ran out") > 1
            await do(there, ticket, "action-done", done="1")
            stale = {"verb": "cause", "cause": "my words", "made_of": str(ticket.version)}
            refused = await there.post(f"/tickets/{ticket.id}", stale)
            assert (refused.status_code, "was changed meanwhile" in refused.text) == (409, True)
            assert "my words" in refused.text
            wrong = await there.post(f"/tickets/{ticket.id}", {"verb": "cause", "actions": "no owner"})
            assert (wrong.status_code, "TEXT;OWNER;DATE" in wrong.text) == (409, True)


async def test_what_was_written_for_an_act_that_is_over_is_not_lost(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            await do(there, ticket, "resolve", note="somebody else was quicker")
            answer = await there.post(
                f"/tickets/{ticket.id}", {"verb": "resolve", "note": f"my words {EVIL}"}
            )
            assert answer.status_code == 409
            assert "my words &lt;script&gt;" in answer.text.partition("</h1>")[2].partition("<section")[0]
            assert EVIL not in answer.text


async def test_fields_that_are_wrong_are_said(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            for fields, said in (
                ({"verb": "resolve"}, "What was done: is missing"),
                ({"verb": "pend", "for": "nobody"}, "for: unknown"),
                ({"verb": "pend", "for": "vendor", "until": "soon"}, "expected a date"),
                ({"verb": "escalate", "reason": "x", "tier": "²"}, "expected a number"),
                ({"verb": "link", "relation": "related", "other": "T-99"}, "there is no ticket T-99"),
                ({"verb": "link", "relation": "related", "other": "x" * 9999}, "at most 200 characters"),
                ({"verb": "split", "title": "x", "lines": "one"}, "expected numbers"),
                ({"verb": "confirm", "satisfied": "perhaps"}, "say yes or no"),
                ({"verb": "cause", "factors": "a\n" * 60}, "at most 50 lines"),
            ):
                answer = await there.post(f"/tickets/{ticket.id}", fields)
                assert answer.status_code == 409, fields
                assert said in answer.text, fields
            assert now(there, ticket.number).version == ticket.version


async def test_tickets_of_others_are_tied_to_by_nobody(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), None, **SECTIONS) as there:
            mine, theirs = await opened(there, service="mail"), await opened(there)
            await there.as_(Role.AGENT, "three", frozenset({"infra"}))
            await there.app.commands.answer(
                "desk",
                {"verb": "tickets.link", "arguments": {"ticket": mine.number, "other": theirs.number}},
                "root",
            )
            page = (await there.get(f"/tickets/{mine.id}")).text
            assert f"/tickets/{theirs.id}" not in page
            for verb, fields in (("merge", {}), ("link", {"relation": "related"})):
                answer = await there.post(f"/tickets/{mine.id}", {"verb": verb, "other": theirs.id, **fields})
                assert f"there is no ticket {theirs.id}" in answer.text
            edited = await there.post(
                f"/tickets/{mine.id}/edit", {"made_of": str(mine.version + 1), "service": "shop"}
            )
            assert "there is no service shop" in edited.text


async def test_the_checks_are_looked_at_again(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            await there.advance(61)
            town.broken.add("shop")
            await there.advance(90)
            page = (await there.get("/tickets/T-1")).text
            assert "status not in 200..299" in page.partition('id="evidence"')[2]
            town.broken.clear()
            await do(there, now(there, 1), "verify")
            assert "checks looked at again: shop.site ok" in (await there.get("/tickets/T-1")).text


async def test_fields_are_changed_where_they_differ(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there, fields={"workaround": f"use the app {EVIL}"})
            page = (await there.get(f"/tickets/{ticket.id}/edit")).text
            assert "use the app &lt;script&gt;" in page
            told = {"made_of": str(ticket.version), "title": ticket.title, "priority": "high", "users": "7"}
            assert (await there.post(f"/tickets/{ticket.id}/edit", told)).status_code == 303
            after = now(there, ticket.number)
            assert (after.priority, after.fields["users"]) == ("high", "7")
            stale = await there.post(f"/tickets/{ticket.id}/edit", {**told, "title": "Another"})
            assert (stale.status_code, "was changed meanwhile" in stale.text) == (409, True)
            assert "It says now: Cannot log in" in stale.text
            same = {"made_of": str(after.version), "title": after.title}
            assert (await there.post(f"/tickets/{ticket.id}/edit", same)).status_code == 303
            assert now(there, ticket.number).version == after.version


async def test_a_long_timeline_is_turned_page_by_page(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            for number in range(60):
                await do(there, ticket, "note", text=f"word {number} of many")
            page = (await there.get(f"/tickets/{ticket.id}")).text
            assert len(page) < 100_000
            assert "word 59 of many" in page
            assert "word 0 of many" not in page
            assert "word 0 of many" in (await there.get(f"/tickets/{ticket.id}?page=2")).text


async def test_long_texts_are_cut_and_shown_whole_when_asked_for(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there, description=f"{'about it ' * 2000}the end of it")
            for number in range(6):
                await do(there, ticket, "note", text=f"{'word ' * 1900}end {number}")
            page = (await there.get(f"/tickets/{ticket.id}")).text
            assert len(page) < 100_000
            assert "the end of it" not in page
            assert "end 5" in page.partition('id="notes"')[2].partition('id="timeline"')[0]
            assert "5 earlier ones" in page
            place = re.findall(r'href="\?line=(\d+)#whole"', page)[-1]
            assert "end 0" in (await there.get(f"/tickets/{ticket.id}?line={place}")).text
            assert "the end of it" in (await there.get(f"/tickets/{ticket.id}?line=0")).text
            for wrong in ("999", "-1", "x", "9" * 50):
                assert (await there.get(f"/tickets/{ticket.id}?line={wrong}")).status_code == 200
