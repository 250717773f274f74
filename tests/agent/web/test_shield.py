"""What is asked for in a wrong way is refused before any page sees it, through real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from agent.access.person import Role
from agent.web.rate import BURST, PER_SECOND
from agent.web.server import Listener, WebServer
from agent.web.shield import CSP, Shield
from checks.registry import all_kinds
from config.loader import load
from tests.agent.web.raw import Answer, agent, request, sent
from tests.agent.web.rig import House, house
from tests.moving_clock import MovingClock

pytestmark = pytest.mark.anyio
FORM = "application/x-www-form-urlencoded"
Headers = dict[str, Any]
MIB = 1024 * 1024
PIECE = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
END = b"0\r\n\r\n"


async def asked(
    there: House, path: str, method: str = "GET", body: bytes = b"", **headers: str | None
) -> Answer:
    """As whoever asks, with their cookie."""
    known = {"cookie": f"tocsin={there.cookie}"} if there.cookie else {}
    return await sent(there.address, request(there.address, path, method, body, **{**known, **headers}))


async def signs_out(there: House, **headers: str | None) -> int:
    """The status of a change that a session may make, with its form's token."""
    assert there.who is not None
    form = f"csrf={there.who.csrf}".encode()
    return (await asked(there, "/sign-out", "POST", form, content_type=FORM, **headers)).status


