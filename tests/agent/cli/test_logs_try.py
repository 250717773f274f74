"""`tocsin logs try`: what it prints, what it reads, what it refuses."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agent.cli.conftest import Ended

COMMAND = Path(sys.executable).with_name("tocsin")
LINE = '{client} - - [17/May/2015:10:05:{second:02} +0200] "GET {path} HTTP/1.1" {status} 100 "{referrer}" "agent"\n'
Tocsin = Callable[..., Ended]


def line(status: int = 200, **other: Any) -> str:
    return LINE.format(
        **{"client": "1.2.3.4", "second": 3, "path": "/p", "referrer": "-", "status": status, **other}
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "access.log"
    file.write_text(
        line() * 6
        + line(
            404,
            path="/gone?token=secret",
            client="2001:db8::1",
            second=4,
            referrer="https://r.example/?q=secret",
        )
        + line(503, path="/reset/password=hunter2hunter2", second=1)
        + "\x16\x03\x01 garbage\n\n"
    )
    return file


def test_the_document_is_as_the_contract_has_it(tocsin: Tocsin, log: Path) -> None:
    ended = tocsin("logs", "try", str(log), "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document == {
        "format": "combined",
        "lines": 10,
        "malformed": 1,
        "requests": 8,
        "status": {"200": 6, "404": 1, "503": 1},
        "rate_404": 0.125,
        "rate_5xx": 0.125,
        "hosts": {"1.2.3.4": 7, "2001:db8::1": 1},
        "first": "2015-05-17T08:05:01Z",
        "last": "2015-05-17T08:05:04Z",
    }
    assert list(ended.document) == [
        "format", "lines", "malformed", "requests", "status", "rate_404", "rate_5xx", "hosts", "first", "last"
    ]  # fmt: skip


def test_people_are_told_what_failed_most_without_secrets_in_80_columns(tocsin: Tocsin, log: Path) -> None:
    with log.open("a") as more:
        more.writelines(line(404, path=f"/{'long' * 60}{number}", client="x" * 300) for number in range(9))
        more.writelines(line(500, path="/\x1b[31mred\u202e") for _ in range(4))
    ended = tocsin("logs", "try", str(log))
    assert ended.code == 0
    assert "combined: 23 lines, 21 requests, 1 malformed" in ended.out
    assert "top failing paths" in ended.out
    assert "404 /gone" in ended.out
    assert "secret" not in ended.out and "hunter2" not in ended.out
    assert "\x1b" not in ended.out and "\u202e" not in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


def test_compressed_logs_and_stdin_are_read_the_same(log: Path) -> None:
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    plain = run(str(log), "--json")
    assert plain.returncode == 0
    assert run(str(packed), "--json").stdout == plain.stdout
    assert run("-", "--json", given=log.read_bytes()).stdout == plain.stdout
    assert run("-", "--json", given=packed.read_bytes()).stdout == plain.stdout


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The installed command, without any configuration."""
    return subprocess.run(
        [COMMAND, "logs", "try", *words], input=given, capture_output=True, timeout=60, check=False
    )


def test_an_empty_log_has_no_rates(tocsin: Tocsin, tmp_path: Path) -> None:
    file = tmp_path / "empty.log"
    file.write_bytes(b"")
    ended = tocsin("logs", "try", str(file), "--json")
    assert ended.code == 0
    assert (ended.document["format"], ended.document["requests"], ended.document["hosts"]) == (None, 0, {})
    assert [ended.document[name] for name in ("rate_404", "rate_5xx", "first", "last")] == [None] * 4
    assert tocsin("logs", "try", str(file)).out == "empty: 0 lines, 0 requests, 0 malformed\n"


def test_a_log_whose_lines_go_over_the_blocks_loses_none(tocsin: Tocsin, tmp_path: Path) -> None:
    file = tmp_path / "large.log"
    file.write_text(line(path="/" + "x" * 997) * 20_000)
    document = tocsin("logs", "try", str(file), "--json").document
    assert (document["lines"], document["requests"], document["malformed"]) == (20_000, 20_000, 0)


