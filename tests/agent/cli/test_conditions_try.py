"""`tocsin conditions try`: what it prints, how it ends, and which files it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("tocsin")
READING = {
    "values": {"status": 503, "latency": 0.4},
    "headers": {"Via": ["one", "two"], "Age": 60},
    "body": '{"queue": [1, 2, 3]}',
}


def tried(expression: str, reading: object, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "conditions", "try", expression, "--reading", str(reading), *options],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    file = tmp_path / "r.json"
    file.write_text(json.dumps(READING))
    return file


def test_the_verdict_comes_first_then_each_question_with_what_was_seen(reading: Path) -> None:
    run = tried("status in 200..299 and latency < 800ms or json $.queue[?@ > 2] == 3 for 5m", reading)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "true, must hold 5m",
        "  false    status in 200..299         seen 503",
        "  true     latency < 800ms            seen 400ms",
        "  true     json $.queue[?@ > 2] == 3  seen 3",
    ]


def test_unknown_is_said_with_the_limit_that_made_it_so(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text(json.dumps({"body": "ab" * 50_000}))
    run = tried('body matches "a[ab]{40}c" 3 of 5', file)
    assert run.returncode == 3
    assert run.stdout.splitlines() == [
        "unknown, must hold 3 of 5",
        '  unknown  body matches "a[ab]{40}c"  this pattern is too costly for a text of 100000 characters',
    ]


def test_json_is_one_document_with_the_verdict_as_exit_code(reading: Path) -> None:
    run = tried('header "Via" == "three" and missing > 1', reading, "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout) == {
        "verdict": "false",
        "leaves": [
            {"text": 'header "Via" == "three"', "value": ["one", "two"], "verdict": "false"},
            {"text": "missing > 1", "value": None, "verdict": "unknown"},
        ],
        "must_hold": None,
    }


def test_a_mistake_in_the_condition_has_a_caret(reading: Path) -> None:
    run = tried("status == 200 and latency > 1sec", reading, "--json")
    assert (run.returncode, run.stdout) == (64, "")
    first, line, caret = run.stderr.splitlines()
    assert first == 'tocsin: unknown unit "sec" (did you mean s?)'
    assert line[caret.index("^") :] == "sec"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"values": {"a": 1}', ":1:20: is no JSON document"),
        (b'{"body": "\xff"}', ": is not UTF-8 text"),
        (b"[1]", ": expected an object like"),
        (b'{"vaules": {}}', ": expected an object like"),
        (b'{"values": [1]}', ": values must be an object"),
        (b'{"body": {}}', ": body must be a text"),
        (b"[" * 200_000, ": is no JSON document"),
        (b"", ":1:1: is no JSON document"),
        (b"0" * 50_000_000, ": is larger than 16 MiB"),
    ],
    ids=["cut", "latin-1", "list", "slip", "values", "body", "deep", "empty", "large"],
)
def test_a_file_that_is_no_reading_gets_one_short_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "r.json"
    file.write_bytes(content)
    run = tried("x > 1", file)
    assert (run.returncode, run.stdout) == (64, "")
    assert run.stderr.startswith(f"tocsin: {file}{said}")
    assert len(run.stderr.splitlines()) == 1
    assert len(run.stderr) < 300


def test_what_is_no_file_is_said_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    told = [tried("x > 1", path).stderr for path in (fifo, tmp_path, tmp_path / "none", "/dev/zero")]
    assert [line.rpartition(": ")[2] for line in told] == [
        "is not a regular file\n",
        "is a directory\n",
        "no such file or directory\n",
        "is not a regular file\n",
    ]
