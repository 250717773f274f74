"""Handshakes with real servers, good and bad: what they show, and why they are not believed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, connected
from checks.distrust import Why
from checks.handshake import Handshake, shaken
from checks.tls_terms import Terms
from tests.checks.listeners import Serve, hangs_up, listening, resets, says, stays_silent
from tests.checks.tls.authorities import NOW, Certified, Wish, authority, issued, proof, revoking
from tests.checks.tls.conftest import House
from tests.checks.tls.openssl_server import s_server


def shake(
    serve: Serve = stays_silent,
    given: ssl.SSLContext | None = None,
    *,
    runner: Callable[[], asyncio.AbstractEventLoop] | None = None,
    **terms: Any,
) -> Handshake:
    """One handshake with a server of ours on loopback."""

    async def run() -> Handshake:
        async with listening(serve, given) as port:
            return await _shake(port, terms)

    with asyncio.Runner(loop_factory=runner) as loop:
        return loop.run(run())


def shake_at(port: int, **terms: Any) -> Handshake:
    """One handshake with a server that runs by itself."""
    return asyncio.run(_shake(port, terms))


async def _shake(port: int, terms: dict[str, Any]) -> Handshake:
    deadline = Deadline.after(terms.pop("timeout", 10))
    async with connected(("127.0.0.1",), port, deadline) as link:
        return await shaken(link, Terms(**{"name": "127.0.0.1", **terms}), deadline, NOW.timestamp())


def whys(seen: Handshake) -> list[Why]:
    return [each.why for each in seen.distrust]


@pytest.mark.parametrize("runner", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_good_chain_is_shown_whole(house: House, runner: Any) -> None:
    leaf = house.leaf("127.0.0.1", "a.example", ends=30)
    seen = shake(given=proof(leaf, house.directory), ca=house.ca, runner=runner)
    assert (seen.fault, seen.distrust, seen.complaint("x")) == (None, (), None)
    assert [each.subject for each in seen.chain] == ["CN=server", "CN=Test Middle"]
    assert [each.subject for each in seen.path] == ["CN=server", "CN=Test Middle", "CN=Test Root"]
    assert (seen.version, seen.bits) == ("TLS 1.3", 256)
    assert seen.chain[0].names == ("a.example", "127.0.0.1")
    assert seen.chain[0].ends == leaf.certificate.not_valid_after_utc.timestamp()


def test_expired_certificate_says_since_when(house: House) -> None:
    seen = shake(given=proof(house.leaf(ends=-3, begins=-90), house.directory), ca=house.ca)
    assert whys(seen) == [Why.EXPIRED]
    fault = seen.complaint("127.0.0.1:443")
    assert fault is not None
    assert fault.message.startswith("certificate of 127.0.0.1:443 not accepted: expired 3 days ago, on 20")
    assert seen.chain[0].ends < NOW.timestamp()


def test_expired_intermediate_is_named(house: House) -> None:
    old = issued(Wish(title="Old Middle", authority=True, begins=-90, ends=-5), house.root)
    seen = shake(given=proof(issued(Wish(("127.0.0.1",)), old), house.directory), ca=house.ca)
    assert whys(seen) == [Why.EXPIRED]
    assert "the certificate of its issuer CN=Old Middle: expired 5 days ago" in seen.distrust[0].text


def test_certificate_of_the_future_is_told_as_such(house: House) -> None:
    seen = shake(given=proof(house.leaf(begins=4), house.directory), ca=house.ca)
    assert whys(seen) == [Why.NOT_YET_VALID]
    assert "not yet valid: begins in 4 days" in seen.distrust[0].text


def test_wrong_name_says_whom_it_names(house: House) -> None:
    leaf = house.leaf("a.example", "b.example", "c.example", "d.example")
    seen = shake(given=proof(leaf, house.directory), ca=house.ca, name="shop.example")
    assert whys(seen) == [Why.WRONG_NAME]
    assert (
        seen.distrust[0].text
        == "not valid for shop.example: it names a.example, b.example, c.example and 1 more"
    )


def test_self_signed_certificate_is_told_as_such(house: House) -> None:
    seen = shake(given=proof(issued(Wish(("127.0.0.1",))), house.directory), ca=house.ca)
    assert whys(seen) == [Why.SELF_SIGNED]


def test_unknown_authority_is_named(house: House) -> None:
    middle = authority("Other Middle", authority("Other Root"))
    seen = shake(given=proof(issued(Wish(("127.0.0.1",)), middle), house.directory), ca=house.ca)
    assert whys(seen) == [Why.UNKNOWN_AUTHORITY]
    assert "unknown authority: CN=Other Root is not trusted here" in seen.distrust[0].text


def test_root_that_is_sent_along_is_not_trusted_for_that(house: House) -> None:
    root = authority("Other Root")
    leaf = issued(Wish(("127.0.0.1",)), root)
    given = proof(Certified(leaf.key, leaf.certificate, (root.certificate,)), house.directory)
    seen = shake(given=given, ca=house.ca)
    assert whys(seen) == [Why.UNKNOWN_AUTHORITY]
    assert "CN=Other Root" in seen.distrust[0].text


def test_missing_intermediate_is_told_from_an_unknown_authority(house: House) -> None:
    leaf = house.leaf(keeper="http://ca.example/middle.crt")
    seen = shake(given=proof(leaf, house.directory, whole=False), ca=house.ca)
    assert whys(seen) == [Why.MISSING_INTERMEDIATE]
    assert "intermediate certificate missing" in seen.distrust[0].text
    assert "CN=Test Middle" in seen.distrust[0].text


def test_leaf_alone_of_a_stranger_may_be_either_and_says_so(house: House) -> None:
    seen = shake(given=proof(house.leaf(), house.directory, whole=False), ca=house.ca)
    assert whys(seen) == [Why.UNKNOWN_AUTHORITY]
    assert "nor did the server send an intermediate certificate" in seen.distrust[0].text


def test_revoked_certificate_is_found_in_the_list(house: House) -> None:
    leaf = house.leaf()
    crl = house.directory / "revoked.pem"
    crl.write_bytes(revoking(house.middle, leaf.certificate.serial_number))
    seen = shake(given=proof(leaf, house.directory), ca=house.ca, crl=str(crl))
    assert whys(seen) == [Why.REVOKED]


def test_certificate_that_is_not_in_the_list_is_fine(house: House) -> None:
    crl = house.directory / "empty.pem"
    crl.write_bytes(revoking(house.middle))
    seen = shake(given=proof(house.leaf(), house.directory), ca=house.ca, crl=str(crl))
    assert (seen.distrust, seen.lists) == ((), ())


@pytest.mark.parametrize(
    ("until", "words"), [(-5, "out of date"), (30, "of another authority")], ids=["old", "of another"]
)
def test_useless_list_says_nothing_of_the_certificate(house: House, until: float, words: str) -> None:
    crl = house.directory / "useless.pem"
    crl.write_bytes(revoking(house.middle if until < 0 else house.root, until=until))
    seen = shake(given=proof(house.leaf(), house.directory), ca=house.ca, crl=str(crl))
    assert seen.distrust == ()
    assert words in seen.lists[0]


def test_everything_wrong_is_told_at_once(house: House) -> None:
    shown = issued(Wish(("other.example",), begins=-20, ends=-10))
    seen = shake(given=proof(shown, house.directory), ca=house.ca)
    assert whys(seen) == [Why.EXPIRED, Why.SELF_SIGNED, Why.WRONG_NAME]


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_wanted_client_certificate_is_told(house: House, newest: ssl.TLSVersion) -> None:
    given = proof(house.leaf(), house.directory, client_ca=house.ca)
    given.maximum_version = newest
    seen = shake(given=given, ca=house.ca)
    assert seen.asked_for_proof
    assert seen.fault is not None
    assert "it wants a client certificate" in seen.fault.message
    assert seen.chain[0].subject == "CN=server"


@pytest.mark.parametrize("newest", ["-tls1_2", "-tls1_3"])
def test_client_certificate_is_shown_and_a_strange_one_refused(house: House, newest: str) -> None:
    shown = house.leaf().saved(house.directory, "server")
    with s_server(*shown, newest, "-Verify", "3", "-verify_return_error", "-CAfile", house.ca) as port:
        cert, key = house.leaf("monitor").saved(house.directory, "client")
        assert shake_at(port, ca=house.ca, cert=cert, key=key).fault is None
        cert, key = issued(Wish(("monitor",))).saved(house.directory, "stranger")
        refused = shake_at(port, ca=house.ca, cert=cert, key=key).fault
        assert refused is not None
        assert "certificate" in refused.message.partition("refused it with alert ")[2]
        assert "it does not accept our client certificate" in refused.message


def test_what_is_not_tls_is_shown(house: House) -> None:
    fault = shake(says(b"220 mail\x1b[31m ready\r\n"), ca=house.ca).fault
    assert fault is not None
    assert fault.kind is ErrorKind.TLS
    assert 'the answer is not TLS but "220 mail\\x1b[31m ready"' in fault.message


@pytest.mark.parametrize("serve", [hangs_up, resets])
def test_hanging_up_is_named(house: House, serve: Serve) -> None:
    fault = shake(serve, ca=house.ca).fault
    assert fault is not None
    assert fault.message.endswith("the connection during the TLS handshake")


def test_silence_ends_at_the_deadline(house: House) -> None:
    fault = shake(stays_silent, ca=house.ca, timeout=0.3).fault
    assert fault is not None
    assert (fault.kind, "not finished within 300ms" in fault.message) == (ErrorKind.TIMEOUT, True)


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\xff\xff" + b"x" * 70000])
def test_damaged_tls_is_a_reason_in_words(house: House, junk: bytes) -> None:
    fault = shake(says(junk), ca=house.ca).fault
    assert fault is not None
    assert fault.kind is ErrorKind.TLS
    assert fault.message.isprintable()


def test_alert_is_named(house: House) -> None:
    with s_server(*house.leaf().saved(house.directory, "server"), "-tls1_2") as port:
        fault = shake_at(port, ca=house.ca, least="1.3").fault
    assert fault is not None
    assert "alert 70, protocol_version: no TLS version in common" in fault.message


@pytest.mark.parametrize(
    ("option", "version"), [("-tls1", "TLS 1.0"), ("-tls1_1", "TLS 1.1"), ("-tls1_2", "TLS 1.2")]
)
def test_old_versions_are_spoken_and_told(house: House, option: str, version: str) -> None:
    shown = house.leaf().saved(house.directory, "server")
    with s_server(*shown, option, "-cipher", "ALL:@SECLEVEL=0") as port:
        seen = shake_at(port, ca=house.ca)
    assert (seen.version, seen.fault, seen.distrust) == (version, None, ())


def test_weak_cipher_is_told(house: House) -> None:
    shown = house.leaf().saved(house.directory, "server")
    with s_server(*shown, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA") as port:
        seen = shake_at(port, ca=house.ca)
    assert (seen.cipher, seen.bits) == ("ECDHE-ECDSA-AES128-SHA", 128)


@pytest.mark.parametrize("option", ["ca", "cert", "crl"])
def test_files_of_ours_that_are_useless_are_our_fault(house: House, option: str) -> None:
    junk = house.directory / "junk"
    junk.write_text("nothing here")
    for path, words in ((str(junk), "junk"), (str(house.directory / "gone"), "cannot read")):
        with pytest.raises(Fault) as raised:
            shake(**{"ca": house.ca, option: path})  # type: ignore[arg-type]  # only terms are given
        assert raised.value.blind
        assert words in raised.value.message


def test_name_is_asked_for_and_an_address_is_not(house: House) -> None:
    asked: list[str | None] = []
    given = proof(house.leaf("inner.example"), house.directory)
    given.sni_callback = lambda _socket, name, _context: asked.append(name)
    assert shake(given=given, ca=house.ca, name="inner.example").distrust == ()
    assert whys(shake(given=given, ca=house.ca)) == [Why.WRONG_NAME]
    assert asked == ["inner.example", None]
