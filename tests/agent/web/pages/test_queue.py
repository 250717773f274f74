"""The queue: its order, many tickets at once, views that are kept, and new ones by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.pages.desk import EVIL, SECTIONS, alert, do, listed, now, opened, services
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio


async def order(there: House, sort: str) -> list[str]:
    return listed((await there.get(f"/tickets?sort={sort}")).text)


async def test_the_queue_is_sorted_by_its_columns_both_ways(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            one = await opened(there, severity="low")
            there.clock.move(60)
            two = await opened(there, severity="critical")
            there.clock.move(60)
            three = await opened(there, severity="medium")
            there.clock.move(60)
            await do(there, one, "note", text="the latest of all")
            assert await order(there, "priority") == [two.id, three.id, one.id]
            assert await order(there, "-priority") == [one.id, three.id, two.id]
            assert await order(there, "due") == [one.id, two.id, three.id]
            await do(there, one, "resolve", note="done")
            assert listed((await there.get("/tickets?tab=all&sort=due")).text)[-1] == one.id
            assert listed((await there.get("/tickets?tab=all&sort=-due")).text) == [three.id, two.id, one.id]
            await do(there, one, "reopen")
            assert await order(there, "newest") == [three.id, two.id, one.id]
            assert await order(there, "changed") == [one.id, three.id, two.id]
            assert await order(there, "-changed") == [two.id, three.id, one.id]
            page = (await there.get("/tickets?tab=open&sort=due&team=web")).text
            head = re.search(r'aria-sort="ascending"><a href="([^"]+)">Due', page)
            assert head is not None
            assert head[1] == "/tickets?tab=open&amp;sort=-due&amp;team=web"


async def test_what_is_asked_for_wrongly_is_as_usual(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            ticket = await opened(there)
            query = f"tab=x&sort=y&page=-1&search=&state=new&reporter={'a' * 3000}"
            assert (await there.get(f"/tickets?{query}")).status_code == 200
            assert listed((await there.get(f"/tickets?tab=nothing&search={EVIL}")).text) == []
            assert await order(there, "nothing") == [ticket.id]


async def plan(there: House, do: str, *tickets: str, **more: str) -> str:
    """What would be done."""
    query = "&".join([f"do={do}", *(f"ticket={each}" for each in tickets), *map("=".join, more.items())])
    return (await there.get(f"/tickets/bulk?{query}")).text


def carried(page: str) -> list[str]:
    return re.findall(r'name="ticket" value="([\d:]+)"', page)


async def test_many_are_resolved_at_once_after_it_is_said_what_would_be_done(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            one, two, three = [await opened(there, f"Cannot log in {EVIL} {number}") for number in range(3)]
            await do(there, three, "resolve", note="done before")
            page = await plan(there, "resolve", "1", "2", "3", "99")
            assert EVIL not in page
            assert [each.partition(":")[0] for each in carried(page)] == ["1", "2"]
            assert "it is resolved" in page.partition("It cannot be done to")[2]
            assert all(now(there, each.number).is_open for each in (one, two))  # nothing was done yet
            wrong = await there.post("/tickets/bulk", {"do": "resolve", "ticket": carried(page)})
            assert (wrong.status_code, alert(wrong)) == (400, ["What was done: is missing"])
            await do(there, two, "start")  # somebody else is at work meanwhile
            done = await there.post(
                "/tickets/bulk", {"do": "resolve", "ticket": carried(page), "note": "restarted"}
            )
            assert "1 of 2 done" in done.text
            assert "was changed meanwhile" in done.text.partition("T-2")[2]
            assert now(there, 1).fields["resolution"] == "restarted"
            assert now(there, 2).is_open


async def test_each_thing_that_can_be_done_to_many(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            for number in range(2):
                await opened(there, f"Number {number}")
            for name, fields in (
                ("take", {}), ("start", {}), ("note", {"text": "same for all"}), ("priority", {"priority": "high"}),
                ("assign", {"to": "Agent Two"}), ("watch", {"person": "boss@example.org"}),
                ("assign-team", {"team": "infra"}), ("resolve", {"note": "mended"}), ("close", {}),
            ):  # fmt: skip
                sent = carried(await plan(there, name, "1", "2"))
                done = await there.post("/tickets/bulk", {"do": name, "ticket": sent, **fields})
                assert "2 of 2 done" in done.text, (name, alert(done))
            after = (await there.get("/tickets?tab=all")).text
            assert after.count("<td>closed</td>") == 2
            assert after.count("<td>Agent Three</td>") == 2


async def test_all_of_a_list_are_chosen_and_too_many_are_not(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            for number in range(60):
                await opened(there, f"Number {number}", service="mail" if number % 2 else "shop")
            page = (await there.get("/tickets?tab=open")).text
            assert len(page) < 100_000
            assert len(listed(page)) == 50
            assert "all 60 of this list" in page
            assert (
                len(carried(await plan(there, "ack", all="yes", queue="tab%3Dopen%26service%3Dmail"))) == 30
            )
            many = "&".join(f"ticket={number}" for number in range(1, 200))
            assert "choose at most 150" in (await there.get(f"/tickets/bulk?do=ack&{many}")).text
            for nothing in ("do=ack", "do=explode&ticket=1", "do=merge&ticket=1", "do=ack&ticket=x:y"):
                assert (await there.get(f"/tickets/bulk?{nothing}")).status_code == 400


async def test_tickets_of_others_are_not_among_many(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), None, **SECTIONS) as there:
            await opened(there, "Theirs, a secret")
            await opened(there, "Mine", service="mail")
            await there.as_(Role.AGENT, "three", frozenset({"infra"}))
            page = await plan(there, "note", "1", "2")
            assert carried(page) == [f"2:{now(there, 2).version}"]
            assert "a secret" not in page
            done = await there.post("/tickets/bulk", {"do": "note", "ticket": ["1:1", "2"], "text": "x"})
            assert "there is no such ticket" in done.text
            assert "a secret" not in done.text


async def test_a_view_is_kept_shared_renamed_and_removed(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            query = "tab=team&sort=priority&priority=high"
            kept = await there.post("/tickets/views", {"name": f"Urgent {EVIL}", "queue": query})
            assert (kept.status_code, kept.headers["location"]) == (303, f"/tickets?{query}")
            page = (await there.get(f"/tickets?{query}")).text
            assert EVIL not in page
            assert 'aria-current="page">Urgent &lt;script&gt;' in page
            change = {"name": f"Urgent {EVIL}", "to": "Urgent", "shared": "yes"}
            assert (await there.post("/tickets/views/change", change)).status_code == 303
            await there.as_(Role.AGENT, "two", frozenset({"web"}))
            assert "Urgent" in (await there.get("/tickets")).text
            for path, fields in (("change", {"to": "Mine"}), ("remove", {})):
                refused = await there.post(f"/tickets/views/{path}", {"name": "Urgent", **fields})
                assert (refused.status_code, "You have no view" in refused.text) == (409, True)
            await there.as_(Role.AGENT, "three", frozenset({"infra"}))
            assert "Urgent" not in (await there.get("/tickets")).text
            await there.as_(Role.AGENT)
            assert (await there.post("/tickets/views/remove", {"name": "Urgent"})).status_code == 303
            assert "None yet" in (await there.get("/tickets/views")).text


async def test_what_is_kept_outlives_a_restart_and_says_nothing_strange(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            strange = {"name": "Odd", "queue": "tab=%22%3E&sort=x&evil=1&search=a%26b"}
            assert (await there.post("/tickets/views", strange)).headers["location"] == (
                "/tickets?tab=open&sort=due&search=a%26b"
            )
            for name in ("", " ", "x" * 61):
                assert (await there.post("/tickets/views", {"name": name})).status_code == 409
            clock, cookie = there.clock, there.cookie
        again = House(tmp_path, {}, clock)
        async with again:
            again.cookie = cookie
            assert 'search=a%26b">Odd</a>' in (await again.get("/tickets")).text


async def test_a_ticket_is_opened_with_all_that_the_caller_says(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            told = {
                "title": "Cannot pay", "description": "since noon", "service": "shop", "category": "billing",
                "team": "infra", "severity": "high", "channel": "chat", "reported": "2027-01-15T07:30",
                "detected": "2027-01-15T07:00", "urgent": "yes", "reporter": "Caller One",
                "email": "caller@example.org", "phone": "+27 11", "account": "ACME", "account_level": "gold",
                "user_id": "u1", "product_id": "p1", "urgency": "high", "users": "40", "workaround": "by phone",
            }  # fmt: skip
            answer = await there.post("/tickets/new", told)
            assert answer.status_code == 303, alert(answer)
            made = now(there, 1)
            assert (made.category, made.team, made.severity, made.channel) == (
                "billing", "infra", "high", "chat",
            )  # fmt: skip
            assert made.urgent
            assert made.fields["users"] == "40"
            assert made.reporter is not None
            assert (made.reporter.level, made.reporter.product_id) == ("gold", "p1")
            assert made.stamps["detected"] < made.stamps["reported"] < made.stamps["submitted"]
            wrong = await there.post("/tickets/new", {**told, "detected": "2099-01-01T00:00"})
            assert (wrong.status_code, "still to come" in wrong.text) == (400, True)
            assert 'value="ACME"' in wrong.text


async def test_known_trouble_is_shown_before_a_ticket_is_opened(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            told = {"title": "Checkout page says payment refused", "service": "shop"}
            await opened(there, told["title"], fields={"workaround": f"pay by phone {EVIL}"})
            ended = await opened(there, "Checkout page says payment refused again and again")
            for verb in ("resolve", "close"):
                await do(there, ended, verb, note="mended")
            looked = await there.post("/tickets/new", {**told, "look": "yes"})
            assert looked.status_code == 200
            known = looked.text.partition("It may be known already")[2].partition("</section>")[0]
            assert "pay by phone &lt;script&gt;" in known
            assert "/tickets/T-1" in known
            assert ended.id in known
            assert (
                "Nothing like it" in (await there.post("/tickets/new", {"title": "Zebra", "look": "y"})).text
            )
            await there.as_(Role.AGENT, "three", frozenset({"infra"}))
            assert "pay by phone" not in (await there.post("/tickets/new", {**told, "look": "yes"})).text


async def test_who_sees_one_team_opens_for_that_team(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), None, **SECTIONS) as there:
            await there.as_(Role.AGENT, "three", frozenset({"infra"}))
            for fields, said in (
                ({"service": "shop"}, "there is no service shop"),
                ({"team": "web"}, "there is no team web"),
                ({}, "say which service or team"),
            ):
                answer = await there.post("/tickets/new", {"title": "x", **fields})
                assert (answer.status_code, said in answer.text) == (400, True)
            assert (await there.post("/tickets/new", {"title": "x", "service": "mail"})).status_code == 303
