"""Who may ask for what: every address of the daemon, tried as nobody and in each role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount

from agent.access.person import Right, highest
from tests.agent.web.rig import House, Role, house
from tests.agent.web.who_may import ANYBODY, MAY

pytestmark = pytest.mark.anyio
Key = tuple[str, str]
_PARAMETER = re.compile(r"\{\w+(:\w+)?\}")
# HEAD is GET without the body, OPTIONS is answered nowhere.
_IMPLIED = frozenset({"HEAD"})


def walked(routes: Iterable[object], prefix: str = "") -> Iterator[Key]:
    """Method and path of everything that is routed, in what is mounted and included too."""
    for each in routes:
        if isinstance(each, Mount):
            yield from walked(each.routes, prefix + each.path)
        elif included := getattr(each, "original_router", None):
            yield from walked(included.routes, prefix)
        else:
            path, methods = prefix + getattr(each, "path"), getattr(each, "methods")  # noqa: B009
            yield from ((method, path) for method in methods or () if method not in _IMPLIED)


def listed(table: str) -> dict[Key, str]:
    """(method, path) -> the word before them."""
    rows = [each.split() for each in table.strip().splitlines()]
    found = {(method, path): word for word, method, path in rows}
    assert len(found) == len(rows), "an address stands twice in the table"
    return found


async def status_of(there: House, key: Key) -> tuple[int, str]:
    """Status and where it leads, of the address with names that nothing has; streams are not read."""
    method, path = key
    path, form = _PARAMETER.sub("none", path), {"csrf": there.who.csrf if there.who else ""}
    sent: dict[str, Any] = {"json": {}} if path.startswith("/api/") else {"data": form}
    if method == "GET":
        sent = {}
    elif there.who is not None:
        sent["headers"] = {"x-csrf": there.who.csrf}
    async with there.client() as client, client.stream(method, path, **sent) as answer:
        return answer.status_code, answer.headers.get("location", "")


def refusal(key: Key, role: Role | None, right: Right) -> int | None:
    """The status by which that role is refused; None where it may."""
    if role is None:
        return 401 if key[1].startswith("/api/") else 303
    return None if list(Right).index(highest(role)) >= list(Right).index(right) else 403


async def test_every_address_stands_in_the_table(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        routed = set(walked(there.app._site()._app.routes))
        known = listed(ANYBODY).keys() | listed(MAY).keys()
        assert sorted(routed - known) == [], "not in the table of who_may.py"
        assert sorted(known - routed) == [], "in the table of who_may.py, and nowhere else"
        assert not listed(ANYBODY).keys() & listed(MAY).keys()


async def test_what_anybody_may_ask_for_is_answered_so(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        found = {key: str((await status_of(there, key))[0]) for key in listed(ANYBODY)}
        assert found == listed(ANYBODY)


@pytest.mark.parametrize("role", [None, *Role])
async def test_everything_else_asks_who_it_is(tmp_path: Path, role: Role | None) -> None:
    async with house(tmp_path, {}, role=role) as there:
        for key, word in listed(MAY).items():
            if role is not None and there.app.reception.by_cookie(there.cookie) is None:
                await there.as_(role)  # the address before has ended their session
            status, leads = await status_of(there, key)
            wanted = refusal(key, role, Right(word))
            if wanted is None:
                assert status not in (401, 403, 421) and (status < 500 or status == 503), (key, status)
                assert not leads.startswith("/sign-in"), (key, leads)
            else:
                assert (status, leads.startswith("/sign-in")) == (wanted, wanted == 303), key


async def test_no_change_is_made_for_another_page(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        forged: tuple[dict[str, str], ...] = ({"origin": "https://evil.example"}, {"origin": "null"})
        for method, path in (key for key in listed(MAY) if key[0] != "GET"):
            address = _PARAMETER.sub("none", path)
            async with there.client() as client:
                for headers in forged:
                    answer = await client.request(method, address, headers=headers, data={"csrf": "x"})
                    assert answer.status_code == 403, (method, path, headers)
                if not path.startswith("/api/"):  # what our own page sends, without the token of its form
                    assert (await client.request(method, address, data={"csrf": "x"})).status_code == 403, (
                        path
                    )