def test_a_file_that_cannot_be_read_is_said_so(tocsin: Tocsin, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(os.urandom(1000))[:300])
    for name, said in (
        (str(tmp_path / "absent.log"), "no such file or directory"),
        (str(tmp_path), "is a directory"),
        (str(cut), "ends in the middle"),
        ("\0", "null"),
    ):
        ended = tocsin("logs", "try", name, "--json")
        assert (ended.code, ended.out) == (64, "")
        assert said in ended.err


def test_lines_of_no_known_format_are_shown_with_what_to_do(tocsin: Tocsin, tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(b"\n\nuser \x1b]0;x\x07 logged in password=hunter2\xff\nsecond\n")
    ended = tocsin("logs", "try", str(file))
    assert (ended.code, ended.out) == (64, "")
    assert "user \\x1b]0;x\\x07 logged in password=***" in ended.err
    assert "combined" in ended.err and "--format" in ended.err
    assert "\x1b" not in ended.err and "hunter2" not in ended.err


@pytest.mark.parametrize(
    ("begin", "how"),
    [(b"BZh91AY&SY", "bzcat"), (b"\xfd7zXZ\0\0", "xzcat"), (b"\x28\xb5\x2f\xfd\x04", "zstdcat"),
     (b"PK\x03\x04\x14", "unzip -p"), (b"\xff\xfe1\0.\0", "iconv -f UTF-16")],
)  # fmt: skip
def test_what_is_packed_is_refused_with_how_to_unpack_it(
    tocsin: Tocsin, tmp_path: Path, begin: bytes, how: str
) -> None:
    file = tmp_path / "access.log"
    file.write_bytes(begin + b"\x80\x81 rest\n")
    ended = tocsin("logs", "try", str(file))
    assert ended.code == 64
    assert f"try '{how}" in ended.err and "FILE | tocsin logs try -'" in ended.err


def test_a_format_can_be_named_or_written(tocsin: Tocsin, tmp_path: Path, log: Path) -> None:
    file = tmp_path / "own.log"
    file.write_text("1.2.3.4 [17/May/2015:10:05:03 +0000] 404 /p\n" * 2)
    for format_ in (
        "$remote_addr [$time_local] $status $uri",
        "%h %t %>s %U",
        r"(?P<host>\S+) \[(?P<time>.*?)\] (?P<status>\d+)",
    ):
        document = tocsin("logs", "try", str(file), "--format", format_, "--json").document
        assert (document["requests"], document["rate_404"], document["hosts"]) == (2, 1.0, {"1.2.3.4": 2})
    assert tocsin("logs", "try", str(log), "--format", "nginx", "--json").document["requests"] == 8
    assert tocsin("logs", "try", str(log), "-f", "alb", "--json").document["malformed"] == 9


def test_a_format_that_fits_no_line_is_told_with_the_first_of_them(tocsin: Tocsin, log: Path) -> None:
    ended = tocsin("logs", "try", str(log), "--format", "haproxy")
    assert ended.code == 0
    assert "0 requests, 9 malformed" in ended.out
    assert "No line is of this format" in ended.out and "1.2.3.4 - - [17/May/2015" in ended.out


def test_an_unknown_format_is_refused_with_the_nearest(tocsin: Tocsin, log: Path) -> None:
    ended = tocsin("logs", "try", str(log), "--format", "combned")
    assert (ended.code, ended.out) == (64, "")
    assert "did you mean combined?" in ended.err
    assert tocsin("logs", "try", str(log), "--format", "$status").err.count("add $time_local") == 1


def test_every_real_log_goes_through_the_command(tocsin: Tocsin, shared: Path) -> None:
    logs = shared / "real/logs"
    for theirs in sorted(logs.glob("*.goaccess.json")):
        noted = json.loads(theirs.read_text()).get("goaccess")
        if not noted or noted["general"]["failed_requests"]:
            continue
        document = tocsin("logs", "try", str(logs / noted_name(theirs)), "--json").document
        assert document["status"] == dict(sorted(noted["status_counts"].items()))
        assert document["rate_404"] == noted["n404"] / noted["general"]["valid_requests"]
        assert document["rate_5xx"] == noted["n5xx"] / noted["general"]["valid_requests"]
        hosts = {entry["data"]: entry["hits"] for entry in noted["top_hosts"]}
        assert hosts.items() <= document["hosts"].items()


def noted_name(theirs: Path) -> str:
    return theirs.name.removesuffix(".goaccess.json")
