"""A real FTP server (pyftpdlib) in a process of its own, with and without TLS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checks.looks import AUTH, AUTHORITY, ca_file

_SERVER = """
import sys, warnings
warnings.simplefilter("ignore")
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer
home, user, password, pem = sys.argv[1:]
users = DummyAuthorizer()
users.add_user(user, password, home)
users.add_anonymous(home)
handler = TLS_FTPHandler if pem else FTPHandler
handler.authorizer = users
handler.auth_failed_timeout = 0
handler.banner = "file server"
if pem:
    handler.certfile = pem
server = FTPServer(("127.0.0.1", 0), handler)
print(server.address[1], flush=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class FtpServer:
    """Where it listens, and the directory it shows."""

    port: int
    home: Path


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The file of the authority that vouches for the servers here."""
    return ca_file(tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    """A server without TLS."""
    yield from _running(tmp_path_factory.mktemp("ftp"))


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    """A server that offers AUTH TLS."""
    pem = tmp_path_factory.mktemp("proof") / "both.pem"
    AUTHORITY.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    yield from _running(tmp_path_factory.mktemp("ftps"), str(pem))


def _running(home: Path, pem: str = "") -> Iterator[FtpServer]:
    (home / "incoming").mkdir()
    for name in ("one", "two words", "three"):
        (home / "incoming" / name).write_text(name)
    words = [sys.executable, "-c", _SERVER, str(home), AUTH["user"], AUTH["password"], pem]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield FtpServer(int(process.stdout.readline()), home)
        finally:
            process.kill()
