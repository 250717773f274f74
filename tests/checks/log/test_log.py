"""Log on real files: what counts, when, and that nothing counts twice or is lost."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.base import Observation
from checks.log.kind import KIND, sample
from checks.log.spec import LogSpec

NOW = 1_800_000_000.0
WRITER = Path(__file__).with_name("writer.py")


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _line(age: float, text: str) -> str:
    return f"{_stamp(NOW - age)} {text}\n"


def _spec(log: Path | str, **options: Any) -> LogSpec:
    return LogSpec.model_validate({"path": str(log), **options})


def _look(spec: LogSpec, memo: Any = None, now: float = NOW) -> Observation:
    """One look, its memo as the disk gives it back."""
    seen = sample(spec, memo, now, 20)
    assert json.loads(json.dumps(seen.memo, allow_nan=False)) == seen.memo
    return seen


def test_lines_count_while_the_window_holds_them(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(400, "ERROR old") + _line(299, "ERROR new") + _line(10, "INFO fine"))
    spec = _spec(log)
    seen = _look(spec)
    assert seen.values["errors"] == 1
    assert seen.values["lines"] == 2
    assert seen.values["rate"] == 1 / 300
    assert seen.values["last"] == 299
    later = _look(spec, seen.memo, NOW + 5)
    assert (later.values["errors"], later.values["lines"], later.values["last"]) == (0, 1, 304)


def test_log_that_fell_silent_long_ago_is_told(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(7200, "ERROR old"))
    seen = _look(_spec(log))
    assert (seen.values["errors"], seen.notes) == (
        0,
        ("the newest line is 2h old, more than the window of 5m",),
    )
    assert _look(_spec(log), seen.memo, NOW + 60).notes == ()


def test_first_look_can_leave_out_what_was_there(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(5, "ERROR before"))
    spec = _spec(log, existing=False)
    first = _look(spec)
    assert first.values["errors"] == 0
    with log.open("a") as file:
        file.write(_line(-1, "ERROR after"))
    assert _look(spec, first.memo, NOW + 1).values["errors"] == 1


def test_old_lines_without_a_time_are_as_old_as_their_file(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("ERROR\n")
    os.utime(log, (NOW - 1000, NOW - 1000))
    assert _look(_spec(log)).values["errors"] == 0
    os.utime(log, (NOW - 10, NOW - 10))
    assert _look(_spec(log)).values["errors"] == 1


@pytest.mark.parametrize("hours", [-12, -2, 2, 12])
def test_clock_that_goes_wrong_hides_nothing(tmp_path: Path, hours: int) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(10, "INFO fine"))
    spec = _spec(log)
    first = _look(spec)
    with log.open("a") as file:
        file.write(_line(hours * 3600.0, "ERROR unseen"))
    assert _look(spec, first.memo, NOW + 60).values["errors"] == 1


def test_after_a_long_pause_lines_count_by_their_own_time(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(10, "INFO fine"))
    spec = _spec(log)
    first = _look(spec)
    with log.open("a") as file:
        file.write(_line(-100, "ERROR long ago") + _line(-7100, "ERROR now"))
    assert _look(spec, first.memo, NOW + 7200).values["errors"] == 1


def test_patterns_have_names_and_are_ignored_by_others(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(9, "oom: a") + _line(8, "oom: test") + _line(7, "disk oom:") + _line(6, "other"))
    seen = _look(_spec(log, match={"oom": "oom:", "disk": "^.{20} disk"}, ignore=["test"]))
    assert {name: seen.values[name] for name in ("errors", "oom", "disk")} == {
        "errors": 2,
        "oom": 2,
        "disk": 1,
    }
    assert [note.partition(" 2027")[0] for note in seen.notes] == ["oom: first of 2:", "disk:"]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("2027-01-15 08:00:00 ERROR x", True),
        ("2027-01-15 08:00:00 [error] 1#0: x", True),
        ("2027-01-15 08:00:00 [core:crit] x", True),
        ("level=fatal msg=x", True),
        ("E0115 08:00:00.000000 1 x.go:1] x", True),
        ("Jan 15 08:00:00 host app[1]: error: x", True),
        ("panic: x", True),
        ("2027-01-15 08:00:00 INFO no ERROR found", False),
        ("2027-01-15 08:00:00 WARN x", False),
        ("2027-01-15 08:00:00 INFO THREAD RECENT", False),
        ("Traceback (most recent call last):", True),
        ('Exception in thread "main" java.lang.NullPointerException', True),
        ("GET /error.html 200", False),
        ("I0115 08:00:00.000000 1 x.go:1] error", False),
        ('{"level":"error","msg":"x"}', True),
        ('{"level":50,"msg":"x"}', True),
        ('{"severity":"CRITICAL","message":"x"}', True),
        ('{"log":{"level":"error"},"message":"x"}', True),
        ('{"level":"info","msg":"an error"}', False),
        ('{"level":30,"msg":"ERROR"}', False),
        ('{"level":', False),
    ],
)
def test_without_options_what_calls_itself_an_error_counts(tmp_path: Path, line: str, counts: bool) -> None:
    log = tmp_path / "app.log"
    log.write_text("")
    first = _look(_spec(log))
    log.write_text(line + "\n")
    assert _look(_spec(log), first.memo).values["errors"] == int(counts)


def test_level_and_pattern_must_both_be_met(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(
        _line(9, "ERROR pay") + _line(8, "INFO pay") + _line(7, "ERROR ship") + _line(6, "FATAL pay")
    )
    assert _look(_spec(log, match="pay", level="error")).values["errors"] == 2
    assert _look(_spec(log, match="pay", level="critical")).values["errors"] == 1


def test_field_is_what_patterns_look_at(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    docker = json.dumps({"log": "pay failed\n", "stream": "stdout", "time": _stamp(NOW - 5)})
    nested = json.dumps({"ts": NOW - 5, "ctx": {"why": "pay failed"}, "path": "/x"})
    log.write_text(f'{docker}\n{nested}\n{{"path": "pay failed"}}\npay failed in plain text\n')
    assert _look(_spec(log, match="^pay failed$", field="log")).values["errors"] == 1
    assert (
        _look(_spec(log, match="pay failed", field="ctx.why")).values["errors"] == 2
    )  # plain text as a whole


def test_evidence_is_the_first_line_masked_and_safe(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(
        _line(9, "ERROR \x1b[31m password=hunter2 \u202e for ann@example.org").encode()
        + _line(8, "ERROR second").encode()
    )
    (note,) = _look(_spec(log)).notes
    assert note.startswith("first of 2: 2027-01-15T")
    assert note.isprintable()
    assert "hunter2" not in note
    assert "ann@example" not in note


def test_memo_holds_no_secret_and_what_was_ignored_stays_so(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(9, "could not serve postgres://app:hunter2@db/x") + "\tby: x\n")
    spec = _spec(log, match="ERROR", ignore="hunter2")
    seen = _look(spec)
    assert "hunter2" not in json.dumps(seen.memo)
    with log.open("a") as file:
        file.write("\tERROR\n")
    assert _look(spec, seen.memo).values["errors"] == 0
    assert _look(_spec(log, match="ERROR"), seen.memo | {"open": {}}).values["errors"] == 1


@pytest.mark.parametrize(
    "memo", [10**400, {"at": 1}, "x", [10**400, 1, "", "", "", 1, [], False], float("nan")]
)
def test_memo_of_another_shape_is_no_memo(tmp_path: Path, memo: Any) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(9, "ERROR"))
    parts = ("log", "read_all_at", "window", "evidence", "open", "last")
    odd = dict.fromkeys(parts, memo) | {"open": {str(log): memo}, "evidence": [memo, [memo, "a", "b"]]}
    for each in (memo, odd):
        assert sample(_spec(log), each, NOW, 20).values["errors"] == 1


def test_evidence_goes_with_the_window(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(200, "ERROR one") + _line(100, "ERROR two"))
    first = _look(_spec(log))
    assert "one" in first.notes[0]
    second = _look(_spec(log), first.memo, NOW + 150)
    assert second.notes == (_line(100, "ERROR two").strip(),)
    assert _look(_spec(log), second.memo, NOW + 500).notes == ()


def test_file_that_is_not_there_is_unknown_with_a_remedy(tmp_path: Path) -> None:
    seen = _look(_spec(tmp_path / "absent.log"))
    assert seen.blind is not None
    assert "check `path`" in seen.blind


def test_file_that_cannot_be_read_hides_no_error_in_another(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(_line(9, "ERROR"))
    spec = LogSpec.model_validate({"path": [str(log), str(tmp_path)]})
    seen = _look(spec)
    assert seen.values["errors"] == 1
    assert any("directory" in note for note in seen.notes)
    log.write_text(_line(9, "INFO"))
    assert _look(spec).blind is not None


@pytest.mark.parametrize(
    "line",
    [
        b"ERROR " + b"x" * 900_000,
        b"\x00\x00ERROR\x00",
        b"\xff\xfe ERROR \x80",
        b"ERROR \x1b]0;title\x07",
        b"{" * 100_000 + b"ERROR",
        b'{"a":' * 50_000 + b"ERROR",
        b"2027-01-15T08:00:00Z " * 1000 + b"ERROR",
    ],
    ids=["long", "nuls", "not utf-8", "escapes", "braces", "deep", "dates"],
)
def test_hostile_line_counts_like_any_other(tmp_path: Path, line: bytes) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"")
    first = _look(_spec(log, match="ERROR"))
    log.write_bytes(line + b"\nfine\n" + line + b"\n")
    seen = _look(_spec(log, match="ERROR"), first.memo)
    assert seen.values["errors"] == 2
    assert all(len(note) < 400 and note.isprintable() for note in seen.notes)


def test_line_beyond_a_megabyte_stops_nothing(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"")
    first = _look(_spec(log, match="ERROR"))
    log.write_bytes(b"x" * (3 << 20) + b"\nERROR\n")
    assert _look(_spec(log, match="ERROR"), first.memo).values["errors"] == 1


pieces = st.lists(
    st.one_of(
        st.binary(max_size=30).map(lambda data: data.replace(b"\0", b"").replace(b"\r", b"") + b"\n"),
        st.builds(
            lambda age, word: _line(float(age), word).encode(),
            st.integers(0, 700),
            st.sampled_from(["ERROR", "fine", "oom", "ERROR oom", "{", "Traceback (most recent call last):"]),
        ),
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(st.lists(pieces, min_size=1, max_size=4))
def test_any_bytes_give_values_and_looks_between_them_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    whole, bit_by_bit = folder / "whole.log", folder / "bits.log"
    for log in (whole, bit_by_bit):
        log.write_bytes(b"")
    memo, first = None, _look(_spec(whole, match="ERROR|oom", window="1d")).memo
    seen = _look(_spec(bit_by_bit, match="ERROR|oom", window="1d"))
    for part in parts:
        memo = seen.memo
        for log in (whole, bit_by_bit):
            with log.open("ab") as file:
                file.write(b"".join(part))
        seen = _look(_spec(bit_by_bit, match="ERROR|oom", window="1d"), memo)
    at_once = _look(_spec(whole, match="ERROR|oom", window="1d"), first)
    assert seen.values["errors"] == at_once.values["errors"]
    assert seen.values["lines"] == at_once.values["lines"]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-5, 1300), st.booleans()), max_size=300),
    st.sampled_from([1, 60, 300, 1200]),
)
def test_counts_are_those_of_a_naive_recount(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[int, bool]], window: int
) -> None:
    log = tmp_path_factory.mktemp("log") / "app.log"
    log.write_text("".join(_line(age, "ERROR" if bad else "fine") for age, bad in written))
    seen = _look(_spec(log, match="ERROR", window=f"{window}s"))
    step = -(-window // 600)
    first = (NOW - window) // step * step
    inside = [bad for age, bad in written if NOW - age >= first]
    assert seen.values["errors"] == sum(inside)
    assert seen.values["lines"] == len(inside)


def test_quick_way_over_dull_lines_counts_like_the_slow_one(tmp_path: Path) -> None:
    rng = random.Random(4)
    lines = []
    for _ in range(20_000):
        age = rng.choice([1, 2, 3, 400, 401])
        text = "ERROR" if rng.random() < 0.0005 else rng.choice(["fine", "\tindented", "", "undated"])
        lines.append(_line(age, text) if text in {"ERROR", "fine"} else text + "\n")
    log = tmp_path / "app.log"
    log.write_text("")
    quick, slow = _spec(log, match="ERROR"), _spec(log, match=r"ERROR|\A\z\A")
    memos = [_look(spec).memo for spec in (quick, slow)]
    log.write_text("".join(lines))
    one, other = (_look(spec, memo) for spec, memo in zip((quick, slow), memos, strict=True))
    assert one.values == other.values
    assert one.values["errors"] == sum("ERROR" in line for line in lines)


@pytest.mark.parametrize("how", ["create", "copytruncate", "compress"])
def test_logrotate_loses_and_doubles_nothing(tmp_path: Path, how: str) -> None:
    logrotate = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
    if logrotate is None:
        pytest.skip("logrotate is not installed")
    log, state, rules = tmp_path / "app.log", tmp_path / "state", tmp_path / "rules"
    log.write_text("")
    rules.write_text(
        f"{log} {{\n rotate 50\n size 1\n missingok\n {how if how != 'compress' else 'create 0644'}\n"
        f" {'compress' if how == 'compress' else 'nocompress'}\n}}\n"
    )
    rules.chmod(0o644)
    spec = _spec(log, match={"every": "ERROR", "seventh": "ERROR seventh"}, window="1d")
    now = time.time()
    memo = sample(spec, None, now, 20).memo
    written = seventh = 0
    for turn in range(12):
        with log.open("a") as file:
            for number in range(50):
                kind = "seventh" if number % 7 == 0 else "plain"
                file.write(f"{_stamp(now)} ERROR {kind} {turn}.{number}\n")
                written, seventh = written + 1, seventh + (kind == "seventh")
        if turn % 3 != 1:
            subprocess.run([logrotate, "--state", state, rules], check=True, timeout=60, capture_output=True)
        if turn % 2:
            seen = sample(spec, memo, now, 20)
            memo = json.loads(json.dumps(seen.memo))
            assert (seen.values["every"], seen.values["seventh"]) == (written, seventh)


def test_writer_that_renames_its_log_is_counted_exactly(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("")
    spec = _spec(log, match="ERROR", window="1d")
    memo = sample(spec, None, time.time(), 20).memo
    with subprocess.Popen([sys.executable, str(WRITER), str(log), "4000"], stdout=subprocess.PIPE) as writer:
        deadline = time.monotonic() + 60
        while writer.poll() is None and time.monotonic() < deadline:
            memo = json.loads(json.dumps(sample(spec, memo, time.time(), 20).memo))
        assert writer.stdout is not None
        written = int(writer.stdout.read())
    assert sample(spec, memo, time.time(), 20).values["errors"] == written


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "wants path"),
        ({"path": "/x", "unit": "x"}, "two checks"),
        ({"path": "x.log"}, "path from the root"),
        ({"path": "/x", "match": "a("}, "not a RE2 pattern"),
        ({"path": "/x", "match": ""}, "empty pattern"),
        ({"path": "/x", "match": {"errors": "a"}}, "taken"),
        ({"path": "/x", "match": {"body": "a"}}, "taken"),
        ({"path": "/x", "match": {"A b": "a"}}, "cannot name"),
        ({"unit": "--flag"}, "expected a unit"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(told)):
        LogSpec.model_validate(options)


def test_names_of_patterns_are_values_to_ask_for() -> None:
    assert KIND.named is not None
    assert set(KIND.named(_spec("/x", match={"oom": "a", "disk": "b"}))) == {"oom", "disk"}
