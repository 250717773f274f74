"""What is said of a job: in time, late, failed, overlapping, not known; and what is not held against it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.heartbeat import KIND
from checks.heartbeat.memory import Job, Report, Run, job_of
from checks.heartbeat.signals import signal_of
from checks.heartbeat.spec import HeartbeatSpec
from checks.judge import Rules
from checks.judge import judge as judged
from config.conditions import parse
from tests.checks.heartbeat.told import T0, Told

RUN, OTHER = "0aa2c1de-0000-4000-8000-000000000001", "0aa2c1de-0000-4000-8000-000000000002"


def hourly(**options: Any) -> Told:
    told = Told({"every": "1h", "grace": "5m", **options})
    told.say()
    return told


def test_a_job_is_in_time_until_its_grace_is_over_and_down_from_that_moment_on() -> None:
    told = hourly()
    told.wait(3600 + 300 - 1)
    assert told.status() == "ok"
    told.wait(1)
    reading = told.reading()
    assert (reading.status, reading.values["late"], reading.values["missed"]) == ("down", 300.0, 1)
    assert "a report was due at 2026-09-21T15:13:20Z, with 5m of grace" in reading.message
    told.say()
    assert told.status() == "ok"


def test_late_holds_at_the_very_moment_even_without_any_grace() -> None:
    told = hourly(grace="0")
    told.wait(3600)
    assert told.status() == "down"


def test_before_the_first_report_nothing_is_known_however_long_it_takes() -> None:
    told = Told({"every": "1h", "grace": "5m"})
    told.wait(10 * 3600, turn=60)
    reading = told.reading()
    assert (reading.status, reading.message) == ("unknown", "no report has come yet")
    assert reading.values["last"] is None


def test_each_report_that_was_due_is_counted_as_missed_until_one_comes() -> None:
    told = hourly()
    told.wait(4 * 3600 + 299)
    assert told.look().values["missed"] == 3
    told.wait(1)
    assert told.look().values["missed"] == 4
    told.say("fail")
    assert told.look().values["missed"] == 0


def test_missed_moments_of_an_expression_are_counted_and_the_count_has_an_end() -> None:
    told = Told({"cron": "*/10 * * * *", "grace": "1m"})
    told.say()
    told.wait(3600 + 61, turn=60)
    assert told.look().values["missed"] == 6
    told.wait(20 * 3600, turn=100)
    assert told.look().values["missed"] == 100


def test_a_failure_is_down_at_once_with_exit_code_and_last_line_and_kept_until_a_success() -> None:
    told = hourly()
    told.say("3", body=b"copying\nno space left on device\n")
    reading = told.reading()
    assert (reading.status, reading.message) == (
        "down",
        "the job failed with exit code 3: no space left on device",
    )
    assert reading.values["exit"] == 3
    assert "copying" in reading.excerpt
    told.say("start")
    assert told.status() == "down"
    told.say("0")
    assert (told.status(), told.look().values["exit"]) == ("ok", 0)
    told.say("fail")
    assert told.reading().message == "the job reported that it failed"
    told.say("137")
    assert told.reading().message == "the job failed with exit code 137 (signal 9)"


def test_the_time_between_start_and_end_is_told() -> None:
    told = hourly()
    told.say("start")
    told.now += 90
    assert told.look().values["running"] == 90.0
    told.say()
    values = told.look().values
    assert (values["took"], values["running"], values["last"]) == (90.0, None, 0.0)
    told.say()
    assert told.look().values["took"] is None


def test_a_run_that_does_not_end_in_its_time_is_late_although_no_report_is_due() -> None:
    told = hourly(max_runtime="10m")
    told.say("start")
    told.wait(599)
    assert told.status() == "ok"
    told.wait(1)
    reading = told.reading()
    assert reading.status == "down"
    assert "the run begun at 2026-09-21T14:13:20Z was to end by 2026-09-21T14:23:20Z" in reading.message
    told.say()
    assert told.status() == "ok"


def test_a_run_under_way_is_given_its_time_before_its_report_is_late() -> None:
    told = hourly(max_runtime="2h")
    told.wait(3500)
    told.say("start")
    told.wait(7000)
    assert told.status() == "ok"
    told.wait(200)
    assert told.status() == "down"


def test_a_job_that_begins_again_and_again_and_never_ends_is_late_in_the_end() -> None:
    told = hourly(max_runtime="2h")
    statuses = set()
    for _ in range(6):
        told.wait(3600)
        told.say("start")
        statuses.add(told.status())
    assert "down" in statuses


def test_runs_that_overlap_are_told_until_all_have_ended() -> None:
    told = hourly(max_runtime="1h")
    told.say("start", run=RUN)
    told.now += 60
    told.say("start", run=OTHER)
    assert (told.status(), told.look().values["overlapping"]) == ("degraded", 1)
    told.now += 60
    told.say(run=RUN)
    assert told.look().values["took"] == 120.0
    assert told.status() == "degraded"
    told.say(run=OTHER)
    assert (told.status(), told.look().values["took"]) == ("ok", 60.0)


def test_one_without_a_name_that_begins_again_overlaps_and_its_end_clears_it() -> None:
    told = hourly()
    told.say("start")
    told.now += 10
    told.say("start")
    assert told.status() == "degraded"
    told.say()
    assert told.status() == "ok"


def test_what_a_crash_left_open_is_forgotten_with_the_next_success_after_its_time() -> None:
    told = hourly()
    told.say("start", run=RUN)
    told.wait(301)
    assert told.status() == "down"
    told.say(run=OTHER)
    assert (told.status(), told.look().values["running"]) == ("ok", None)


def test_a_paused_job_is_expected_no_more_until_it_reports_again() -> None:
    told = hourly()
    told.say("pause")
    told.wait(24 * 3600, turn=60)
    assert told.reading().message == "the job is paused until its next report"
    assert told.status() == "unknown"
    told.say()
    assert told.status() == "ok"
    told.wait(3900)
    assert told.status() == "down"


def test_words_alone_make_a_job_neither_late_nor_in_time() -> None:
    told = Told({"every": "1h", "grace": "5m"})
    told.say("log", body=b"about to begin")
    assert told.status() == "unknown"
    told.say()
    told.say("log", body=b"still copying")
    assert (told.status(), told.look().body) == ("ok", "still copying")
    told.wait(3900)
    told.say("log", body=b"nearly there")
    assert told.status() == "down"


def test_our_own_absence_makes_nothing_late_but_a_second_lack_does() -> None:
    told = hourly()
    told.wait(3500)
    told.now += 1000  # stopped before the report was due, started after its grace was over
    told.listening = told.now
    reading = told.reading()
    assert reading.status == "unknown"
    assert "nobody listened from 2026-09-21T15:11:40Z to 2026-09-21T15:28:20Z" in reading.message
    told.wait(3600 + 299)
    assert told.status() == "unknown"
    told.wait(1)
    assert told.status() == "down"
    told.say()
    assert told.status() == "ok"


def test_what_was_late_before_we_left_is_late_when_we_come_back() -> None:
    told = hourly()
    told.wait(3901)
    assert told.status() == "down"
    told.now += 500
    told.listening = told.now
    assert told.status() == "down"


def test_an_absence_long_before_the_report_is_due_excuses_nothing() -> None:
    told = hourly()
    told.wait(1000)
    told.now += 60
    told.listening = told.now
    told.look()
    told.wait(3900 - 1060)
    assert told.status() == "down"


def test_a_short_absence_just_when_the_report_is_due_leaves_the_job_unknown_and_not_late() -> None:
    told = hourly()
    told.wait(3599)
    told.now += 3
    told.listening = told.now
    assert told.status() == "ok"
    told.wait(298)
    assert told.status() == "unknown"


def test_a_run_whose_end_may_have_come_unheard_is_unknown_and_not_late() -> None:
    told = hourly(max_runtime="10m")
    told.say("start")
    told.wait(300)
    told.now += 60
    told.listening = told.now
    told.wait(600)
    assert told.reading().message == "the end of a run may have come while nobody listened"
    told.say()
    assert told.status() == "ok"


def test_a_host_that_slept_is_an_absence_too() -> None:
    told = hourly()
    told.wait(3000)
    told.now += 8 * 3600
    assert told.status() == "unknown"


@given(st.floats(1, 1e6), st.floats(0, 3500))
def test_a_clock_that_is_set_back_makes_nothing_late_and_nothing_late_for_ever(
    step: float, after: float
) -> None:
    told = hourly()
    told.wait(after, turn=100)
    told.now -= step
    told.listening -= step
    assert told.status() == "ok"
    told.wait(3901 - after, turn=100)
    assert told.status() == "down"


def test_a_report_right_after_the_clock_was_set_back_is_as_fresh_as_any() -> None:
    told = hourly()
    told.wait(3000)
    told.now -= 1800
    told.say()
    told.wait(3800)
    assert told.status() == "ok"


def test_under_an_expression_a_clock_from_the_future_costs_one_moment_at_most() -> None:
    told = Told({"cron": "0 * * * *", "grace": "5m"}, now=T0 + 10 * 365 * 86400)
    told.say()
    told.look()
    told.now = told.listening = T0
    assert told.status() == "ok"
    told.wait(2 * 3600 + 400)
    assert told.status() == "down"


def test_by_default_the_grace_is_as_long_as_the_interval_and_an_hour_at_most() -> None:
    told = Told({"every": "1m"})
    told.say()
    told.wait(119, turn=1)
    assert told.status() == "ok"
    told.wait(1)
    assert told.status() == "down"
    assert HeartbeatSpec.model_validate({"cron": "30 2 * * *"}).grace_after(T0) == 3600
    assert HeartbeatSpec.model_validate({"cron": "* * * * *"}).grace_after(T0 - T0 % 60) == 60


def test_evidence_is_capped_and_masked_and_bytes_that_are_no_text_are_kept() -> None:
    told = hourly(max_body="64B")
    told.say(body=b"password=hunter22 " + b"x" * 100)
    assert job_of(told.memo).last is not None
    assert told.look().body == "password=*** " + "x" * (64 - 18)
    told.say(body=b"Hello \xe9 World")
    last = job_of(told.memo).last
    assert last is not None
    assert last.body.encode("utf-8", "surrogateescape") == b"Hello \xe9 World"
    assert told.look().body == "Hello \ufffd World"


def test_conditions_may_ask_for_what_was_sent_along() -> None:
    told = hourly()
    told.say(body=b"3 files copied, 1 ERROR")
    own = Rules(KIND, [parse('body contains "ERROR"', KIND.measures)], [])
    assert judged(told.look(), own, 0, 0.0).status == "down"


@pytest.mark.parametrize("word", ["777", "-1", "stop", "1e2", "START", "٣"])
def test_a_word_that_means_nothing_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="expected start, fail"):
        signal_of(word, "")


@pytest.mark.parametrize("run", ["x", RUN + "0", "684e2e73-017e-465f-8149-d70b7c5aaa490", "é" * 36])
def test_a_run_id_that_is_none_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match="UUID"):
        signal_of("start", run)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["last", "runs", "away", "seen", "listening", "overlapping", "paused", "at", "took"]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(ANY_JSON)
def test_no_memo_breaks_the_judging(memo: Any) -> None:
    assert KIND.judge is not None
    spec = HeartbeatSpec.model_validate({"every": "1h"})
    seen = KIND.judge(spec, memo, T0, T0)
    assert job_of(json.loads(json.dumps(seen.memo))) == job_of(seen.memo)
    turn = KIND.turn(spec, seen.memo, T0)
    assert turn is None or turn > T0


JOBS = st.builds(
    Job,
    last=st.none()
    | st.builds(
        Report,
        at=st.floats(0, 2e9),
        ok=st.booleans(),
        exit=st.none() | st.integers(0, 255),
        took=st.none() | st.floats(0, 1e6),
        body=st.text(max_size=20),
        client=st.just("127.0.0.1"),
    ),
    runs=st.dictionaries(st.sampled_from(["", RUN, OTHER]), st.builds(Run, st.floats(0, 2e9), st.booleans())),
    overlapping=st.integers(0, 5),
    paused=st.booleans(),
    seen=st.none() | st.floats(0, 2e9),
    listening=st.none() | st.floats(0, 2e9),
    away=st.none() | st.tuples(st.floats(0, 2e9), st.floats(0, 2e9)),
)


@given(JOBS)
def test_a_memo_gives_back_what_was_known(job: Job) -> None:
    assert job_of(json.loads(json.dumps(job.memo()))) == job


@given(JOBS, st.floats(1e9, 2e9))
def test_nothing_changes_before_the_next_turn(job: Job, now: float) -> None:
    """The daemon may sleep until then: what is said just before it is what is said now."""
    assert KIND.judge is not None
    spec = HeartbeatSpec.model_validate({"every": "10s", "grace": "7s", "max_runtime": "20s"})
    first = KIND.judge(spec, job.memo(), now, now)
    turn = KIND.turn(spec, first.memo, now)
    later = now + 25 if turn is None else min(turn - 0.001, now + 25)
    if later > now:
        second = KIND.judge(spec, first.memo, later, now)
        assert (bool(first.values["late"]), first.failure, first.says) == (
            bool(second.values["late"]),
            second.failure,
            second.says,
        )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "wants to know when reports are due"),
        ({"every": "1h", "cron": "@daily"}, "takes one of every:, cron:"),
        ({"every": "1h", "key": "short"}, "a key is 8 to 128"),
        ({"every": "1h", "key": "with a blank in it"}, "a key is 8 to 128"),
        ({"every": "1h", "max_body": "1MiB"}, "less than or equal"),
    ],
)
def test_options_that_do_not_fit_are_told(options: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        HeartbeatSpec.model_validate(options)
