"""Real certificates, good and bad, each with a reason of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from checks.base import ErrorKind, Reading, Status
from tests.checks.http.web import always, look, serving


@dataclass(frozen=True, slots=True)
class Authority:
    """A private authority: its own file, and certificates issued by it."""

    ca: trustme.CA
    file: str
    directory: Path

    def server(self, *names: str, days: float = 90, wants_client: bool = False) -> ssl.SSLContext:
        """Proof for a server of these names, good for so many days from now."""
        now = datetime.now(UTC)
        issued = self.ca.issue_cert(
            *names, not_before=now - timedelta(days=400), not_after=now + timedelta(days=days)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        if wants_client:
            self.ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self) -> dict[str, str]:
        """Options of a client certificate: the certificate, and its key in a file apart."""
        issued = self.ca.issue_cert("monitor@example.org")
        cert, key = self.directory / "client.pem", self.directory / "client.key"
        issued.cert_chain_pems[0].write_to_path(str(cert))
        issued.private_key_pem.write_to_path(str(key))
        return {"cert": str(cert), "key": str(key)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    directory, ca = tmp_path_factory.mktemp("tls"), trustme.CA()
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    return Authority(ca, str(directory / "ca.pem"), directory)


def against(proof: ssl.SSLContext, *, host: str = "127.0.0.1", **options: Any) -> Reading:
    """One look over TLS at a server with that proof."""

    async def run() -> Reading:
        async with serving(always(b"secure"), tls=proof) as web:
            return await look(web.url(scheme="https", host=host), **options)

    return asyncio.run(run())


def assert_refused(reading: Reading, words: str) -> None:
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TLS), reading.message
    assert words in reading.message.lower()
    assert "error:" not in reading.message


def test_private_authority_is_trusted_when_named(authority: Authority) -> None:
    reading = against(authority.server("127.0.0.1"), tls={"ca": authority.file})
    assert reading.status is Status.OK, reading.message
    assert reading.phases["tls"] > 0
    assert sum(reading.phases.values()) <= float(reading.values["latency"] or 0) + 5e-6


@pytest.mark.parametrize("days", [0.5, 40.0, 400.0])
def test_days_left_are_those_of_the_certificate(authority: Authority, days: float) -> None:
    reading = against(authority.server("127.0.0.1", days=days), tls={"ca": authority.file})
    assert reading.values["cert_days"] == pytest.approx(days, abs=0.01)
    assert reading.status is (Status.DEGRADED if days < 14 else Status.OK)


def test_unknown_authority_is_refused(authority: Authority) -> None:
    assert_refused(against(authority.server("127.0.0.1")), "certificate")


def test_named_authority_is_trusted_alone(authority: Authority, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert_refused(against(authority.server("127.0.0.1"), tls={"ca": str(other)}), "certificate")


def test_replaced_authority_file_is_seen_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    bundle, proof = tmp_path / "bundle.pem", authority.server("127.0.0.1")
    bundle.write_bytes(Path(authority.file).read_bytes())
    assert against(proof, tls={"ca": str(bundle)}).status is Status.OK
    trustme.CA().cert_pem.write_to_path(str(bundle))
    assert_refused(against(proof, tls={"ca": str(bundle)}), "certificate")


def test_expired_certificate_is_refused_and_says_so(authority: Authority) -> None:
    reading = against(authority.server("127.0.0.1", days=-1), tls={"ca": authority.file})
    assert_refused(reading, "expired")


def test_wrong_name_is_refused(authority: Authority) -> None:
    assert_refused(against(authority.server("other.example"), tls={"ca": authority.file}), "127.0.0.1")


def test_self_signed_certificate_is_refused_and_says_so(tmp_path: Path) -> None:
    assert_refused(against(_self_signed(tmp_path)), "self-signed")


@pytest.mark.parametrize("days", [-1.0, 90.0])
def test_nothing_is_verified_when_told_so_but_days_are_still_counted(
    authority: Authority, days: float
) -> None:
    proof = authority.server("other.example", days=days)
    reading = against(proof, tls={"verify": False}, degraded="latency > 1h")
    assert reading.status is Status.OK, reading.message
    assert reading.values["cert_days"] == pytest.approx(days, abs=0.01)


def test_other_name_is_asked_for_and_expected(authority: Authority) -> None:
    asked_for: list[str | None] = []
    proof = authority.server("inner.example")
    proof.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    options = {"ca": authority.file, "server_name": "inner.example"}

    async def run() -> tuple[Reading, list[str], str]:
        async with serving(always(), tls=proof) as web:
            reading = await look(web.url("/x?y=1", scheme="https"), tls=options)
            return reading, web.asked[0].all("Host"), f"127.0.0.1:{web.port}"

    reading, hosts, host = asyncio.run(run())
    assert reading.status is Status.OK, reading.message
    assert (asked_for, hosts) == (["inner.example"], [host])
    assert reading.values["ip"] == "127.0.0.1"


def test_name_of_the_address_is_asked_for_when_resolve_leads_elsewhere(authority: Authority) -> None:
    asked_for: list[str | None] = []
    proof = authority.server("shop.example")
    proof.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    reading = against(proof, host="shop.example", resolve="127.0.0.1", tls={"ca": authority.file})
    assert reading.status is Status.OK, reading.message
    assert asked_for == ["shop.example"]


def test_client_certificate_opens_what_is_closed_without_it(authority: Authority) -> None:
    proof = authority.server("127.0.0.1", wants_client=True)
    assert against(proof, tls={"ca": authority.file, **authority.client()}).status is Status.OK
    assert_refused(against(proof, tls={"ca": authority.file}), "tls with 127.0.0.1:")
    assert_refused(against(proof, tls={"verify": False}), "wants a client certificate")


def redirected_over_tls(first: ssl.SSLContext, then: ssl.SSLContext, host: str, tls: Any) -> Reading:
    """One look at `first`, which leads to `then` on a host of that name."""

    async def run() -> Reading:
        async with serving(always(), tls=then) as other:
            away = always(b"", f"Location: {other.url(scheme='https', host=host)}", status="302 F")
            async with serving(away, tls=first) as web:
                return await look(web.url(scheme="https"), tls=tls)

    return asyncio.run(run())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_client_certificate_is_not_shown_to_another_origin(authority: Authority, host: str) -> None:
    proof = authority.server("127.0.0.1", "localhost", wants_client=True)
    tls = {"ca": authority.file, **authority.client()}
    reading = redirected_over_tls(proof, proof, host, tls)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TLS), reading.message
    assert reading.values["redirects"] == 1


def test_client_certificate_is_for_what_plain_http_leads_to_on_the_same_host(authority: Authority) -> None:
    proof = authority.server("127.0.0.1", wants_client=True)

    async def run() -> Reading:
        async with serving(always(), tls=proof) as secure:
            away = always(b"", f"Location: {secure.url(scheme='https')}", status="301 M")
            async with serving(away) as web:
                return await look(web.url(), tls={"ca": authority.file, **authority.client()})

    assert asyncio.run(run()).status is Status.OK


def test_other_name_is_expected_of_its_own_host_alone(authority: Authority) -> None:
    asked_for: list[str | None] = []
    inner, outer = authority.server("inner.example"), authority.server("localhost")
    for proof in (inner, outer):
        proof.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    tls = {"ca": authority.file, "server_name": "inner.example"}
    reading = redirected_over_tls(inner, outer, "localhost", tls)
    assert (reading.status, asked_for) == (Status.OK, ["inner.example", "localhost"]), reading.message


def test_useless_client_key_is_our_fault_and_nobody_is_asked_for_a_passphrase(authority: Authority) -> None:
    locked = authority.directory / "locked.key"
    given = authority.client()
    subprocess.run(
        ["openssl", "pkey", "-in", given["key"], "-aes256", "-passout", "pass:x1234", "-out", str(locked)],
        check=True,
    )
    proof = authority.server("127.0.0.1", wants_client=True)
    for key in (str(locked), authority.file):
        reading = against(proof, tls={"ca": authority.file, "cert": given["cert"], "key": key})
        assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.LOCAL), reading.message


def test_secrets_do_not_follow_a_redirect_out_of_tls(authority: Authority) -> None:
    async def run() -> list[str]:
        async with serving(always()) as plain:
            away = always(b"", f"Location: {plain.url()}", status="302 F")
            async with serving(away, tls=authority.server("127.0.0.1")) as web:
                url, options = web.url(scheme="https"), {"ca": authority.file}
                await look(url, tls=options, auth={"user": "u", "password": "pass-word"})
            return plain.asked[0].all("Authorization")

    assert asyncio.run(run()) == []


@pytest.fixture
def nginx(
    authority: Authority, program: Callable[[str, str], Path], free_port: Callable[[], int], tmp_path: Path
) -> Iterator[int]:
    """A real nginx that speaks HTTP/2 over TLS; gives its port."""
    port, binary = free_port(), program("nginx", "nginx-light")
    issued = authority.ca.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    (tmp_path / "nginx.conf").write_text(
        f"""daemon off; pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}
        http {{ access_log off; server {{
            listen 127.0.0.1:{port} ssl http2;
            ssl_certificate {tmp_path}/server.pem; ssl_certificate_key {tmp_path}/server.pem;
            location / {{ return 200 "hello"; }} }} }}""",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [binary, "-c", tmp_path / "nginx.conf", "-p", tmp_path], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize(("version", "spoken"), [("auto", "2"), ("2", "2"), ("1.1", "1.1"), ("1.0", "1.0")])
def test_real_nginx_is_spoken_to_in_the_version_asked_for(
    nginx: int, authority: Authority, version: str, spoken: str
) -> None:
    url = f"https://127.0.0.1:{nginx}/"
    reading = asyncio.run(look(url, tls={"ca": authority.file}, http_version=version, down='body != "hello"'))
    assert reading.status is Status.OK, reading.message
    if spoken == "1.0":  # nginx answers a 1.0 request with 1.1
        spoken = "1.1"
    assert reading.values["http_version"] == spoken


def _self_signed(directory: Path) -> ssl.SSLContext:
    cert, key = directory / "self.pem", directory / "self.key"
    kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=127.0.0.1"
    subprocess.run(
        ["openssl", *kind.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "nginx did not start"
        time.sleep(0.02)
