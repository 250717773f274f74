"""Listening ports are read from the kernel's tables, and where to reach them is known."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent.survey.found import Listener
from agent.survey.listeners import listeners, reachable_at

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TAIL = "00000000:00000000 00:00000000 00000000     0        0 1066 1 0 100 0 0 10 0\n"
V4 = (
    f"{HEAD}   0: 00000000:0016 00000000:0000 0A {TAIL}"
    f"   1: 0100007F:1538 00000000:0000 0A {TAIL}"
    f"   2: 0100007F:1F90 0100007F:A001 01 {TAIL}"
)
V6 = (
    f"{HEAD}   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A {TAIL}"
    f"   1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 0A {TAIL}"
    f"   2: 0000000000000000FFFF00000100007F:2378 00000000000000000000000000000000:0000 0A {TAIL}"
)


def test_only_listening_sockets_are_taken_with_address_and_port() -> None:
    assert listeners([V4, V6]) == (
        Listener("0.0.0.0", 22),
        Listener("::1", 53),
        Listener("::", 80),
        Listener("127.0.0.1", 5432),
        Listener("127.0.0.1", 9080),
    )


def test_a_real_listener_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        table = Path("/proc/net/tcp").read_text(encoding="ascii")
        assert Listener("127.0.0.1", server.getsockname()[1]) in listeners([table])


@pytest.mark.parametrize("table", ["", "x" * 1000, HEAD, "   0: ZZ:0016 00000000:0000 0A ", "\0" * 100])
def test_what_is_no_table_has_no_listeners(table: str) -> None:
    assert listeners([table]) == ()


@pytest.mark.parametrize(
    ("addresses", "ipv6", "expected"),
    [
        (["0.0.0.0"], True, "127.0.0.1"),
        (["127.0.0.1", "::1"], True, "127.0.0.1"),
        (["::"], True, "::1"),
        (["::"], False, "127.0.0.1"),
        (["::1"], True, "::1"),
        (["192.0.2.7"], True, "192.0.2.7"),
        (["fe80::1"], True, None),
        ([], True, None),
    ],
)
def test_loopback_is_preferred_where_the_port_answers_there(
    addresses: list[str], *, ipv6: bool, expected: str | None
) -> None:
    known = [Listener(address, 80) for address in addresses] + [Listener("0.0.0.0", 81)]
    assert reachable_at(80, known, ipv6=ipv6) == expected
