"""`tocsin check --verbose`: all that a look saw, on a page for people and as fields for programs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.http.hostile import body, says
from tests.end_to_end.bad_ports import HOST, Certificates, Ports, hears_then, tls

Run = Callable[..., Any]
COMMAND = Path(sys.executable).with_name("tocsin")
ANSWER = body(
    "<h1>Désolé</h1> password=hunter2".encode(),
    "Server: test",
    "Set-Cookie: sid=12345678",
    "Set-Cookie: b=1",
    status="503 No",
)
HEADINGS = ["Phases", "Addresses", "Certificates, the server's own first", "Values", "Conditions"]
ADDED = {"addresses", "answered", "chain", "headers", "excerpt", "parts"}


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A website that fails, one whose certificate has expired, all file systems, and the load."""
    certificates = Certificates(tmp_path)
    answers = {
        "site": tls(certificates.good(), hears_then(says(ANSWER))),
        "old": certificates.faults()["expired"],
    }
    with Ports() as ports:
        web = {
            name: {"type": "http", "url": f"https://{HOST}:{port}/", "tls": {"ca": certificates.ca}}
            for name, port in ports.open(answers).items()
        }
        port = {"type": "tcp", "host": HOST, "port": 9, "degraded": "latency > 1s for 5m"}
        box = {"disk": {"type": "disk", "path": "all"}, "load": {"type": "load"}}
        path = tmp_path / "tocsin.yaml"
        services = {"web": {"checks": {**web, "port": port}}, "box": {"checks": box}}
        path.write_text(json.dumps({"services": services}), encoding="utf-8")
        yield path


def sections(page: str) -> dict[str, list[str]]:
    """Lines by heading; those above the first under an empty one."""
    found: dict[str, list[str]] = {"": []}
    for line in page.splitlines():
        if line.startswith("  ") and not line.startswith("   ") and found[""][1:]:
            found[line.strip()] = []
        elif line:
            found[list(found)[-1]].append(line.strip())
    return found


def test_a_failing_website_is_told_whole(tocsin: Run, config: Path) -> None:
    ended = tocsin("check", "web.site", "--verbose", "-c", str(config))
    assert (ended.code, ended.err) == (2, "")
    found = sections(ended.out)
    assert list(found)[1:6] == HEADINGS
    assert re.fullmatch(r"down  web\.site  \(http, took [\d.]+m?s, error kind status\)", found[""][0])
    assert found[""][1] == "status not in 200..299 (status = 503)"
    assert found["Addresses"] == ["127.0.0.1  (answered)"]
    chain = [line.split(maxsplit=1) for line in found[HEADINGS[2]]]
    assert [word for word, _ in chain] == [
        *("1", "issuer", "names", "valid", "key", "sha256"),
        *("2", "issuer", "valid", "key", "sha256"),
    ]
    assert chain[1][1] == "CN=Issuing Authority"
    assert chain[3][1].endswith("UTC, 89 days left")
    assert chain[7][1] == "CN=Trusted Root (not sent)"
    values = "\n".join(found["Values"])
    assert re.search(r"^status +503$", values, re.MULTILINE)
    assert re.search(r"^body_hash +[0-9a-f]{64}$", values, re.MULTILINE), "whole, to be copied"
    assert re.search(r"^cert_days +(89\.\d|90\.0) days$", values, re.MULTILINE)
    assert "true        down when status not in 200..299: seen 503" in found["Conditions"]
    assert "Set-Cookie: ***" in found["Headers of the answer"]
    assert found["Begin of the answer"] == ["<h1>Désolé</h1> password=***"]


def test_the_times_of_the_phases_add_up_to_the_latency(tocsin: Run, config: Path) -> None:
    page = tocsin("check", "web.site", "-v", "-c", str(config)).out
    lines = [re.split(r"  +", line) for line in sections(page)["Phases"]]
    times = {name: round(float(shown.split()[0]) * 1000) for name, shown, *_ in lines}
    assert {"resolve", "connect", "tls", "first_byte", "transfer"} <= set(times)
    assert sum(times.values()) == 2 * times["latency"]


def test_it_fits_the_page_without_colours_for_all_checks(tocsin: Run, config: Path) -> None:
    page = tocsin("check", "--verbose", "-c", str(config)).out
    assert [line for line in page.splitlines() if len(line) > 80 or "\x1b" in line] == []
    begun = re.findall(r"^(?:down|ok|degraded|unknown)  (?!part )(\S+)", page, re.MULTILINE)
    assert begun == ["web.site", "web.old", "web.port", "box.disk", "box.load"]
    assert "\n\nok  part /\n" in page or "\n\ndown  part /\n" in page or "\n\ndegraded  part /\n" in page


