"""Acknowledging from a message: one press, by whom it was sent to, while the ticket is new; and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from agent.access.person import Role
from tests.agent.web.mailed import LEAD, ONE, Mailed, mailed

pytestmark = pytest.mark.anyio


async def press(there: Mailed, path: str, **headers: str) -> httpx.Response:
    """As a browser does from the page of the link: it hides where it comes from."""
    async with httpx.AsyncClient(base_url=there.address, trust_env=False, timeout=60) as client:
        return await client.post(path, data={}, headers={
            "origin": "null", "content-type": "application/x-www-form-urlencoded", **headers})  # fmt: skip


async def state(there: Mailed) -> tuple[str, list[str]]:
    """Of the first ticket: its state, and who acknowledged it."""
    events = there.app._timeline(1)
    return there.app.pipeline.world.tickets[1].state.value, [e.by for e in events if e.what == "ack"]


async def test_one_press_acknowledges_under_the_name_of_who_got_the_mail(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        there.nobody()
        page = await there.get(path)
        assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
        assert "Acknowledge as Agent One" in page.text
        assert page.headers["cache-control"] == "no-store"
        done = await press(there, path)
        assert (done.status_code, "Acknowledged by Agent One" in done.text) == (200, True)
        assert await state(there) == ("acknowledged", ["Agent One"])


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path, before = there.link(), there.app.pipeline.world.tickets[1]
        for method in ("GET", "HEAD", "GET"):
            async with there.client() as client:
                assert (await client.request(method, path)).status_code == 200
        assert there.app.pipeline.world.tickets[1] == before


async def test_it_counts_once_and_says_who_was_first(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        assert (await press(there, path)).status_code == 200
        again = await press(there, path)
        assert (again.status_code, "Acknowledged by Agent One" in again.text) == (409, True)
        assert "Acknowledged by Agent One" in (await there.get(path)).text
        assert (await state(there))[1] == ["Agent One"]


async def test_a_day_later_it_is_too_late(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        there.clock.move(24 * 3600 - 120)
        assert (await there.get(path)).status_code == 200
        there.clock.move(180)
        for answer in (await there.get(path), await press(there, path)):
            assert (answer.status_code, "good for a day" in answer.text) == (410, True)
        assert (await state(there))[0] == "new"


async def test_nothing_but_our_own_link_is_taken(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        number, until, signature = path.removeprefix("/a/").split("-", 2)
        other = "A" if signature[0] != "A" else "B"
        forged = (
            f"/a/2-{until}-{signature}", f"/a/{number}-{int(until) + 1}-{signature}",
            f"/a/{number}-{until}-{other}{signature[1:]}", f"/a/{number}-{until}-", "/a/x", f"{path}x",
            f"/a/{number}-{until}-{signature.swapcase()}",
        )  # fmt: skip
        for each in forged:
            for answer in (await there.get(each), await press(there, each)):
                assert (answer.status_code, "T-" in answer.text) == (404, False), each
        assert (await state(there))[0] == "new"


async def test_only_a_form_of_the_page_is_taken(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        assert (await press(there, path, **{"content-type": "text/plain"})).status_code == 415
        assert (await state(there))[0] == "new"


async def test_who_left_the_team_acknowledges_nothing(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
    async with mailed(tmp_path, email="new@example.org") as there:
        assert (await press(there, path)).status_code == 404
        assert (await state(there))[0] == "new"


async def test_a_link_outlives_a_restart(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        at = there.clock.at
    async with mailed(tmp_path) as there:
        there.clock.at = at
        assert (await press(there, path)).status_code == 200


@pytest.mark.parametrize(("verb", "said"), [("close", "It is over"), ("start", "It is in progress already")])
async def test_what_needs_no_acknowledging_says_so(tmp_path: Path, verb: str, said: str) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        path = there.link()
        await there.as_(Role.AGENT)
        for step in ("ack", verb) if verb == "close" else (verb,):
            answer = await there.post("/tickets/T-1", {"verb": step, "note": "gone"})
            assert answer.status_code == 303, re.sub("<[^>]+>", "", answer.text)
        page = await there.get(path)
        assert (page.status_code, said in page.text, "<button" in page.text) == (200, True, False), page.text


async def test_without_an_address_of_ours_no_link_is_sent(tmp_path: Path) -> None:
    async with mailed(tmp_path, url="") as there:
        await there.breaks()
        assert "/a/" not in there.texts(ONE)[-1]


async def test_the_link_is_kept_nowhere(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        secret = there.link().rpartition("-")[2]
    for file in (tmp_path / "state").iterdir():
        assert file.is_socket() or secret.encode() not in file.read_bytes(), file
    assert oct((tmp_path / "state" / "tocsin.link-secret").stat().st_mode & 0o777) == "0o600"


async def test_a_reporter_gets_no_such_link(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.as_(Role.AGENT)
        reporter = {"name": "Buyer", "email": "buyer@example.net"}
        await there.app.commands.answer(
            "desk",
            {"verb": "tickets.open", "arguments": {"title": "Cannot pay", "reporter": reporter}},
            "one",
        )
        await there.advance(5)
        texts = there.texts("buyer@example.net")
        assert texts
        assert not any("/a/" in each for each in texts)


async def test_after_it_was_acknowledged_messages_only_lead_to_the_ticket(tmp_path: Path) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        await press(there, there.link())
        await there.as_(Role.AGENT)
        answer = await there.post("/tickets/T-1", {"verb": "escalate", "reason": "it burns"})
        assert answer.status_code == 303
        await there.advance(60)
        (latest,) = there.texts(LEAD)[-1:]
        assert "/tickets/T-1" in latest
        assert "/a/" not in latest


async def test_a_mailbox_that_gets_tickets_acknowledges_under_its_address(tmp_path: Path) -> None:
    async with mailed(tmp_path, box="desk@example.org") as there:
        await there.breaks()
        path = there.link("desk@example.org")
        assert path != there.link()
        assert (await press(there, path)).status_code == 200
        assert await state(there) == ("acknowledged", ["desk@example.org"])
