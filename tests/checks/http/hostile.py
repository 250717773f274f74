"""A web server that misbehaves in every way we know of, one way per path, on loopback."""

from __future__ import annotations

import socket
import struct
import threading
import time
import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import TracebackType

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GIB = 1 << 30
# 1 GiB of zeros in brotli, packed once more by zlib.
BROTLI_GIB = (
    "eNo7//9/PYMKw6ONDkXv///8/5+/gcVBRqzh3V/7////M05g6DjMdGHv/+f//9szCDEURjDs+v7/z///7A5MCnzcDt"
    "//zQeqYvBgOJLI+OLe/8///8szcDZY6DDc/V3/7/9/ZgVGgXbWBdX/z0Mt2cBQMmrJqCVD0RJ7APFnrt4="
)

Serve = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave, and what a look must make of it: the status, and any of the error kinds."""

    serve: Serve
    kinds: tuple[str, ...]
    status: str = "down"
    says: str = ""
    scheme: str = "http"
    on_accept: bool = False


def says(answer: bytes) -> Serve:
    """Gives one answer and hangs up."""
    return lambda connection: connection.sendall(answer)


def stalls_after(start: bytes) -> Serve:
    """Begins well and says nothing more until the other side gives up."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        while connection.recv(65536):
            pass

    return serve


def repeats(start: bytes, again: bytes, pause: float = 0.0) -> Serve:
    """Says `again` for ever, or as long as anybody listens, with a pause in seconds in between."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(again)
            if pause:
                time.sleep(pause)

    return serve


def resets_after(start: bytes) -> Serve:
    """Breaks the connection off with a RST."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return serve