def test_a_look_without_phases_says_how_long_it_took(tocsin: Run, config: Path) -> None:
    page = tocsin("check", "box.load", "-v", "-c", str(config)).out
    assert re.match(r"\w+  box\.load  \(load, took [\d.]+m?s", page)
    assert {"Phases", "Addresses", "Headers of the answer"} & set(sections(page)) == set()


def test_conditions_of_a_look_that_failed_are_named_and_not_judged(tocsin: Run, config: Path) -> None:
    page = tocsin("check", "web.port", "-v", "-c", str(config)).out
    assert "not judged  degraded when latency > 1s for 5m" in page


def test_a_certificate_that_was_refused_is_shown_with_what_is_wrong(tocsin: Run, config: Path) -> None:
    ended = tocsin("check", "web.old", "--verbose", "--json", "-c", str(config))
    (found,) = ended.document
    assert (found["status"], found["error_kind"]) == ("down", "tls")
    leaf, above = found["chain"]
    assert (leaf["problem"], above["problem"]) == ("expired 3 days ago", None)
    assert leaf["names"] == [HOST]
    assert set(found["phases"]) == {"resolve", "connect"}, "it never came to asking"
    assert -3.1 < leaf["days"] < -2.9
    assert leaf["until"].endswith("Z")
    assert re.fullmatch("[0-9a-f]{64}", leaf["sha256"])
    page = tocsin("check", "web.old", "--verbose", "-c", str(config)).out
    assert "UTC, expired 3 days ago" in page


def test_json_has_the_same_as_fields_and_only_when_asked(tocsin: Run, config: Path) -> None:
    plain, close = (
        {each["check"]: each for each in tocsin("check", "--json", *more, "-c", str(config)).document}
        for more in ((), ("--verbose",))
    )
    for name, reading in plain.items():
        assert set(close[name]) - set(reading) == ADDED
    site = close["site"]
    assert (site["addresses"], site["answered"]) == (["127.0.0.1"], "127.0.0.1")
    assert site["headers"]["Set-Cookie"] == ["***", "***"]
    assert site["headers"]["Server"] == "test"
    assert site["excerpt"] == "<h1>Désolé</h1> password=***"
    parts = close["disk"]["parts"]
    assert parts["/"]["values"]["mount"] == "/"
    assert [judged["level"] for judged in parts["/"]["conditions"]] == ["down", "degraded"]
    assert (close["load"]["chain"], close["load"]["parts"]) == ([], {})


def test_what_was_seen_can_be_tried_against_another_condition(
    tocsin: Run, config: Path, tmp_path: Path
) -> None:
    (entry,) = tocsin("check", "web.site", "-v", "--json", "-c", str(config)).document
    (tmp_path / "r.json").write_text(json.dumps(entry))
    tried = tocsin("conditions", "try", 'status == 503 and header "server" == "test"', "--reading", "r.json")
    assert tried.code == 0


def test_colours_and_width_are_those_of_the_terminal(config: Path) -> None:
    ours, theirs = pty.openpty()
    command = [str(COMMAND), "check", "web.port", "-v", "-c", str(config)]
    environment = {**os.environ, "COLUMNS": "60", "TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as running:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b"")).decode().replace("\r\n", "\n")
        os.close(ours)
        assert running.wait(30) == 2
    assert shown.startswith("\x1b[1;31mdown\x1b[0m  web.port")
    assert "\x1b[1mPhases\x1b[0m" in shown
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in shown.splitlines()) <= 60


def _read(descriptor: int) -> bytes:
    """Empty at the end, which Linux calls an error on a terminal."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_no_blocks_gets_others(config: Path, encoding: str) -> None:
    page, document = (
        subprocess.run(
            [COMMAND, "check", "web.site", "-v", *more, "-c", str(config)],
            capture_output=True,
            timeout=60,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            check=False,
        )
        for more in ((), ("--json",))
    )
    assert (page.returncode, page.stderr) == (2, b"")
    assert re.search(rb"\n    first_byte +[\d.]+ ms +#+\n", page.stdout)
    assert json.loads(document.stdout.decode("ascii"))[0]["excerpt"].startswith("<h1>Désolé</h1>")
