"""Pages over TLS: the certificate is read again by a reload, and one that does not fit changes nothing."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from config.certificates import CannotServe, load_pair
from config.web import TlsOptions
from tests.agent.web.raw import agent, request, sent
from tests.agent.web.rig import House, house
from tests.checks.tls.authorities import Certified, Wish, authority, issued

pytestmark = pytest.mark.anyio
HOME = ("127.0.0.1", "localhost")


def section(directory: Path, **more: Any) -> dict[str, Any]:
    return agent(directory, tls={"cert": "server.pem", "key": "server.key"}, **more)


def trusting(root: Certified) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=root.pem.decode())


async def serial(there: House, root: Certified) -> int:
    """That of the certificate which a new connection is shown."""
    port = int(there.address.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(root))
    shown = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    return int(shown, 16)


async def test_pages_are_served_over_tls_and_cookies_stay_there(tmp_path: Path) -> None:
    root = authority()
    issued(Wish(HOME), root).saved(tmp_path, "server")
    async with house(tmp_path, {}, role=None, agent=section(tmp_path)) as there:
        assert there.address.startswith("https://")
        link = await there.app.reception.link("")
        form = b"name=one&password=correct+horse+4711&again=correct+horse+4711"
        asked = request(
            there.address, f"/welcome/{link}", "POST", form, origin=there.address,
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        answer = await sent(there.address, asked, tls=trusting(root))
        assert (answer.status, answer.headers["strict-transport-security"]) == (303, "max-age=31536000")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-tocsin=")
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        page = request(there.address, "/", cookie=cookie.split(";")[0])
        assert (await sent(there.address, page, tls=trusting(root))).status == 200
        plain = request(there.address, "/", cookie=cookie.split(";")[0].replace("__Host-", ""))
        assert (await sent(there.address, plain, tls=trusting(root))).status == 303


async def test_a_page_without_tls_is_another_site(tmp_path: Path) -> None:
    root = authority()
    issued(Wish(HOME), root).saved(tmp_path, "server")
    async with house(tmp_path, {}, role=None, agent=section(tmp_path)) as there:
        origin = there.address.replace("https://", "http://")
        asked = request(there.address, "/sign-in", "POST", b"name=x", origin=origin)
        assert (await sent(there.address, asked, tls=trusting(root))).status == 403


async def test_a_reload_takes_new_files_and_refuses_those_that_do_not_fit(tmp_path: Path) -> None:
    root = authority()
    issued(Wish(HOME, serial=1001), root).saved(tmp_path, "server")
    async with house(tmp_path, {}, Role.ADMIN, agent=section(tmp_path)) as there:
        assert await serial(there, root) == 1001
        issued(Wish(HOME, serial=1002), root).saved(tmp_path, "server")
        assert (await there.app.reloads.ask()).changes is not None
        assert await serial(there, root) == 1002
        (tmp_path / "server.key").write_bytes(issued(Wish(HOME)).key_pem)
        refused = await there.app.reloads.ask()
        assert "key values mismatch" in str(refused.errors[0])
        assert str(refused.errors[0]).startswith(f"{there.file}:")
        assert await serial(there, root) == 1002


async def test_metrics_alone_stay_plain_and_nothing_else_is_there(tmp_path: Path) -> None:
    root = authority()
    issued(Wish(HOME), root).saved(tmp_path, "server")
    apart = {**section(tmp_path), "metrics": {"listen": "127.0.0.1:0"}}
    async with house(tmp_path, {}, agent=apart) as there:
        address = there.app.web.addresses[1]
        assert address.startswith("http://")
        found = [(await sent(address, request(address, path))).status for path in ("/metrics", "/-/healthy")]
        assert found == [200, 200]
        for path in ("/", "/sign-in", "/api/v1/services", "/static/tocsin.css", "/api/v1/heartbeat/x"):
            assert (await sent(address, request(address, path))).status == 404


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    one, other = issued(Wish(HOME)).saved(tmp_path, "one"), issued(Wish(HOME)).saved(tmp_path, "other")
    (tmp_path / "text").write_text("no PEM")
    for cert, key, said in (
        (one[0], other[1], "key values mismatch"),
        (str(tmp_path / "text"), one[1], "do not fit"),
        (one[0], str(tmp_path / "text"), "do not fit"),
        (one[0], str(tmp_path / "none"), "no such file"),
    ):
        with pytest.raises(CannotServe, match=said):
            load_pair(TlsOptions(cert=cert, key=key))
