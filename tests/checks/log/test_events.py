"""Which lines make one event."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.log.kind import sample
from checks.log.spec import LogSpec

NOW = 1_800_000_000.0

JAVA = """\
ERROR [main] c.e.Shop - order 17 failed
java.lang.IllegalStateException: ERROR in the ledger
\tat com.example.Shop.order(Shop.java:10)
\tat com.example.Main.main(Main.java:3)
Caused by: java.io.IOException: ERROR reading
\tat com.example.Disk.read(Disk.java:7)
\t... 2 more
"""
PYTHON = """\
ERROR:root:could not serve
Traceback (most recent call last):
  File "/srv/app.py", line 3, in serve
    answer()
ValueError: ERROR in the answer

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app.py", line 9, in main
    serve()
RuntimeError: ERROR again
"""
GO = """\
panic: ERROR: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.ERROR(0x3)
\t/srv/main.go:7 +0x1d
created by main.main in goroutine 1
\t/srv/main.go:3 +0x25
exit status 2
"""
SYSLOG = """\
Nov 22 04:29:01 web1 app[12]: ERROR could not serve
Nov 22 04:29:01 web1 app[12]: Traceback (most recent call last):
Nov 22 04:29:01 web1 app[12]:   File "/srv/app.py", line 3, in serve
Nov 22 04:29:01 web1 app[12]: ValueError: ERROR in the answer
"""
CONTAINER = """\
2027-01-15T08:00:00.1Z stderr F ERROR could not serve
2027-01-15T08:00:00.1Z stderr F Traceback (most recent call last):
2027-01-15T08:00:00.1Z stderr F   File "/srv/app.py", line 3, in serve
2027-01-15T08:00:00.1Z stderr F ValueError: ERROR in the answer
"""
TRACES = {"java": JAVA, "python": PYTHON, "go": GO, "syslog": SYSLOG, "container": CONTAINER}


def _errors(log: Path, *pieces: str, **options: object) -> int:
    """Errors seen when the pieces are written and looked at one after the other."""
    spec = LogSpec.model_validate({"path": str(log), "match": "ERROR", "window": "31d", **options})
    log.touch()
    memo = sample(spec, None, NOW, 5).memo
    seen = 0
    for piece in pieces:
        with log.open("a") as file:
            file.write(piece)
        look = sample(spec, memo, NOW, 5)
        memo, errors = look.memo, look.values["errors"]
        assert isinstance(errors, int)
        seen = errors
    return seen


@pytest.mark.parametrize("name", TRACES)
def test_trace_is_one_event(tmp_path: Path, name: str) -> None:
    assert _errors(tmp_path / "log", f"all is well\n{TRACES[name]}all is well again\n") == 1


@pytest.mark.parametrize("name", TRACES)
def test_traces_in_a_row_are_as_many_events(tmp_path: Path, name: str) -> None:
    assert _errors(tmp_path / "log", TRACES[name] * 3) == 3


@pytest.mark.parametrize("name", TRACES)
def test_trace_that_is_cut_by_a_look_is_still_one(tmp_path: Path, name: str) -> None:
    lines = (TRACES[name] * 2).splitlines(keepends=True)
    for cut in range(1, len(lines)):
        log = tmp_path / f"log{cut}"
        assert _errors(log, "".join(lines[:cut]), "".join(lines[cut:])) == 2, cut
    assert _errors(tmp_path / "each", *lines) == 2


def test_trace_below_a_line_that_blames_nothing_is_an_event_of_its_own(tmp_path: Path) -> None:
    trace = PYTHON.partition("\n")[2]
    assert _errors(tmp_path / "log", f"INFO health asked\n{trace}", ignore="health") == 1


def test_programs_that_write_at_once_keep_their_events_apart(tmp_path: Path) -> None:
    mixed = "Nov 22 04:29:01 web1 app[12]: ERROR one\nNov 22 04:29:01 web1 db[7]:  ERROR two\n"
    assert _errors(tmp_path / "log", mixed) == 2


def test_ignored_only_by_a_later_line_is_taken_back(tmp_path: Path) -> None:
    assert (
        _errors(tmp_path / "log", "ERROR could not serve\n", "\tby: BrokenPipe\n", ignore="BrokenPipe") == 0
    )


def test_matched_only_by_a_later_line_counts(tmp_path: Path) -> None:
    assert _errors(tmp_path / "log", "could not serve: fatal\n", "\tERROR\n") == 1


def test_begin_says_where_events_begin(tmp_path: Path) -> None:
    text = "#1 ERROR\nERROR\nERROR\n#2 fine\n#3 ERROR\n"
    assert _errors(tmp_path / "log", text) == 4
    assert _errors(tmp_path / "other", text, begin=r"^#\d") == 2
