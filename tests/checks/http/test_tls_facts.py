"""What is told of TLS beyond good and bad: the chain, version and cipher, and why exactly a certificate is refused."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import ErrorKind, Reading, Status
from checks.registry import KINDS
from tests.checks.http.quic import quic_serving
from tests.checks.http.socks import socks_serving
from tests.checks.http.web import always, check_of, look, serving


@dataclass(frozen=True, slots=True)
class Issuers:
    """A root, an authority below it, and the root's file."""

    root: trustme.CA
    middle: trustme.CA
    file: str

    def issue(self, *names: str, days: float = 90) -> trustme.LeafCert:
        now = datetime.now(UTC)
        begins, ends = now - timedelta(days=400), now + timedelta(days=days)
        return self.middle.issue_cert(*names, not_before=begins, not_after=ends)


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuers]:
    root, directory = trustme.CA(organization_name="Root of ours"), tmp_path_factory.mktemp("issuers")
    root.cert_pem.write_to_path(str(directory / "root.pem"))
    yield Issuers(root, root.create_child_ca(), str(directory / "root.pem"))


def proof(issued: trustme.LeafCert, **limits: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def against(context: ssl.SSLContext, *, closely: bool = False, **options: Any) -> Reading:
    """One look at a server with that proof."""

    async def run() -> Reading:
        runner = Runner(SystemClock(), KINDS)
        try:
            async with serving(always(b"secure"), tls=context) as web:
                check = check_of(url=web.url(scheme="https"), **options)
                return await runner.look(check, closely=closely)
        finally:
            await runner.aclose()

    return asyncio.run(run())


def test_chain_days_are_those_of_whatever_ends_first(issuers: Issuers) -> None:
    reading = against(proof(issuers.issue("127.0.0.1", days=20)), tls={"ca": issuers.file})
    assert reading.status is Status.OK, reading.message
    assert reading.values["chain_days"] == reading.values["cert_days"] == pytest.approx(20, abs=0.01)


def test_chain_days_see_an_authority_that_ends_before_its_certificate(tmp_path: Path) -> None:
    chain = _short_lived_authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, tmp_path / "leaf.key")
    reading = against(context, tls={"ca": str(tmp_path / "ca.pem")}, degraded="chain_days < 14")
    assert reading.status is Status.DEGRADED, reading.message
    assert reading.values["chain_days"] == pytest.approx(5, abs=0.1)
    assert reading.values["cert_days"] == pytest.approx(90, abs=0.1)


def test_issuer_and_names_are_told_to_those_who_ask(issuers: Issuers) -> None:
    served = proof(issuers.issue("127.0.0.1", "shop.example", "*.shop.example"))
    asks = 'cert_issuer not contains "trustme" or cert_names not contains "*.shop.example"'
    reading = against(served, tls={"ca": issuers.file}, down=asks)
    assert reading.status is Status.OK, reading.message
    assert against(served, tls={"ca": issuers.file}).values["cert_issuer"] is None


@pytest.mark.parametrize(
    ("limits", "version"),
    [({}, "TLS 1.3"), ({"maximum_version": ssl.TLSVersion.TLSv1_2}, "TLS 1.2")],
)
def test_version_and_cipher_are_those_of_the_server(
    issuers: Issuers, limits: dict[str, Any], version: str
) -> None:
    served, options = proof(issuers.issue("127.0.0.1"), **limits), {"ca": issuers.file}
    asks = f'tls_version != "{version}" or not exists cipher'
    reading = against(served, tls=options, down=asks)
    assert reading.status is Status.OK, reading.message
    assert "AES" in str(reading.values["cipher"]) or "CHACHA" in str(reading.values["cipher"])
    assert against(served, tls=options, down='tls_version == "TLS 1.0"').status is Status.OK


def test_plain_http_has_neither_version_nor_cipher() -> None:
    async def run() -> Reading:
        async with serving(always()) as web:
            return await look(web.url(), down="exists tls_version or exists cipher or exists cert_issuer")

    assert asyncio.run(run()).status is Status.OK


def test_version_behind_a_proxy_is_unknown_with_the_reason(issuers: Issuers) -> None:
    async def run() -> Reading:
        async with serving(always(), tls=proof(issuers.issue("127.0.0.1"))) as web, socks_serving() as socks:
            url, proxy = web.url(scheme="https"), f"socks5h://127.0.0.1:{socks.port}"
            return await look(url, proxy=proxy, tls={"ca": issuers.file}, degraded='tls_version == "TLS 1.0"')

    reading = asyncio.run(run())
    assert reading.status is Status.UNKNOWN
    assert "cannot be told through a proxy" in repr(reading.notes)


@pytest.mark.parametrize(
    ("names", "days", "words"),
    [
        (("127.0.0.1",), -3.0, "expired 3 days ago, on 20"),
        (("shop.example", "www.shop.example"), 90.0, "not valid for 127.0.0.1: it names shop.example, www."),
    ],
)
def test_refused_certificate_says_what_is_wrong_with_it(
    issuers: Issuers, names: tuple[str, ...], days: float, words: str
) -> None:
    reading = against(proof(issuers.issue(*names, days=days)), tls={"ca": issuers.file})
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TLS)
    assert words in reading.message
    assert reading.values["cert_days"] == pytest.approx(days, abs=0.01)


