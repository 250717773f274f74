"""Files of a ticket: taken in by form within the limits, given out to be saved and never shown."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.pages.desk import SECTIONS, opened, services
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


async def sent(there: House, *files: tuple[str, bytes], ticket: str = "T-1", **fields: str) -> httpx.Response:
    """As a browser sends the form of the page."""
    form = {"csrf": there.who.csrf if there.who else "", **fields}
    parts = [("file", (name, content, "text/html")) for name, content in files]
    async with there.client() as client:
        return await client.post(f"/tickets/{ticket}/files", data=form, files=parts)


async def test_a_file_is_taken_in_and_given_out_as_it_came(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            await opened(there)
            assert (await sent(there, ("Screen Ж.png", PNG), ("a.log", b"one line\n"))).status_code == 303
            page = (await there.get("/tickets/T-1")).text
            assert 'href="/tickets/T-1/files/1"' in page
            got = await there.get("/tickets/T-1/files/1")
            assert (got.content, got.headers["content-type"]) == (PNG, "application/octet-stream")
            assert got.headers["content-disposition"].startswith('attachment; filename="Screen__.png"')
            assert "sandbox" in got.headers["content-security-policy"]
            assert (await there.get("/api/v1/tickets/T-1/attachments/2")).content == b"one line\n"
            assert (await there.get("/tickets/T-1/files/3")).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("<b>.png", PNG),
        ("run.exe", b"MZ\0\0"),
        ("../../x.png", PNG),
        ("a.png", b"<script>"),
        ("big.log", b"x" * 200_000),
    ],
)
async def test_what_is_not_taken_is_said_and_nothing_is_kept(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with street() as town:
        limits = {"desk": {"attachments": {"max_size": "100KiB"}}}
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS, **limits) as there:
            await opened(there)
            answer = await sent(there, ("good.png", PNG), (name, content))
            assert answer.status_code == 409, answer.text
            assert there.app.pipeline.world.tickets[1].files == 0


async def test_only_our_own_page_and_only_who_may(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            await opened(there)
            assert (await sent(there, ("a.png", PNG), csrf="x")).status_code == 403
            assert (await sent(there, ("a.png", PNG), ticket="T-9")).status_code == 404
            assert (await sent(there)).status_code == 409
            many = [(f"{number}.png", PNG) for number in range(30)]
            assert (await sent(there, *many)).status_code == 413
            await sent(there, ("a.png", PNG))
            await there.as_(Role.AGENT, "elsewhere", frozenset({"infra"}))
            assert (await there.get("/tickets/T-1/files/1")).status_code == 404
            assert (await there.get("/api/v1/tickets/T-1/attachments/1")).status_code == 404
            assert (await sent(there, ("a.png", PNG))).status_code == 404
