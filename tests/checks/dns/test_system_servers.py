"""The name servers of /etc/resolv.conf itself, through the installed command in a network of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.checks.dns.answering import answering, records
from tests.checks.ping.namespace import apart

_WITH_OTHER_SERVERS = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


def looked(here: Path, resolv_conf: str) -> tuple[Any, list[str]]:
    """The reading of the installed command where 127.0.0.1 answers at port 53, and how that was asked."""
    (here / "resolv.conf").write_text(resolv_conf, encoding="utf-8")
    check = {"type": "dns", "name": "example.com", "timeout": "5s"}
    (here / "tocsin.yaml").write_text(
        json.dumps({"services": {"s": {"checks": {"c": check}}}}), encoding="utf-8"
    )

    async def scene() -> tuple[Any, list[str]]:
        async with answering(records("example.com. 300 IN A 192.0.2.1"), at=53) as server:
            process = await asyncio.create_subprocess_exec(
                *("unshare", "--mount", "sh", "-c", _WITH_OTHER_SERVERS, str(here / "resolv.conf")),
                *("tocsin", "check", "--json", "--config", str(here / "tocsin.yaml")),
                stdout=asyncio.subprocess.PIPE,
            )
            printed, _ = await process.communicate()
            return json.loads(printed)[0], server.transports

    return apart(scene)


def test_first_server_that_answers_is_the_one_told(tmp_path: Path) -> None:
    reading, asked = looked(
        tmp_path, "search example.org\nnameserver 127.0.0.9\nnameserver 127.0.0.1\noptions ndots:5\n"
    )
    assert (reading["status"], reading["values"]["answers"]) == ("ok", "192.0.2.1")
    assert (reading["values"]["server"], asked) == ("127.0.0.1:53", ["udp"])


def test_file_without_servers_is_no_fault_of_the_name(tmp_path: Path) -> None:
    reading, asked = looked(tmp_path, "search example.org\n")
    assert (reading["status"], reading["error_kind"], asked) == ("unknown", "local", [])
    assert "no name server in /etc/resolv.conf: set `server`" in reading["message"]
