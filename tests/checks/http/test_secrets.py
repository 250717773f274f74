"""A secret, wherever it stands, is in nothing that leaves a look, though the server sends all of it back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import ErrorKind, Reading, Status
from checks.registry import KINDS
from tests.checks.http.web import Asked, answer, check_of, look, serving

CANARY = "canary-7Q9z/x+x"
WHERE: dict[str, dict[str, Any]] = {
    "header": {"headers": {"X-Api-Key": CANARY}},
    "header-by-reference": {"headers": {"X-Plain": "${env:TOCSIN_CANARY}"}},
    "password": {"auth": {"user": "monitor", "password": CANARY}},
    "password-by-reference": {"auth": {"user": "monitor", "password": "${env:TOCSIN_CANARY}"}},
    "bearer": {"auth": {"bearer": "${env:TOCSIN_CANARY}"}},
    "body": {"method": "POST", "body": "${env:TOCSIN_CANARY}"},
    "query": {"url": "http://127.0.0.1:{port}/x?token=" + quote(CANARY, safe="")},
    "query-by-reference": {"url": "http://127.0.0.1:{port}/x?q=${env:TOCSIN_CANARY}"},
    "userinfo": {"url": "http://monitor:" + quote(CANARY, safe="") + "@127.0.0.1:{port}/x"},
}
FORMS = (CANARY, quote(CANARY, safe=""), b64encode(f"monitor:{CANARY}".encode()).decode())
# Conditions that show what they saw.
NOSY = 'header "X-Echo" == "nothing" or body == "nothing" or json $.echo == "nothing" or status > 150'


def echo(asked: Asked) -> bytes:
    """Everything that was asked, in the status line, a header, the body and the place to go on to."""
    everything = " | ".join([asked.path, *(f"{name}: {value}" for name, value in asked.headers)])
    everything += " | " + asked.body.decode()
    status = f"500 {everything}"
    return answer(json.dumps({"echo": everything}).encode(), f"X-Echo: {everything}", status=status)


def bounce(asked: Asked) -> bytes:
    """A redirect that carries everything in its address."""
    everything = quote(" ".join(f"{name}: {value}" for name, value in asked.headers))
    return answer(
        b"", f"Location: ftp://user:{everything}@host/{everything}?{asked.path}", status="302 Found"
    )


def assert_unseen(text: str) -> None:
    for form in FORMS:
        assert form not in text


@pytest.fixture(autouse=True)
def _canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_CANARY", CANARY)


@pytest.mark.parametrize("reply", [echo, bounce])
@pytest.mark.parametrize("where", WHERE)
def test_reading_shows_no_secret(where: str, reply: Callable[[Asked], bytes]) -> None:
    options = {"down": NOSY, **WHERE[where]}

    async def run() -> str:
        async with serving(reply) as web:
            url = str(options.pop("url", web.url())).replace("{port}", str(web.port))
            reading = await look(url, **options)
            assert reading.status is Status.DOWN
            assert any(form in repr(web.asked) for form in FORMS)
            return repr(asdict(reading)) + repr(reading)

    assert_unseen(asyncio.run(run()))


def test_secret_that_is_gone_is_our_fault_and_named(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(CANARY, encoding="utf-8")
    check = check_of(url="http://127.0.0.1:9/", auth={"bearer": f"${{file:{token}}}"})
    token.unlink()

    async def run() -> Reading:
        runner = Runner(SystemClock(), KINDS)
        try:
            return await runner.look(check)
        finally:
            await runner.aclose()

    reading = asyncio.run(run())
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.LOCAL)
    assert str(token) in reading.message


def test_command_shows_no_secret_on_any_stream(tmp_path: Path) -> None:
    async def run() -> tuple[bytes, bytes]:
        async with serving(echo) as web:
            checks = {
                name: {"type": "http", "down": NOSY, "url": web.url(), **options}
                for name, options in WHERE.items()
            }
            for each in checks.values():
                each["url"] = str(each["url"]).replace("{port}", str(web.port))
            path = tmp_path / "tocsin.yaml"
            path.write_text(json.dumps({"services": {"web": {"checks": checks}}}), encoding="utf-8")
            shown = [b"", b""]
            for options in (["check", "--json"], ["check"], ["validate"]):
                command = [str(Path(sys.executable).with_name("tocsin")), *options, "--config", str(path)]
                process = await asyncio.create_subprocess_exec(
                    *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
                for place, text in enumerate(await process.communicate()):
                    shown[place] += text
            return shown[0], shown[1]

    out, err = asyncio.run(run())
    assert out.count(b"web") >= len(WHERE)
    assert_unseen((out + err).decode())
