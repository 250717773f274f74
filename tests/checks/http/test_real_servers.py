"""A real nginx: versions of HTTP without TLS, packing, passwords, a socket of this host."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checks.base import Reading, Status
from tests.checks.http.web import look


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its ports, and its socket."""

    plain: int
    h2c: int
    socket: Path


@pytest.fixture(scope="module")
def nginx(program: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    binary, directory = program("nginx", "nginx-light"), tmp_path_factory.mktemp("nginx")
    running = Nginx(_free_port(), _free_port(), directory / "web.sock")
    (directory / "users").write_text("me:{PLAIN}pass-word\n", encoding="utf-8")
    (directory / "nginx.conf").write_text(
        f"""{"user root;" if os.geteuid() == 0 else ""}
        daemon off; pid {directory}/pid; error_log {directory}/log; events {{}}
        http {{ access_log off; gzip on; gzip_min_length 1; gzip_types text/plain;
        client_body_temp_path {directory}/body; default_type text/plain;
        server {{
            listen 127.0.0.1:{running.plain}; listen 127.0.0.1:{running.h2c} http2; listen unix:{running.socket};
            location / {{ return 200 "hello hello hello hello hello"; }}
            location /closed {{ auth_basic "here"; auth_basic_user_file {directory}/users; alias {directory}/users; }}
            location /set {{ add_header Set-Cookie "a=b; Path=/"; return 302 /cookie; }}
            location /cookie {{ return 200 "cookie is $http_cookie"; }} }} }}""",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [binary, "-c", directory / "nginx.conf", "-p", directory], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(running.plain)
        yield running
    finally:
        process.terminate()
        process.wait(10)


def at(port: int, path: str = "/", **options: Any) -> Reading:
    return asyncio.run(look(f"http://127.0.0.1:{port}{path}", **options))


def test_version_2_without_asking_first_is_spoken_in_clear(nginx: Nginx) -> None:
    reading = at(nginx.h2c, http_version="h2c", down='http_version != "2" or body not contains "hello"')
    assert reading.status is Status.OK, reading.message


def test_server_without_version_2_is_no_partner_for_it(nginx: Nginx) -> None:
    assert at(nginx.plain, http_version="h2c").status is Status.DOWN
    reading = at(nginx.plain, down='http_version != "2"')
    assert (reading.status, reading.values["http_version"]) == (Status.DOWN, "1.1")


def test_real_packing_is_asked_for_and_unpacked(nginx: Nginx) -> None:
    for compression, packed in (("gzip", True), ("none", False)):
        lacks = f'{"not " if packed else ""}header "Content-Encoding" == "gzip"'
        reading = at(nginx.plain, compression=compression, down=f'{lacks} or body not contains "hello hello"')
        assert (reading.status, reading.values["size"]) == (Status.OK, 29), reading.message


def test_real_password_opens_and_a_wrong_one_does_not(nginx: Nginx) -> None:
    assert at(nginx.plain, "/closed", auth={"user": "me", "password": "pass-word"}).status is Status.OK
    assert at(nginx.plain, "/closed", auth={"user": "me", "password": "wrong"}).values["status"] == 401


def test_real_cookie_and_socket(nginx: Nginx) -> None:
    asks = 'body != "cookie is a=b"'
    assert at(nginx.plain, "/set", down=asks).status is Status.OK
    reading = asyncio.run(look("http://any.invalid/set", unix_socket=str(nginx.socket), down=asks))
    assert reading.status is Status.OK, reading.message


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "nginx did not start"
        time.sleep(0.02)
