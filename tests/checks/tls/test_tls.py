"""The kind `tls`: what makes a certificate down, what makes it degraded, and which values stay to be asked for."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from checks.base import ErrorKind, Reading, Status
from checks.registry import KINDS
from tests.checks.listeners import Serve, hangs_up, resets, says, stays_silent
from tests.checks.name_server import NameServer
from tests.checks.tls.authorities import Wish, authority, issued, proof, revoking
from tests.checks.tls.conftest import House
from tests.checks.tls.looks import against, look_at
from tests.checks.tls.openssl_server import s_server


def assert_down(reading: Reading, words: str, kind: ErrorKind = ErrorKind.TLS) -> None:
    assert (reading.status, reading.error_kind) == (Status.DOWN, kind), reading.message
    assert words in reading.message


def test_sound_certificate_is_ok_and_told_whole(house: House) -> None:
    leaf = house.leaf("127.0.0.1", "a.example", ends=60)
    reading = against("tls", given=proof(leaf, house.directory), ca=house.ca)
    assert reading.status is Status.OK, reading.message
    values = reading.values
    assert values["cert_days"] == pytest.approx(60, abs=0.01)
    assert values["chain_days"] == pytest.approx(60, abs=0.01)
    assert (values["version"], values["bits"], values["trust"]) == ("TLS 1.3", 256, "trusted")
    assert (values["issuer"], values["subject"], values["names"]) == (
        "CN=Test Middle", "CN=server", "a.example, 127.0.0.1"
    )  # fmt: skip
    assert (values["weak"], values["revocation"], values["ip"]) == (None, None, "127.0.0.1")
    assert set(reading.phases) == {"resolve", "connect", "tls"}
    assert reading.traces is not None
    assert [each.subject for each in reading.traces.chain] == ["CN=server", "CN=Test Middle"]
    assert (reading.traces.addresses, reading.traces.answered) == (("127.0.0.1",), "127.0.0.1")


@pytest.mark.parametrize(("days", "status"), [(13.0, Status.DEGRADED), (15.0, Status.OK)])
def test_certificate_that_ends_soon_is_degraded(house: House, days: float, status: Status) -> None:
    reading = against("tls", given=proof(house.leaf(ends=days), house.directory), ca=house.ca)
    assert reading.status is status
    assert reading.values["cert_days"] == pytest.approx(days, abs=0.01)


def test_issuer_that_ends_soon_is_degraded(house: House) -> None:
    middle = authority("Short Middle", house.root, ends=5)
    reading = against("tls", given=proof(issued(Wish(("127.0.0.1",)), middle), house.directory), ca=house.ca)
    assert reading.status is Status.DEGRADED
    assert reading.values["chain_days"] == pytest.approx(5, abs=0.01)
    assert "chain_days" in reading.message


def test_expired_certificate_is_down_and_its_days_are_negative(house: House) -> None:
    reading = against("tls", given=proof(house.leaf(ends=-3, begins=-90), house.directory), ca=house.ca)
    assert_down(reading, "expired 3 days ago")
    assert reading.values["cert_days"] == pytest.approx(-3, abs=0.01)
    assert reading.values["trust"] == "expired"


def test_unsound_certificates_are_down_each_for_its_own_reason(house: House) -> None:
    strange = issued(Wish(("127.0.0.1",)), authority("Other Middle", authority("Other Root")))
    keeper = house.leaf(keeper="http://ca.example/x.crt")
    for shown, whole, words in (
        (house.leaf(begins=3), True, "not yet valid: begins in 3 days"),
        (house.leaf("b.example"), True, "not valid for 127.0.0.1: it names b.example"),
        (issued(Wish(("127.0.0.1",))), True, "self-signed"),
        (strange, True, "unknown authority: CN=Other Root"),
        (keeper, False, "intermediate certificate missing"),
    ):
        assert_down(against("tls", given=proof(shown, house.directory, whole=whole), ca=house.ca), words)


def test_nothing_is_judged_without_verification_but_days_count(house: House) -> None:
    shown = issued(Wish(("other.example",), ends=5))
    reading = against("tls", given=proof(shown, house.directory), verify=False)
    assert reading.status is Status.DEGRADED
    assert reading.values["trust"] == "self-signed, wrong name"
    assert against(
        "tls", given=proof(shown, house.directory), verify=False, down='trust contains "wrong name"'
    ).status is Status.DOWN  # fmt: skip
    old = issued(Wish(("127.0.0.1",), begins=-9, ends=-2))
    reading = against("tls", given=proof(old, house.directory), verify=False)
    assert reading.status is Status.DEGRADED
    assert reading.values["cert_days"] == pytest.approx(-2, abs=0.01)


def test_revoked_certificate_is_down(house: House) -> None:
    leaf, crl = house.leaf(), house.directory / "list.pem"
    crl.write_bytes(revoking(house.middle, leaf.certificate.serial_number))
    reading = against("tls", given=proof(leaf, house.directory), ca=house.ca, crl=str(crl))
    assert_down(reading, "revoked, says the list of revoked certificates")
    assert reading.values["revocation"] == "revoked"
    reading = against("tls", given=proof(house.leaf(), house.directory), ca=house.ca, crl=str(crl))
    assert (reading.status, reading.values["revocation"]) == (Status.OK, "good")


def test_old_list_leaves_revocation_unknown_with_the_reason(house: House) -> None:
    crl = house.directory / "old.pem"
    crl.write_bytes(revoking(house.middle, until=-5))
    reading = against("tls", given=proof(house.leaf(), house.directory), ca=house.ca, crl=str(crl))
    assert reading.status is Status.UNKNOWN
    assert any("out of date: fetch a newer one" in note for note in reading.notes)


@pytest.mark.parametrize("wanted", ["good", "revoked", "unknown"])
def test_stapled_answer_is_believed(house: House, wanted: str) -> None:
    leaf = house.leaf()
    staple = house.directory / "staple.der"
    staple.write_bytes(_answer(house, leaf.certificate.serial_number, wanted))
    with s_server(*leaf.saved(house.directory, "stapled"), "-status_file", str(staple)) as port:
        reading = look_at("tls", port, ca=house.ca)
    assert reading.values["revocation"] == wanted, reading
    assert reading.status is {"good": Status.OK, "revoked": Status.DOWN}.get(wanted, Status.DEGRADED)


def test_stapled_answer_of_a_stranger_is_not_believed(house: House) -> None:
    leaf, staple = house.leaf(), house.directory / "forged.der"
    stranger = House(house.root, authority("Test Middle"), house.ca, house.directory)
    staple.write_bytes(_answer(house, leaf.certificate.serial_number, "good", signer=stranger))
    with s_server(*leaf.saved(house.directory, "forged"), "-status_file", str(staple)) as port:
        reading = look_at("tls", port, ca=house.ca)
    assert reading.values["revocation"] is None
    assert any("the authority did not sign it" in note for note in reading.notes)


def _answer(house: House, serial: int, state: str, signer: House | None = None) -> bytes:
    """An OCSP answer as `openssl ocsp` gives it, out of an index of issued certificates."""
    directory = house.directory
    by = (signer or house).middle.saved(directory, "signer")
    issuer, _ = house.middle.saved(directory, "issuer")
    mark = {"good": "V\t491231235959Z\t\t", "revoked": "R\t491231235959Z\t250101000000Z\t"}.get(state, "")
    (directory / "index").write_text(f"{mark}{serial:X}\tunknown\t/CN=server\n" if mark else "")
    (directory / "index.attr").write_text("unique_subject = no\n")
    (directory / "request").unlink(missing_ok=True)
    made = [
        *("openssl", "ocsp", "-index", f"{directory}/index", "-CA", issuer, "-issuer", issuer),
        *("-rsigner", by[0], "-rkey", by[1], "-serial", str(serial), "-respout", f"{directory}/answer"),
        *("-ndays", "5", "-noverify"),
    ]
    subprocess.run(made, check=True, capture_output=True)
    return (directory / "answer").read_bytes()


@pytest.mark.parametrize(
    ("options", "weak"),
    [
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), "TLS 1.0"),
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), "TLS 1.1"),
    ],
)
def test_old_version_is_degraded_by_default(house: House, options: tuple[str, ...], weak: str) -> None:
    with s_server(*house.leaf().saved(house.directory, "old"), *options) as port:
        reading = look_at("tls", port, ca=house.ca)
        assert (reading.status, reading.values["weak"], reading.values["version"]) == (
            Status.DEGRADED, weak, weak
        )  # fmt: skip
        assert look_at("tls", port, ca=house.ca, degraded="cert_days < 14").status is Status.OK
        refused = look_at("tls", port, ca=house.ca, min_version=1.2)
    assert_down(refused, f"speaks {weak}, older than min_version 1.2")


def test_wanted_client_certificate_is_told_and_given(house: House) -> None:
    given = proof(house.leaf(), house.directory, client_ca=house.ca)
    reading = against("tls", given=given, ca=house.ca)
    assert_down(reading, "it wants a client certificate (give it as `cert` and `key`)")
    assert reading.values["cert_days"] == pytest.approx(90, abs=0.01)
    cert, key = house.leaf("monitor").saved(house.directory, "monitor")
    assert against("tls", given=given, ca=house.ca, cert=cert, key=key).status is Status.OK


@pytest.mark.parametrize(
    ("serve", "words", "kind"),
    [
        (
            says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            'is not TLS but "HTTP/1.1 400 Bad Request"',
            ErrorKind.TLS,
        ),
        (says(b"\x00\x01garbage\xff"), "is not TLS but", ErrorKind.TLS),
        (hangs_up, "the connection during the TLS handshake", ErrorKind.TLS),
        (resets, "the connection during the TLS handshake", ErrorKind.TLS),
    ],
)
def test_what_speaks_no_tls_is_named(serve: Serve, words: str, kind: ErrorKind) -> None:
    assert_down(against("tls", serve), words, kind)


def test_handshake_that_hangs_is_a_timeout(house: House) -> None:
    reading = against("tls", stays_silent, timeout="300ms", ca=house.ca)
    assert_down(reading, "not finished within 300ms", ErrorKind.TIMEOUT)


def test_other_name_is_asked_for_and_expected(house: House) -> None:
    asked: list[str | None] = []
    given = proof(house.leaf("inner.example"), house.directory)
    given.sni_callback = lambda _socket, name, _context: asked.append(name)
    reading = against("tls", given=given, ca=house.ca, server_name="inner.example")
    assert (reading.status, asked) == (Status.OK, ["inner.example"])


def test_name_server_of_the_check_is_asked(house: House) -> None:
    given = proof(house.leaf("only.here.example"), house.directory)
    with NameServer({"only.here.example": ("127.0.0.1",)}) as names:
        reading = against("tls", given=given, ca=house.ca, host="only.here.example", resolver=names.address)
    assert (reading.status, reading.values["ip"]) == (Status.OK, "127.0.0.1"), reading.message


def test_wanted_ip_version_is_kept_to(house: House) -> None:
    reading = against("tls", given=proof(house.leaf(), house.directory), ca=house.ca, ip=6)
    assert reading.status is Status.UNKNOWN
    assert "no IPv6 address" in reading.message


def test_unordered_chain_is_noted(house: House) -> None:
    leaf = house.leaf()
    mixed = house.directory / "mixed.pem"
    mixed.write_bytes(leaf.pem + house.root.pem + house.middle.pem)
    given = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    given.load_cert_chain(mixed, leaf.saved(house.directory, "mixed-leaf")[1])
    reading = against("tls", given=given, ca=house.ca)
    assert reading.status is Status.OK
    assert "the server sends its certificates out of order" in reading.notes


def test_useless_files_of_ours_are_no_fault_of_the_server(house: House, tmp_path: Path) -> None:
    reading = against("tls", crl=str(tmp_path / "gone.pem"), ca=house.ca)
    assert reading.status is Status.UNKNOWN
    assert "cannot read" in reading.message


def test_days_of_certificates_cost_no_uptime() -> None:
    assert not KINDS["tls"].counts_for_uptime
