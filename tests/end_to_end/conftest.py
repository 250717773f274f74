"""A network of its own for a command, in which names are answered as a test wants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Runs a command in a network of its own, in which a name server knows some names.
WITH_NAMES = """
import fcntl, socket, struct, subprocess, sys
from tests.checks.name_server import NameServer

SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", UP_AND_RUNNING))
with NameServer({"healthy.example": ("127.0.0.1",), "gone.example": (), "": ()}, port=53):
    sys.exit(subprocess.call(sys.argv[1:]))
"""


@pytest.fixture(scope="session")
def own_name_server(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The words before a command that give it a name server of its own, which knows `healthy.example`, denies
    `gone.example` and the root of all names, and never answers for another."""
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root and namespaces (unshare --mount --net) for an /etc/resolv.conf of its own")
    directory = tmp_path_factory.mktemp("names")
    resolv, script = directory / "resolv.conf", directory / "with_names.py"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:5 attempts:3\n", encoding="utf-8")
    script.write_text(WITH_NAMES, encoding="utf-8")
    set_up = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    root = Path(__file__).resolve().parents[2]
    return (
        *("unshare", "--mount", "--net", "sh", "-c", set_up, "sh"),
        *("env", f"PYTHONPATH={root}", sys.executable, str(script)),
    )
