"""Real mail servers for the tests here: Dovecot once for all of them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checks.looks import ca_file
from tests.checks.mail.dovecot import Dovecot, dovecot


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The file of the authority that vouches for the servers here."""
    return ca_file(tmp_path)


@pytest.fixture(scope="module")
def server(program: Callable[[str, str], Path]) -> Iterator[Dovecot]:
    """A Dovecot that takes passwords without TLS, too."""
    with dovecot(program("dovecot", "dovecot-imapd"), _ports()) as running:
        yield running


@pytest.fixture(scope="module")
def strict(program: Callable[[str, str], Path]) -> Iterator[Dovecot]:
    """A Dovecot that takes passwords over TLS alone."""
    with dovecot(program("dovecot", "dovecot-imapd"), _ports(), only_tls=True) as running:
        yield running


def _ports() -> tuple[int, int, int, int]:
    listeners = [socket.socket() for _ in range(4)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    first, second, third, fourth = (int(listener.getsockname()[1]) for listener in listeners)
    for listener in listeners:
        listener.close()
    return first, second, third, fourth
