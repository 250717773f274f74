"""Servers with one fault each, a port for each: of TLS, of the connection, of the protocol."""

from __future__ import annotations

import contextlib
import socket
import ssl
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.checks.http.hostile import HostileServer, Serve, repeats, resets_after, says
from tests.checks.tls.authorities import Certified, Wish, authority, issued

HOST = "127.0.0.1"
KEEPER = "http://ca.example/middle.cer"
GARBAGE = bytes(range(255, -1, -1)) * 8


class Ports(HostileServer):
    """Opens a port for each way to serve, ends them all on the way out. A context manager."""

    def __enter__(self) -> Self:
        return self

    def open(self, ways: Mapping[str, Serve]) -> dict[str, int]:
        return {name: self._listen(serve) for name, serve in ways.items()}


class Certificates:
    """Certificates with one fault each, in files of a directory; `ca` is the file of the authority to trust."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._root = authority("Trusted Root")
        self._middle = authority("Issuing Authority", self._root)
        (directory / "ca.pem").write_bytes(self._root.pem)
        self.ca = str(directory / "ca.pem")

    def context(self, shown: Certified, *, whole: bool = True) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*shown.saved(self._directory, "shown", whole=whole))
        return context

    def good(self, **wish: float) -> ssl.SSLContext:
        return self.context(issued(Wish((HOST,), **wish), self._middle))  # type: ignore[arg-type]  # days alone

    def faults(self) -> dict[str, Serve]:
        """The faults of what a server shows, and of how it shakes hands."""
        far = authority("Elsewhere Root")
        return {
            "expired": tls(self.good(begins=-400, ends=-3)),
            "not-yet-valid": tls(self.good(begins=3, ends=400)),
            "self-signed": tls(self.context(issued(Wish((HOST,))))),
            "wrong-host": tls(self.context(issued(Wish(("other.example",)), self._middle))),
            "missing-intermediate": tls(
                self.context(issued(Wish((HOST,), keeper=KEEPER), self._middle), whole=False)
            ),
            "unknown-authority": tls(self.context(issued(Wish((HOST,)), authority("Elsewhere Middle", far)))),
            "client-certificate-wanted": tls(self._wants_client()),
            "too-old": tls(self._old()),
        }

    def _wants_client(self) -> ssl.SSLContext:
        context = self.good()
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _old(self) -> ssl.SSLContext:
        """Speaks TLS 1.0 and 1.1 alone."""
        context = self.good()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        return context


def tls(context: ssl.SSLContext, after: Serve | None = None) -> Serve:
    """Shakes hands, then serves; a handshake that fails ends in good order, so that its alert arrives."""

    def serve(connection: socket.socket) -> None:
        secure = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with contextlib.closing(secure):
            try:
                secure.do_handshake()
                (after or listens)(secure)
            except ssl.SSLError:
                secure.shutdown(socket.SHUT_WR)
                while secure.recv(65536):
                    pass

    return serve


def listens(connection: socket.socket) -> None:
    """Says nothing."""
    while connection.recv(65536):
        pass


def hears_then(serve: Serve) -> Serve:
    """Waits for the first words of the other side."""

    def waits(connection: socket.socket) -> None:
        connection.recv(65536)
        serve(connection)

    return waits


# What is no TLS handshake at all.
WITHOUT_TLS: dict[str, Serve] = {
    "garbage": hears_then(says(GARBAGE)),
    "plain-text": hears_then(says(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP was expected\r\n")),
    "hangs": listens,
    "closes": hears_then(says(b"")),
    "resets": hears_then(resets_after(b"")),
}

# What a port can do instead of speaking the protocol.
WITHOUT_SENSE: dict[str, Serve] = {
    "silent": listens,
    "closes": says(b""),
    "resets": resets_after(b""),
    "trickles": repeats(b"", b"\x00", 0.2),
    "endless": repeats(b"", b"2" * 65536),
    "another-protocol": says(b"RFB 003.008\n"),
    "speaks-tls": says(b"\x15\x03\x01\x00\x02\x02\x46"),
}


def agrees_to_starttls(serve: Serve, greeting: bytes = b"220 mail.example ESMTP\r\n") -> Serve:
    """A mail server that agrees to STARTTLS, and then goes wrong."""

    def converse(connection: socket.socket) -> None:
        connection.sendall(greeting)
        answers: dict[bytes, Callable[[], None]] = {
            b"EHLO": lambda: connection.sendall(b"250-mail.example\r\n250 STARTTLS\r\n"),
            b"STAR": lambda: connection.sendall(b"220 go ahead\r\n"),
        }
        while True:
            words = connection.recv(4096)[:4].upper()
            if words not in answers:
                return None
            answers[words]()
            if words == b"STAR":
                return serve(connection)

    return converse