async def test_every_answer_has_its_headers(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        for path in ("/", "/static/tocsin.css", "/no/such", "/api/v1/services", "/-/healthy", "/metrics"):
            found = (await asked(there, path)).headers
            assert found["content-security-policy"] == CSP
            assert found["x-content-type-options"] == "nosniff"
            assert found["x-frame-options"] == "DENY"
            assert found["referrer-policy"] == "same-origin"
            assert (
                found["cross-origin-opener-policy"] == found["cross-origin-resource-policy"] == "same-origin"
            )
            assert found["cache-control"] == ("no-cache" if "static" in path else "no-store")
            assert not {"server", "strict-transport-security"} & found.keys()


async def test_a_name_that_is_not_ours_is_sent_away(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        for host in (
            "evil.example",
            "evil.example:9809",
            "127.0.0.1.evil.example",
            "10.1.2.3",
            "localhost.evil",
        ):
            for path in ("/", "/api/v1/services", "/metrics", "/sign-in", "/static/tocsin.js"):
                answer = await asked(there, path, host=host)
                assert (answer.status, "agent.web.hosts" in answer.body) == (421, True), (host, path)


async def test_names_that_are_ours_are_answered(tmp_path: Path) -> None:
    named, desk = agent(tmp_path, hosts=["tocsin.example.org"]), {"url": "https://help.example.org/x"}
    ours = ("tocsin.example.org", "TOCSIN.example.org:80", "localhost:1", "help.example.org", "[::1]:9")
    async with house(tmp_path, {}, agent=named, desk=desk) as there:
        assert [(await asked(there, "/", host=host)).status for host in ours] == [200] * len(ours)


async def test_programs_come_by_any_name(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        assert (await asked(there, "/-/healthy", host="monitor.internal")).status == 200
        assert (await asked(there, "/api/v1/heartbeat/some-key", host="monitor.internal")).status == 404
        assert (
            await asked(there, "/api/v1/services", host="monitor", authorization="Bearer no")
        ).status == 401


async def test_a_host_that_is_none_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        for host in ("a b", "x@y", "evil/..", "[::1", "\xe9"):
            assert (await asked(there, "/", host=host)).status == 400, host


async def test_two_hosts_and_whole_addresses_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        two = b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n"
        assert (await sent(there.address, two)).status == 400
        assert (await asked(there, "http://evil.example/")).status == 400


async def test_ways_out_and_hidden_signs_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        for path in _WAYS_OUT:
            answer = await asked(there, path)
            assert (answer.status, "root:" in answer.body) == (400, False), path


_WAYS_OUT = (
    "/static/../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%2f..%2fetc/passwd",
    "/static/%252e%252e/x",
    "/./",
    "/..",
    "/static/..\\..\\x",
    "/static/%5c..%5cx",
    "/%00",
    "/tickets/%0d%0aSet-Cookie:x",
    "/%1b[2J",
    "/%7f",
)


async def test_an_endless_address_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        assert (await asked(there, f"/?search={'x' * 9000}")).status == 414


async def test_no_other_site_changes_anything(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        for headers in _ELSEWHERE:
            assert await signs_out(there, **headers) == 403, headers
        assert (await asked(there, "/")).status == 200  # still signed in


_ELSEWHERE: tuple[dict[str, str | None], ...] = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:1"},
    {"origin": "http://127.0.0.1"},
    {"origin": "null", "sec_fetch_site": "cross-site"},
    {"origin": "http://[", "sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"referer": "https://evil.example/127.0.0.1"},
    {},
)


@pytest.mark.parametrize("said", ["origin", "referer", "sec_fetch_site", "null"])
async def test_our_own_pages_do(tmp_path: Path, said: str) -> None:
    async with house(tmp_path, {}) as there:
        ways: dict[str, Headers] = {
            "origin": {"origin": there.address},
            "referer": {"referer": f"{there.address}/tickets"},
            "sec_fetch_site": {"sec_fetch_site": "same-origin"},
            "null": {"origin": "null", "sec_fetch_site": "same-origin"},
        }
        assert await signs_out(there, **ways[said]) == 303
        assert (await asked(there, "/")).status == 303


async def test_another_site_cannot_sign_anybody_in_as_somebody_else(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        form: Headers = {"content_type": FORM, "origin": "https://evil.example"}
        assert (await asked(there, "/sign-in", "POST", b"name=x&password=y", **form)).status == 403


async def test_the_api_heeds_the_page_that_asks_too(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        for method in ("PUT", "PATCH", "DELETE", "POST"):
            answer = await asked(there, "/api/v1/services", method, origin="https://evil.example")
            assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")


async def test_a_form_needs_the_token_of_its_session(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        other = await there.app.reception.admit(there.app.reception.book.users["admin"], "")
        stolen = there.app.reception.by_cookie(other)
        assert stolen is not None
        for token in ("", "x", stolen.csrf):
            form = f"csrf={token}&name=shop".encode()
            answer = await asked(there, "/sign-out", "POST", form, content_type=FORM, origin=there.address)
            assert (answer.status, (await asked(there, "/")).status) == (303, 200)


async def test_what_is_too_long_is_not_read(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        for path in ("/sign-in", "/tickets", "/api/v1/services", "/no/such"):
            answer = await asked(there, path, "POST", content_type=FORM, content_length=str(200 * MIB))
            assert answer.status == 413, path


async def test_what_turns_out_too_long_is_not_read_on(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        form: Headers = {"content_type": FORM, "transfer_encoding": "chunked", "origin": there.address}
        head = request(
            there.address, "/services/tocsin/look", "POST", cookie=f"tocsin={there.cookie}", **form
        )
        answer = await sent(there.address, head, *[PIECE] * 8, END)
        assert answer.status == 413


async def test_an_app_that_reads_everything_is_kept_from_it(tmp_path: Path) -> None:
    read: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            read.append(len(await request.body()))
        finally:
            await PlainTextResponse("read")(scope, receive, send)

    config = load(House(tmp_path, {}).file, all_kinds())
    server = WebServer([Listener("x", "127.0.0.1:0", lambda: Shield(app, lambda: config, MovingClock()))])
    await server.start()
    try:
        address = server.addresses[0]
        head = request(address, "/", "POST", transfer_encoding="chunked")
        assert (await sent(address, head, *[PIECE] * 20, END)).status == 413
        assert read == []
        assert (await sent(address, head, *[PIECE] * 2, END)).body == "read"
        assert read == [2 * 0x10000]
    finally:
        await server.stop()


async def test_what_a_proxy_may_have_read_otherwise_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        lengths: tuple[Headers, ...] = (
            {"content_length": "4", "transfer_encoding": "chunked"},
            {"content_length": "4\r\ncontent-length: 9"},
            {"content_length": "-1"},
            {"transfer_encoding": "xchunked"},
        )
        for headers in lengths:
            for path in ("/sign-in", "/api/v1/heartbeat/none"):
                head = request(there.address, path, "POST", content_type=FORM, **headers)
                assert (await sent(there.address, head, b"0\r\n\r\nGET /")).status == 400, headers


async def test_what_is_packed_is_not_unpacked(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        for packed in ("gzip", "deflate", "br", "identity, gzip", "zstd"):
            for path in ("/sign-in", "/api/v1/services", "/api/v1/inbound/x"):
                answer = await asked(there, path, "POST", b"\x1f\x8b", content_encoding=packed)
                assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")


async def test_forged_headers_of_a_proxy_are_not_believed(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        forged: Headers = {
            "x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https", "x_forwarded_host": "evil.example",
            "x_remote_user": "admin", "forwarded": "for=203.0.113.9;proto=https;host=evil.example",
        }  # fmt: skip
        form: Headers = {"content_type": FORM, "origin": there.address}
        answer = await asked(there, "/sign-in", "POST", b"name=nobody&password=wrong+wrong", **form, **forged)
        assert (answer.status, "strict-transport-security" in answer.headers) == (403, False)
        with there.app.pipeline._writer._engine.begin() as connection:
            from agent.store.access import AccessRows

            assert AccessRows(connection, "test").audit(None, 1)[0].whence == "127.0.0.1"
        assert (await asked(there, "/", **forged)).status == 303


async def test_a_proxy_of_ours_is_believed(tmp_path: Path) -> None:
    section = agent(tmp_path, proxy={"from": "127.0.0.1/32"}, hosts="help.example.org")
    async with house(tmp_path, {}, Role.AGENT, agent=section) as there:
        said: Headers = {
            "x_forwarded_for": "6.6.6.6, 203.0.113.9, 127.0.0.1", "x_forwarded_proto": "https",
            "x_forwarded_host": "help.example.org", "content_type": FORM,
        }  # fmt: skip
        wrong = {**said, "origin": "http://help.example.org"}
        assert (await asked(there, "/sign-in", "POST", b"name=x", **wrong)).status == 403
        right = {**said, "origin": "https://help.example.org"}
        answer = await asked(there, "/sign-in", "POST", b"name=x&password=wrong+wrong", **right)
        assert (answer.status, "Name or password" in answer.body) == (403, True)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        with there.app.pipeline._writer._engine.begin() as connection:
            from agent.store.access import AccessRows

            assert AccessRows(connection, "test").audit(None, 1)[0].whence == "203.0.113.9"


async def test_one_address_cannot_take_all_the_time_there_is(tmp_path: Path) -> None:
    section = agent(tmp_path, proxy={"from": ["127.0.0.1/32"]})
    async with house(tmp_path, {}, role=None, agent=section) as there, there.client() as client:
        one, other = {"x-forwarded-for": "2001:db8::1"}, {"x-forwarded-for": "2001:db8:1::1"}
        for _ in range(int(BURST)):
            assert (await client.get("/static/tocsin.css", headers=one)).status_code == 200
        neighbour = {"x-forwarded-for": "2001:db8::2"}
        assert (await client.get("/", headers=neighbour)).status_code == 429
        assert (await client.get("/", headers=other)).status_code == 303
        assert (await client.get("/-/healthy", headers=one)).status_code == 200
        there.clock.move(2 / PER_SECOND)
        assert (await client.get("/", headers=one)).status_code == 303


async def from_elsewhere(directory: Path, path: str, whence: str = "203.0.113.9", **web: Any) -> int:
    """The status when the other end of the connection, which is not over TLS, is another host."""
    made = House(directory, {}, agent={**agent(directory, **web), "listen": "127.0.0.1:0"})
    shield = Shield(PlainTextResponse("in"), lambda: made.app.config, MovingClock())
    way = httpx.ASGITransport(shield, client=(whence, 4711))
    async with httpx.AsyncClient(transport=way, base_url="http://localhost") as client:
        return (await client.get(path)).status_code


async def test_people_come_through_the_proxy_and_not_past_it(tmp_path: Path) -> None:
    proxy = {"from": ["192.0.2.0/28"]}
    assert await from_elsewhere(tmp_path, "/sign-in", proxy=proxy) == 403
    assert await from_elsewhere(tmp_path, "/api/v1/services", proxy=proxy) == 403
    assert await from_elsewhere(tmp_path, "/sign-in", "192.0.2.10", proxy=proxy) == 200
    assert await from_elsewhere(tmp_path, "/sign-in", "127.0.0.1", proxy=proxy) == 200
    assert await from_elsewhere(tmp_path, "/sign-in", exposed="without TLS") == 200
    for path in ("/metrics", "/-/ready", "/api/v1/heartbeat/some-key", "/api/v1/inbound/grafana"):
        assert await from_elsewhere(tmp_path, path, proxy=proxy) == 200


async def test_the_first_link_leads_in_where_all_addresses_are_listened_on(tmp_path: Path) -> None:
    everywhere = {**agent(tmp_path, exposed="without TLS"), "listen": "0.0.0.0:0"}
    async with house(tmp_path, {}, role=None, agent=everywhere) as there:
        link = await there.app.first_link()
        assert link is not None
        assert link.startswith("http://localhost:")
        async with httpx.AsyncClient(trust_env=False) as browser:
            assert (await browser.get(link)).status_code == 200
            assert (await browser.get(link.replace("localhost", "0.0.0.0"))).status_code == 421
