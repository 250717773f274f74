"""`openssl s_server` on loopback: a real server with versions, ciphers and answers of choice."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def s_server(cert: str, key: str, *options: str) -> Iterator[int]:
    """A running server, by its port; all of the certificate's file is shown. It is ended on the way out."""
    command = [
        "openssl",
        "s_server",
        "-accept",
        "127.0.0.1:0",
        "-cert",
        cert,
        "-key",
        key,
        "-cert_chain",
        cert,
    ]
    command += options
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    )
    try:
        yield _port(process, command)
    finally:
        process.kill()
        process.communicate()


def _port(process: subprocess.Popen[bytes], command: list[str]) -> int:
    assert process.stdout is not None
    said = []
    for line in iter(process.stdout.readline, b""):
        said.append(line.decode())
        if found := re.match(r"ACCEPT 127\.0\.0\.1:(\d+)", said[-1]):
            return int(found[1])
    raise AssertionError(f"{command} ended: {said}")
