"""What a well-known monitor of cron jobs does in each of its cases, and that we do the same."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from checks.heartbeat import KIND
from checks.heartbeat.expected import expected
from checks.heartbeat.memory import Job, Report, Run, job_of
from checks.heartbeat.spec import HeartbeatSpec
from checks.judge import Rules, judge
from config.conditions import parse
from tests.agent.reporting import KEY, Answer, heartbeat, known, memory, report
from tests.moving_clock import Driven

NOW = 1_790_000_000.0
RUN, NEW_RUN = "0aa2c1de-0000-4000-8000-000000000001", "0aa2c1de-0000-4000-8000-000000000002"
# Words in the body decide nothing by themselves here: `down: body contains "ERROR"` says what is wrong with it.
NOT_OFFERED = {"ping-kw-success-hit", "ping-kw-failure-hit", "ping-kw-start-hit", "ping-kw-manual"}


def test_every_case_is_judged_as_there(shared: Path, tmp_path: Path) -> None:
    cases = json.loads((shared / "real" / "cases_heartbeat.json").read_text(encoding="utf-8"))
    left_out = {case["id"] for case in cases if case.get("optional") and case["id"] in NOT_OFFERED}
    assert left_out == NOT_OFFERED
    run, wrong = 0, {}
    for number, case in enumerate(cases):  # its number names its directory: sockets bear no long paths
        if case["id"] in left_out:
            continue
        run += 1
        found = [*(_over_http(case, tmp_path / str(number)) if "request" in case else _by_state(case))]
        if found:
            wrong[case["id"]] = found
    assert wrong == {}
    assert run == len(cases) - len(NOT_OFFERED) >= 34


def _spec(given: dict[str, Any]) -> HeartbeatSpec:
    options: dict[str, Any] = {
        "zone": given.get("timezone", "UTC"),
        "grace": f"{given.get('grace_s', 3600)}s",
    }
    schedule = given.get("schedule", {})
    if "cron" in schedule:
        options["cron"] = schedule["cron"]
    elif "oncalendar" in schedule:
        options["on_calendar"] = schedule["oncalendar"]
    else:
        options["every"] = f"{given['period_s']}s"
    return HeartbeatSpec.model_validate(options)


def _moment(given: dict[str, Any], name: str, now: float) -> float | None:
    if name in given:
        return datetime.fromisoformat(given[name]).timestamp()
    ago = given.get(f"{name}_ago_s")
    return None if ago is None else now - ago


def _job(given: dict[str, Any], now: float) -> Job:
    last, start = _moment(given, "last_ping", now), _moment(given, "last_start", now)
    return Job(
        last=None if last is None else Report(last, ok=given["stored"] != "down"),
        runs={} if start is None else {"": Run(start)},
        paused=given["stored"] == "paused",
        seen=now,
        listening=0.0,
    )


def _by_state(case: dict[str, Any]) -> Iterator[str]:
    """What differs, judged at the moment of the case."""
    given, expect = case["given"], case["expect"]
    now = datetime.fromisoformat(given["now"]).timestamp() if "now" in given else NOW
    if "now" not in given and "last_ping" in given:
        now = datetime.fromisoformat(given["last_ping"]).timestamp()
    spec, job = _spec(given), _job(given, now)
    assert KIND.judge is not None
    assert KIND.down is not None
    seen = KIND.judge(spec, job.memo(), now, 0.0)
    reading = judge(seen, Rules(KIND, [parse(KIND.down, KIND.measures)], []), 0, 0.0)
    due = expected(job_of(seen.memo), spec)
    state = _state(reading.status.value, reading.message, in_grace=due is not None and now >= due.at)
    if expect.get("state", state) != state and (expect["state"], state) != ("up", "grace"):
        yield f"state {state}"
    if expect.get("shown") == "started" and reading.values["running"] != given["last_start_ago_s"]:
        yield f"running {reading.values['running']}"
    if expect.get("shown") == "started" and state not in (given["stored"], "running"):
        yield f"state {state} after the start"
    if "events" in expect and expect["events"] != int(state == "down" and given["stored"] == "up"):
        yield "an event"
    if "next_expected" in expect and (
        due is None or due.at != datetime.fromisoformat(expect["next_expected"]).timestamp()
    ):
        yield f"next expected {due}"
    if "goes_down_at" in expect:
        goes_down = None if state == "down" or due is None else due.late_at
        after = re.fullmatch(r"last_ping \+ (\d+) s", expect["goes_down_at"] or "")
        wanted = None if after is None or job.last is None else job.last.at + int(after[1])
        if goes_down != wanted:
            yield f"goes down at {goes_down}, not {wanted}"


def _state(status: str, message: str, *, in_grace: bool) -> str:
    """Our verdict in the words of the cases."""
    if status == "unknown":
        return "paused" if "paused" in message else "new"
    if status == "ok":
        return "grace" if in_grace else "up"
    return status


def _over_http(case: dict[str, Any], directory: Path) -> Iterator[str]:
    directory.mkdir()
    return iter(asyncio.run(_asked(case, directory)))


async def _asked(case: dict[str, Any], directory: Path) -> list[str]:
    given, request = case["given"], case["request"]
    limit = {"max_body": f"{given['body_limit']}B"} if "body_limit" in given else {}
    async with Driven(directory, heartbeat(every="24h", grace="1h", **limit)) as driven:
        if given["stored"] == "paused":
            await report(driven, f"{KEY}/pause")
        if "last_start_rid" in given:
            await report(driven, f"{KEY}/start?rid={RUN}")
        await driven.advance(given.get("last_start_ago_s", 1))
        path = request["path"].removeprefix("/ping/").replace("{id}", KEY).replace("{new uuid}", NEW_RUN)
        body = (
            bytes.fromhex(request["body_hex"]) if "body_hex" in request else request.get("body", "").encode()
        )
        answer = await report(driven, path, body, request["method"], request.get("headers", {}))
        return [*_differs(case["expect"], answer, driven)]


def _differs(expect: dict[str, Any], answer: Answer, driven: Driven) -> Iterator[str]:
    job, last = known(driven), memory(driven).last
    report_ = job.last
    told = {
        "status": answer.status,
        "body": answer.body,
        "header": {name: answer.headers.get(name.lower()) for name in expect.get("header", {})},
        "state": None if last is None else _state(last.status.value, last.message, in_grace=False),
        "client": report_ and report_.client,
        "stored_body": report_ and report_.body,
        "stored_body_hex": report_ and report_.body.encode("utf-8", "surrogateescape").hex(),
        "kind": None if report_ is None else "success" if report_.ok else "fail",
        "exit": report_ and report_.exit,
        "reason": "fail" if last is not None and "failed" in last.message else None,
        "run": "still open" if job.runs else "closed",
        "duration": report_ and report_.took,
        "run_id": next(iter(job.runs), None),
    }
    for name, wanted in expect.items():
        if told[name] != wanted:
            yield f"{name} {told[name]!r}, not {wanted!r}"
