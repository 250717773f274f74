"""A name server on loopback that knows some names, denies some, and never answers for the rest."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from types import TracebackType

_A, _AAAA, _SOA = 1, 28, 6
_TTL = 600


class NameServer:
    """`known` gives addresses by name; no address means that the name does not exist. A context manager."""

    def __init__(self, known: Mapping[str, tuple[str, ...]], host: str = "127.0.0.1", port: int = 0) -> None:
        self.known = dict(known)
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.address = "{}:{}".format(*self._socket.getsockname())

    def __enter__(self) -> NameServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(query)
            if answer:
                self._socket.sendto(answer, sender)

    def _answer(self, query: bytes) -> bytes | None:
        name, end = _name(query)
        kind: int = struct.unpack("!H", query[end : end + 2])[0]
        question = query[12 : end + 4]
        self.asked.append(name)
        if name not in self.known:
            return None
        records = [_record(kind, each) for each in self.known[name] if _kind(each) == kind]
        missing = not self.known[name]
        authority = _nobody() if not records else b""
        flags = 0x8183 if missing else 0x8180
        header = query[:2] + struct.pack("!HHHHH", flags, 1, len(records), int(not records), 0)
        return header + question + b"".join(records) + authority


def _name(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    return ".".join(labels).lower(), at + 1


def _kind(address: str) -> int:
    return _AAAA if ":" in address else _A


def _record(kind: int, address: str) -> bytes:
    packed = ip_address(address).packed
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, _TTL, len(packed)) + packed


def _nobody() -> bytes:
    """The SOA that lets a denial be kept for ten minutes."""
    data = b"\0\0" + struct.pack("!IIIII", 1, 1, 1, 1, _TTL)
    return b"\xc0\x0c" + struct.pack("!HHIH", _SOA, 1, _TTL, len(data)) + data
