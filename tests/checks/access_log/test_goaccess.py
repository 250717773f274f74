"""goaccess itself beside our reader, on a log made up for both."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.checks.access_log.counted import counted

_TARGETS = (
    "/",
    "/a/b?x=1",
    "/caf\\xC3\\xA9",
    "*",
    "/x%20y",
    "/a b c",
    "http://o.org/p",
    '/q\\"uote',
    "/.env",
    "",
)
_AGENTS = ("curl/8", "-", "", 'a \\"b\\" c', "[17/May/2015:10:05:03 +0000]", "x" * 700, "é", "200 5")
_CLIENTS = ("1.2.3.4", "10.0.0.1", "2001:db8::1", "::ffff:9.9.9.9", "fe80::1")
_REQUESTS = ("-", "", "\\x16\\x03\\x01", "GARBAGE", "GET", "GET /short")


def nasty(chance: random.Random) -> Iterator[str]:
    """Lines that both read, and lines that both refuse."""
    for number in range(3000):
        client, status = chance.choice(_CLIENTS), chance.choice((200, 301, 304, 404, 444, 499, 500, 503, 599))
        request = f"GET {chance.choice(_TARGETS)} HTTP/{chance.choice(('1.0', '1.1', '2.0'))}"
        if chance.random() < 0.1:
            request = chance.choice(_REQUESTS)
        zone = chance.choice(("+0000", "+0000", "+0000", "-0730"))
        stamp = f"{chance.randrange(1, 29):02}/Jul/2024:{number % 24:02}:10:{number % 60:02} {zone}"
        user = chance.choice(("-", "-", "bob", "two words", ""))
        size = chance.choice(("0", "-", "17", "123456"))
        referrer = chance.choice(("-", "", "https://r.org/?a=b c"))
        line = (
            f'{client} - {user} [{stamp}] "{request}" {status} {size} "{referrer}" "{chance.choice(_AGENTS)}"'
        )
        yield _broken(line, status, chance) if chance.random() < 0.1 else line


def _broken(line: str, status: int, chance: random.Random) -> str:
    return chance.choice(
        (
            "\x16\x03\x01\x02 garbage",
            line.replace(f'" {status} ', '" 000 '),
            line.replace(f'" {status} ', '" abc '),
            line.replace("Jul/2024", "Foo/2024"),
            line.replace(":10:", ":71:"),
            line[: len(line) // 3],
            "",
            "# a comment",
        )
    )


def test_counts_are_those_of_goaccess_on_a_nasty_log(
    program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    goaccess = program("goaccess", "goaccess")
    log, report = tmp_path / "access.log", tmp_path / "report.json"
    for seed in range(5):
        log.write_text("\n".join(nasty(random.Random(seed))) + "\n")
        subprocess.run(
            [goaccess, log, "--log-format=COMBINED", "--no-global-config", "--no-progress", "-o", report],
            capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        theirs = json.loads(report.read_bytes())
        ours = counted(log.read_bytes())
        assert (ours.total.requests, ours.tally.malformed) == (
            theirs["general"]["valid_requests"],
            theirs["general"]["failed_requests"],
        )
        hosts = {entry["data"]: entry["hits"]["count"] for entry in theirs["hosts"]["data"]}
        assert ours.tally.clients == hosts
        classes = {entry["data"][0]: entry["hits"]["count"] for entry in theirs["status_codes"]["data"]}
        mine = {str(number): ours.total.count(100 * number, 100 * number + 99) for number in range(2, 6)}
        assert {number: mine[number] for number in "2345"} == {number: classes[number] for number in "2345"}