def body(content: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole, well-formed answer."""
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(content)}", "Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def redirects(location: str) -> bytes:
    return body(b"", f"Location: {location}", status="302 Found")


@cache
def gzip_bomb() -> bytes:
    """1 GiB of zeros in 1 MiB."""
    packer, piece = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(1 << 20)
    return b"".join(packer.compress(piece) for _ in range(GIB // len(piece))) + packer.flush()


def _sends_gzip_bomb(connection: socket.socket) -> None:
    connection.sendall(body(gzip_bomb(), "Content-Encoding: gzip"))


def _brotli_bomb() -> bytes:
    return body(zlib.decompress(b64decode(BROTLI_GIB)), "Content-Encoding: br")


def _sends_many_headers(connection: socket.socket) -> None:
    connection.sendall(OK + b"".join(b"X-%d: a\r\n" % each for each in range(200_000)) + b"\r\n")


def _sends_huge_header(connection: socket.socket) -> None:
    connection.sendall(OK + b"X: ")
    for _ in range(64):
        connection.sendall(b"a" * (1 << 20))
    connection.sendall(b"\r\nContent-Length: 0\r\n\r\n")


LATE, BROKEN, PROTOCOL, CONTENT = ("timeout",), ("reset",), ("protocol",), ("content",)
STEERING = b"\x1b]0;owned\x07\x1b[2J\x00\xff\xfe\xe2\x80\xae"

FAULTS: dict[str, Fault] = {
    # Too slow, or for ever.
    "never-answers": Fault(stalls_after(b""), LATE),
    "half-a-status-line": Fault(stalls_after(b"HTTP/1."), LATE),
    "stalls-in-headers": Fault(stalls_after(OK + b"X-A: b\r\n"), LATE),
    "stalls-in-body": Fault(stalls_after(OK + b"Content-Length: 100\r\n\r\nabc"), LATE, says="3 bytes"),
    "trickles-headers": Fault(repeats(OK, b"X-A: b\r\n", 0.2), LATE),
    "trickles-body": Fault(repeats(OK + b"Content-Length: 100000\r\n\r\n", b"x", 0.2), LATE),
    "trickles-chunks": Fault(repeats(CHUNKED, b"1\r\nx\r\n", 0.2), LATE),
    "continues-for-ever": Fault(repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.1), LATE),
    "tls-never-answers": Fault(stalls_after(b""), LATE, says="TLS handshake", scheme="https", on_accept=True),
    # Too much.
    "continues-in-a-flood": Fault(repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999), CONTENT),
    "endless-headers": Fault(repeats(OK, b"X-A: b\r\n" * 999), CONTENT),
    "many-headers": Fault(_sends_many_headers, CONTENT),
    "huge-header": Fault(_sends_huge_header, CONTENT),
    "endless-body": Fault(repeats(CHUNKED, b"10000\r\n" + b"A" * 65536 + b"\r\n"), CONTENT, says="max_body"),
    "endless-body-until-close": Fault(repeats(OK + b"\r\n", b"A" * 65536), CONTENT, says="max_body"),
    "endless-tiny-chunks": Fault(repeats(CHUNKED, b"1\r\nx\r\n" * 9999), CONTENT, says="pieces"),
    "declares-too-much": Fault(stalls_after(OK + b"Content-Length: 99999999999\r\n\r\n"), CONTENT),
    "gzip-bomb": Fault(_sends_gzip_bomb, CONTENT, says="max_body"),
    "brotli-bomb": Fault(says(_brotli_bomb()), CONTENT, says="max_body"),
    "packed-nothing-for-ever": Fault(
        repeats(OK + b"Content-Encoding: deflate\r\n\r\n\x78\x9c", b"\0\0\0\xff\xff" * 9999), CONTENT
    ),
    "packed-a-hundred-times": Fault(
        says(body(b"x", "Content-Encoding: " + ", ".join(["gzip"] * 100))), CONTENT
    ),
    # Led astray.
    "redirects-in-a-circle": Fault(says(redirects("/redirects-in-a-circle")), PROTOCOL, says="10 redirects"),
    "redirects-to-a-file": Fault(says(redirects("file:///etc/passwd")), PROTOCOL, says='got "file"'),
    "redirects-to-gopher": Fault(says(redirects("gopher://127.0.0.1:25/_x")), PROTOCOL, says='got "gopher"'),
    "redirects-to-a-script": Fault(says(redirects("javascript:alert(1)")), PROTOCOL, says="refused"),
    "redirects-to-metadata": Fault(
        says(redirects("http://169.254.169.254/latest/")), ("policy",), "unknown", "link-local"
    ),
    "redirects-to-metadata-in-disguise": Fault(
        says(redirects("http://2852039166/latest/")), ("policy",), "unknown", "169.254.169.254"
    ),
    "redirects-to-nonsense": Fault(
        says(redirects("http://\x1b[2J\xff:99999/")), PROTOCOL, says="redirect refused"
    ),
    # Not HTTP, or nearly.
    "garbage": Fault(says(bytes(range(256)) * 40), PROTOCOL),
    "no-headers-at-all": Fault(says(b"<html>it works</html>"), PROTOCOL, says="not HTTP"),
    "speaks-ssh": Fault(says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), PROTOCOL, on_accept=True, says="not HTTP"),
    "bad-status": Fault(says(b"HTTP/1.1 \x1b[31m OK\r\n\r\n"), PROTOCOL),
    "status-too-large": Fault(says(b"HTTP/1.1 99999 OK\r\nContent-Length: 0\r\n\r\n"), (*PROTOCOL, "status")),
    "future-version": Fault(says(b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"), PROTOCOL),
    "two-lengths": Fault(says(OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"), PROTOCOL),
    "bad-length": Fault(says(OK + b"Content-Length: -5\r\n\r\nabcde"), PROTOCOL),
    "bad-chunk": Fault(says(CHUNKED + b"zz\r\nabc\r\n"), PROTOCOL),
    "bad-gzip": Fault(says(body(b"this is plain", "Content-Encoding: gzip")), CONTENT),
    "tls-garbage": Fault(
        says(b"\x15\x03garbage" + bytes(range(256))), ("tls",), scheme="https", on_accept=True
    ),
    "tls-is-plain-http": Fault(says(body(b"ok")), ("tls",), scheme="https", on_accept=True),
    "tls-hangs-up": Fault(says(b""), ("tls", "reset"), scheme="https", on_accept=True),
    # Broken off.
    "hangs-up": Fault(says(b""), BROKEN, says="without an answer"),
    "hangs-up-at-once": Fault(says(b""), BROKEN, on_accept=True),
    "hangs-up-in-headers": Fault(says(OK + b"X-A"), BROKEN),
    "short-body": Fault(says(OK + b"Content-Length: 1000\r\n\r\nabc"), BROKEN, says="before the whole answer"),
    "short-chunks": Fault(says(CHUNKED + b"5\r\nab"), BROKEN),
    "resets": Fault(resets_after(b""), BROKEN, says="reset"),
    "resets-at-once": Fault(resets_after(b""), BROKEN, on_accept=True),
    "resets-in-body": Fault(resets_after(OK + b"Content-Length: 1000\r\n\r\nabc"), BROKEN),
    # Whole answers with something nasty in them.
    "nasty-body": Fault(says(body(STEERING, status="500 Oops")), ("status",), says="status not in"),
    "nasty-reason": Fault(says(body(b"", status="503 \x1b[31mred\x07")), ("status",)),
    "nasty-header": Fault(says(body(b"", "X-A: \x1b[2J\x9b31m", status="404 No")), ("status",)),
    "unknown-charset": Fault(says(body(STEERING, "Content-Type: text/html; charset=no-such")), (), "ok"),
    "slow-charset": Fault(says(body(b"a" * 2**20, "Content-Type: x/y; charset=punycode")), (), "ok"),
    "charset-that-raises": Fault(says(body(b"\xff" * 99, "Content-Type: x/y; charset=idna")), (), "ok"),
    "charset-that-runs": Fault(says(body(b"\\x1b" * 99, "Content-Type: x/y; charset=undefined")), (), "ok"),
    "all-is-well": Fault(says(body(b"ok")), (), "ok"),
}  # fmt: skip


class HostileServer:
    """Serves every fault; those that speak first have a port of their own. A context manager."""

    def __init__(self) -> None:
        self._listeners: list[socket.socket] = []
        self._connections: set[socket.socket] = set()
        self.urls: dict[str, str] = {}

    def __enter__(self) -> HostileServer:
        gzip_bomb()  # packing takes longer than a look may
        shared = self._listen(self._by_path)
        for name, fault in FAULTS.items():
            port = self._listen(fault.serve) if fault.on_accept else shared
            self.urls[name] = f"{fault.scheme}://127.0.0.1:{port}/{name}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._listeners:
            each.shutdown(socket.SHUT_RDWR)
            each.close()
        for each in list(self._connections):
            each.close()

    def _listen(self, serve: Serve) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    def _accept(self, listener: socket.socket, serve: Serve) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection, serve), daemon=True).start()

    def _serve(self, connection: socket.socket, serve: Serve) -> None:
        connection.settimeout(30)
        try:
            serve(connection)
        except OSError:
            pass
        finally:
            self._connections.discard(connection)
            connection.close()

    def _by_path(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        FAULTS[request.split(b" ", 2)[1].decode().strip("/")].serve(connection)