def test_authorities_that_are_not_trusted_are_told_apart(issuers: Issuers, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    unknown = against(proof(issuers.issue("127.0.0.1")), tls={"ca": str(other)})
    assert "unknown authority" in unknown.message or "root signed itself" in unknown.message
    issued = issuers.issue("127.0.0.1")
    alone = tmp_path / "alone.pem"
    alone.write_bytes(issued.cert_chain_pems[0].bytes() + issued.private_key_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(alone)
    missing = against(context, tls={"ca": issuers.file})
    assert (missing.status, missing.error_kind) == (Status.DOWN, ErrorKind.TLS)
    assert "intermediate certificate" in missing.message


def test_chain_and_addresses_are_traced_for_those_who_look_closely(issuers: Issuers) -> None:
    good = against(proof(issuers.issue("127.0.0.1")), closely=True, tls={"ca": issuers.file})
    bad = against(proof(issuers.issue("127.0.0.1", days=-3)), closely=True, tls={"ca": issuers.file})
    for reading in (good, bad):
        assert reading.traces is not None
        assert reading.traces.addresses == ("127.0.0.1",)
        assert "127.0.0.1" in reading.traces.chain[0].names
        assert len(reading.traces.chain) == 2
    assert (good.status, bad.status) == (Status.OK, Status.DOWN)
    assert against(proof(issuers.issue("127.0.0.1")), tls={"ca": issuers.file}).traces is None


def by_quic(issuers: Issuers, directory: Path, *names: str, **options: Any) -> Reading:
    async def run() -> Reading:
        async with quic_serving(issuers.issue(*names), directory) as port:
            url = options.pop("url", "https://127.0.0.1:{port}/a").format(port=port)
            return await look(url, http_version="3", tls={"ca": issuers.file}, **options)

    return asyncio.run(run())


@pytest.mark.parametrize("url", ["https://127.0.0.1:{port}/a", "HtTp://127.0.0.1:{port}/a"])
def test_quic_is_spoken_when_asked_for(issuers: Issuers, tmp_path: Path, url: str) -> None:
    reading = by_quic(
        issuers, tmp_path, "127.0.0.1", url=url, down='body != "h3 /a" or tls_version != "TLS 1.3"'
    )
    assert reading.status is Status.OK, reading.message
    assert reading.values["http_version"] == "3"
    assert reading.values["cert_days"] == pytest.approx(90, abs=0.01)
    assert sum(reading.phases.values()) <= float(reading.values["latency"] or 0) + 5e-6


def test_quic_refuses_a_wrong_certificate_and_a_dead_port(
    issuers: Issuers, tmp_path: Path, free_port: Any
) -> None:
    wrong = by_quic(issuers, tmp_path, "other.example")
    assert (wrong.status, wrong.error_kind) == (Status.DOWN, ErrorKind.TLS), wrong.message
    assert wrong.message.startswith("certificate of 127.0.0.1:")
    dead = asyncio.run(look(f"https://127.0.0.1:{free_port()}/", http_version="3", timeout="3s"))
    assert (dead.status, dead.error_kind) == (Status.DOWN, ErrorKind.REFUSED), dead.message
    assert "no QUIC at 127.0.0.1:" in dead.message


def test_quic_is_not_tried_when_nobody_asks(issuers: Issuers, tmp_path: Path) -> None:
    async def run() -> Reading:
        async with quic_serving(issuers.issue("127.0.0.1"), tmp_path) as port:
            return await look(f"https://127.0.0.1:{port}/", tls={"ca": issuers.file})

    assert asyncio.run(run()).error_kind is ErrorKind.REFUSED


def _short_lived_authority(directory: Path) -> Path:
    """A chain whose authority ends in 5 days, the certificate in 90; gives the chain's file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.fromtimestamp(time.time(), UTC)

    def certificate(name: str, issuer: tuple[str, Any] | None, days: float) -> tuple[Any, Any]:
        key = ec.generate_private_key(ec.SECP256R1())
        named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        above = named if issuer is None else x509.Name(
            [x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer[0])]
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder(above, named, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=name != "leaf", path_length=None), critical=True)
        )
        if name == "leaf":
            import ipaddress

            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(key if issuer is None else issuer[1], hashes.SHA256()), key

    root, root_key = certificate("root", None, 1000)
    middle, middle_key = certificate("middle", ("root", root_key), 5)
    leaf, leaf_key = certificate("leaf", ("middle", middle_key), 90)
    pem = serialization.Encoding.PEM
    (directory / "ca.pem").write_bytes(root.public_bytes(pem))
    (directory / "leaf.key").write_bytes(
        leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    chain = directory / "chain.pem"
    chain.write_bytes(leaf.public_bytes(pem) + middle.public_bytes(pem))
    return chain
