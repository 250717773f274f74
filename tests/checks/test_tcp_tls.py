"""TCP with TLS: whom we believe, how long the certificate lasts, and what a bad handshake says."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext, VerifyFlags

import pytest
import trustme

from checks.base import ErrorKind
from checks.connection import Fault
from checks.trust import Proof, client_context, expect_files
from tests.checks.listeners import against, hangs_up, resets, says, stays_silent

authority = trustme.CA()


def proof(*names: str, until: datetime.datetime | None = None, by: trustme.CA = authority) -> SSLContext:
    """What a server shows: a certificate for these names."""
    context = SSLContext(PROTOCOL_TLS_SERVER)
    by.issue_cert(*names, not_after=until).configure_cert(context)
    return context


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The file of the authority that vouches for the servers here."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def test_good_certificate_gives_its_days(ca: str) -> None:
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)
    seen = against(says(b"* OK IMAP"), proof=proof("127.0.0.1", until=until), tls=True, ca=ca, expect="IMAP")
    assert seen.failure is None
    assert seen.values["cert_days"] == pytest.approx(30, abs=0.1)
    assert seen.values["banner"] == "* OK IMAP"
    assert set(seen.phases) == {"resolve", "connect", "tls"}


def test_newer_python_is_not_stricter_with_private_authorities(ca: str) -> None:
    assert not client_context(ca).verify_flags & VerifyFlags.VERIFY_X509_STRICT


@pytest.mark.parametrize(
    ("show", "why"),
    [
        (lambda: proof("127.0.0.1", until=datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)), "expired"),
        (lambda: proof("other.example"), "not valid for"),
        (lambda: proof("127.0.0.1", by=trustme.CA()), "certificate"),
    ],
    ids=["expired", "another name", "another authority"],
)
def test_certificate_that_proves_nothing_is_down_with_the_reason(
    ca: str, show: Callable[[], SSLContext], why: str
) -> None:
    seen = against(hangs_up, proof=show(), tls=True, ca=ca)
    assert seen.error_kind is ErrorKind.TLS
    assert seen.failure is not None
    assert seen.failure.startswith("certificate of 127.0.0.1:")
    assert why in seen.failure.partition("not accepted: ")[2]


def test_private_authority_is_not_believed_unasked() -> None:
    seen = against(hangs_up, proof=proof("127.0.0.1"), tls=True)
    assert seen.error_kind in {ErrorKind.TLS, ErrorKind.LOCAL}  # local where the host trusts nobody at all


def test_server_without_tls_is_named(ca: str) -> None:
    seen = against(says(b"220 plain words\r\n"), tls=True, ca=ca)
    assert seen.error_kind is ErrorKind.TLS
    assert seen.failure is not None
    assert seen.failure.startswith("TLS with 127.0.0.1:")


@pytest.mark.parametrize("serve", [hangs_up, resets])
def test_hanging_up_during_the_handshake_is_named(ca: str, serve: Callable[..., object]) -> None:
    seen = against(serve, tls=True, ca=ca)  # type: ignore[arg-type]  # both are what `against` serves
    assert seen.error_kind is ErrorKind.TLS
    assert seen.failure is not None
    assert seen.failure.endswith("the connection during the TLS handshake")


def test_handshake_that_never_ends_stops_at_the_deadline(ca: str) -> None:
    seen = against(stays_silent, tls=True, ca=ca, timeout=0.3)
    assert seen.error_kind is ErrorKind.TIMEOUT
    assert seen.failure is not None
    assert seen.failure.endswith("not finished within 300ms")


def test_authority_file_that_cannot_be_read_is_our_fault(tmp_path: Path) -> None:
    seen = against(hangs_up, tls=True, ca=str(tmp_path / "gone.pem"))
    assert seen.failure is None
    assert seen.blind == f"cannot read the CA file {tmp_path}/gone.pem: No such file or directory"


def test_a_pipe_as_a_file_of_ours_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody ever writes there: a look that opened it would take the loop with it."""
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    seen = against(hangs_up, tls=True, ca=pipe)
    assert seen.blind == f"cannot read the CA file {pipe}: it is no regular file"
    for proof in (Proof(pipe), Proof(str(tmp_path), pipe)):
        with pytest.raises(Fault, match=r"cannot read the client certificate .*: it is no regular file"):
            client_context(None, verify=False, proof=proof)
    for files in ((pipe,), (None, str(tmp_path), pipe)):
        with pytest.raises(Fault, match="it is no regular file"):
            expect_files(*files)


def test_authority_file_without_a_certificate_is_our_fault(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    seen = against(hangs_up, tls=True, ca=str(tmp_path / "empty.pem"))
    assert seen.blind == f"no certificate in the CA file {tmp_path}/empty.pem"


def test_authority_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    first = client_context(str(file))
    assert client_context(str(file)) is first
    authority.cert_pem.write_to_path(str(file))
    assert client_context(str(file)) is not first


def test_name_with_its_last_dot_is_the_same_name(ca: str) -> None:
    shown = proof("a.example")
    assert against(stays_silent, proof=shown, tls=True, ca=ca, server_name="A.example.").failure is None


@pytest.mark.parametrize("name", [".a.example", "a..example", "x" * 64 + ".example", "\u00fc" * 70])
def test_name_that_no_host_can_have_is_our_fault(ca: str, name: str) -> None:
    seen = against(stays_silent, proof=proof("a.example"), tls=True, ca=ca, server_name=name)
    assert seen.failure is None
    assert seen.blind is not None
