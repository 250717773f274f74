"""A real OpenSSH server on a free port of loopback, with keys of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

Start = Callable[..., AbstractContextManager["Sshd"]]


@dataclass(frozen=True)
class Sshd:
    """Where it listens, and what proves it and its user."""

    port: int
    home: Path

    def fingerprint(self, sort: str) -> str:
        told = subprocess.run(
            ["ssh-keygen", "-l", "-f", self.home / f"host_{sort}.pub"],
            capture_output=True,
            text=True,
            check=True,
        )
        return told.stdout.split()[1]


def make_key(path: Path, sort: str, passphrase: str = "") -> Path:
    """A key pair: the private half at `path`, the other beside it."""
    path.unlink(missing_ok=True)
    command: list[str | Path] = ["ssh-keygen", "-q", "-t", sort, "-N", passphrase, "-f", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="session")
def start(program: Callable[[str, str], Path]) -> Start:
    """Starts a server: `start(home, port, "ed25519", "rsa", options=[…])`."""

    @contextlib.contextmanager
    def run(home: Path, port: int, *sorts: str, options: Sequence[str] = ()) -> Iterator[Sshd]:
        sshd = program("sshd", "openssh-server")
        for sort in sorts:
            if not (home / f"host_{sort}").exists():
                make_key(home / f"host_{sort}", sort)
        if not (home / "user").exists():
            make_key(home / "user", "ed25519")
        (home / "authorized").write_text((home / "user.pub").read_text())
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it will not start as root without
        keys = [word for sort in sorts for word in ("-h", str(home / f"host_{sort}"))]
        settings = (
            "UsePAM=no",
            "PidFile=none",
            "StrictModes=no",
            "PermitRootLogin=yes",
            f"AuthorizedKeysFile={home}/authorized",
            "ListenAddress=127.0.0.1",
            "MaxStartups=1000",
            *options,
        )
        words = [word for each in settings for word in ("-o", each)]
        process = subprocess.Popen(
            [sshd, "-D", "-e", "-f", "/dev/null", "-p", str(port), *keys, *words], stderr=subprocess.DEVNULL
        )
        try:
            _answers(process, port)
            yield Sshd(port, home)
        finally:
            process.terminate()
            process.wait(timeout=20)

    return run


@pytest.fixture(scope="module")
def sshd(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server with two keys that lets its user in."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    with start(tmp_path_factory.mktemp("sshd"), port, "ed25519", "rsa") as running:
        yield running


@pytest.fixture(scope="session")
def user() -> str:
    """Who may log in: a server that is not root lets in nobody but its own user."""
    return getpass.getuser()


def _answers(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert process.poll() is None, "sshd ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at {port}")
