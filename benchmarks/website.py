"""The web site that the benchmarks look at: a real nginx on loopback that counts what it is asked."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BODY = "All is well here. " * 28  # about half a kilobyte, like a small health page
_CONFIG = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_timeout 30s;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
{locations}
    }}
    server {{ listen 127.0.0.1:{counter}; location / {{ stub_status; }} }}
}}
"""
_TLS = """ ssl;
        ssl_certificate {directory}/site.crt;
        ssl_certificate_key {directory}/site.key;
        ssl_session_cache off;
        ssl_session_tickets off"""


@dataclass(frozen=True, slots=True)
class Website:
    """`url(n)` is its n-th page; `authority` the file to trust it by, when it speaks TLS."""

    base: str
    authority: Path | None
    _counter: int

    def url(self, page: int) -> str:
        return f"{self.base}/page{page}"

    def served(self) -> int:
        """Requests answered so far; each asking of this counter is one of them."""
        shown = urllib.request.urlopen(f"http://127.0.0.1:{self._counter}/", timeout=5).read().decode()
        found = re.search(r"\n\s*\d+\s+\d+\s+(\d+)", shown)
        assert found, shown
        return int(found[1])


def program(name: str) -> str | None:
    """Where a system program is, also when the caller's PATH lacks the directories of administrators."""
    return shutil.which(name, path=_PATH)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def website(directory: Path, pages: int, *, tls: bool = False) -> Iterator[Website]:
    """Serve so many pages until the block ends. Raises SystemExit when there is no nginx."""
    nginx = program("nginx")
    if nginx is None:
        raise SystemExit("nginx is not installed (apt-get install nginx-light)")
    directory.mkdir(parents=True, exist_ok=True)
    port, counter = free_port(), free_port()
    if tls:
        _certificate(directory)
    locations = "\n".join(
        f"        location = /page{page} {{ return 200 '{_BODY}'; }}" for page in range(pages)
    )
    config = directory / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            directory=directory,
            port=port,
            counter=counter,
            locations=locations,
            tls=_TLS.format(directory=directory) if tls else "",
        )
    )
    server = subprocess.Popen(
        [nginx, "-p", str(directory), "-c", str(config), "-e", f"{directory}/error.log"]
    )
    try:
        _await_port(port, server)
        authority = directory / "site.crt" if tls else None
        yield Website(f"{'https' if tls else 'http'}://127.0.0.1:{port}", authority, counter)
    finally:
        server.terminate()
        server.wait(10)


def _certificate(directory: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", f"{directory}/site.key", "-out", f"{directory}/site.crt", "-days", "90"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )


def _await_port(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"nginx ended with {server.returncode}; see its error.log")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("nginx does not answer")
