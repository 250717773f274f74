"""A real systemd with real units: running, failed, restarting over and over, on time and too late."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from checks.systemd_unit.kind import KIND
from tests.checks.systemd_unit.box import DRIVER, ROOT, Box, NoBox, booted

SLEEP = "ExecStart=/bin/sleep 600\n"
HOUR = 3600.0


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """One systemd for all of them; each test has units of its own."""
    try:
        with booted(tmp_path_factory.mktemp("box")) as systemd:
            yield systemd
    except NoBox as error:
        pytest.skip(str(error))


def test_running_service(box: Box) -> None:
    box.install(web_service=f"[Service]\n{SLEEP}")
    box.run("systemctl", "start", "web.service")
    seen = box.look("web")
    values = seen["values"]
    assert set(values) <= KIND.value_names
    assert (values["state"], values["sub"], values["result"]) == ("active", "running", "success")
    assert (values["failed"], values["stopped"], values["restarting"]) == (0, False, False)
    assert 0 <= values["since"] < 300
    assert (values["restarts"], values["recent_restarts"]) == (0, None)


def test_service_that_failed(box: Box) -> None:
    box.install(bad_service="[Service]\nExecStart=/bin/sh -c 'exit 7'\n")
    box.run("systemctl", "start", "bad.service", check=False)
    box.until(lambda: box.look("bad.service")["values"]["failed"], "bad.service failed")
    values = box.look("bad.service")["values"]
    assert (values["state"], values["result"], values["exit_code"]) == ("failed", "exit-code", 7)
    everyone = box.look("all")["values"]
    assert everyone["failed"] >= 1
    assert "bad.service" in everyone["names"].split()
    box.run("systemctl", "reset-failed", "bad.service")
    assert "bad.service" not in (box.look("all")["values"]["names"] or "").split()


def test_service_that_was_stopped(box: Box) -> None:
    box.install(quiet_service=f"[Service]\n{SLEEP}")
    values = box.look("quiet")["values"]
    assert (values["state"], values["stopped"], values["failed"]) == ("inactive", True, 0)


def test_service_that_runs_once_and_ends_well_is_not_stopped(box: Box) -> None:
    box.install(once_service="[Service]\nType=oneshot\nExecStart=/bin/true\n")
    box.install(stays_service="[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
    box.run("systemctl", "start", "once.service")
    assert box.look("once")["values"]["stopped"] is False
    assert box.look("stays")["values"]["stopped"] is True
    box.run("systemctl", "start", "stays.service")
    assert box.look("stays")["values"]["state"] == "active"


def test_service_that_waits_for_its_timer_is_not_stopped_unless_it_is_enabled(box: Box) -> None:
    service = "[Service]\nType=simple\nExecStart=/bin/true\n"
    box.install(waits_service=service, waits_timer="[Timer]\nOnActiveSec=1h\n")
    box.install(
        both_service=f"{service}[Install]\nWantedBy=box.target\n", both_timer="[Timer]\nOnActiveSec=1h\n"
    )
    box.run("systemctl", "start", "waits.timer", "both.timer")
    box.run("systemctl", "enable", "both.service")
    assert box.look("waits")["values"]["stopped"] is False
    assert box.look("both")["values"]["stopped"] is True


def test_service_that_restarts_over_and_over(box: Box) -> None:
    box.install(
        loop_service="[Unit]\nStartLimitIntervalSec=0\n"
        "[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=100ms\n"
    )
    box.run("systemctl", "start", "--no-block", "loop.service")
    first = box.look("loop")
    box.until(lambda: box.look("loop")["values"]["restarting"], "systemd waits to start it again")
    box.until(lambda: (box.look("loop", first["memo"])["values"]["recent_restarts"] or 0) > 3, "restarts")
    later = box.look("loop", first["memo"])
    assert later["values"]["recent_restarts"] == later["values"]["restarts"] - first["values"]["restarts"]
    box.run("systemctl", "stop", "loop.service")
    hours_later = box.look("loop", later["memo"], later=2 * HOUR)
    assert hours_later["values"]["recent_restarts"] <= hours_later["values"]["restarts"]


def test_pattern_judges_each_unit_by_itself(box: Box) -> None:
    box.install(**{"app@_service": f"[Service]\n{SLEEP}"})
    box.run("systemctl", "start", "app@1.service", "app@2.service")
    seen = box.look("app@*.service")
    assert set(seen["parts"]) == {"app@1.service", "app@2.service"}
    assert {part["state"] for part in seen["parts"].values()} == {"active"}
    box.run("systemctl", "kill", "--signal=KILL", "app@2.service")
    box.until(lambda: box.look("app@*")["parts"].get("app@2.service", {}).get("failed"), "app@2 failed")
    after = box.look("app@*.service", seen["memo"])["parts"]
    assert (after["app@1.service"]["failed"], after["app@2.service"]["result"]) == (0, "signal")


def test_enabled_unit_of_a_pattern_does_not_vanish_when_it_is_stopped(box: Box) -> None:
    box.install(**{"lane@_service": f"[Service]\n{SLEEP}[Install]\nWantedBy=box.target\n"})
    box.run("systemctl", "enable", "--now", "lane@1.service", "lane@2.service")
    box.run("systemctl", "stop", "lane@2.service")
    parts = box.look("lane@*")["parts"]
    assert {name: part["stopped"] for name, part in parts.items()} == {
        "lane@1.service": False,
        "lane@2.service": True,
    }
    box.run("systemctl", "disable", "lane@2.service")
    assert set(box.look("lane@*")["parts"]) == {"lane@1.service"}


def test_unit_that_systemd_does_not_know_is_unknown(box: Box) -> None:
    seen = box.look("nosuch")
    assert seen["blind"] == "there is no unit nosuch.service on this host (check `unit`, or install it)"
    seen = box.look("nosuch@*.service")
    assert seen["blind"] == ("no unit runs or is enabled like nosuch@*.service (check `unit`, or start one)")


def test_service_whose_file_is_gone_is_judged_while_it_runs(box: Box) -> None:
    box.install(orphan_service=f"[Service]\n{SLEEP}")
    box.run("systemctl", "start", "orphan.service")
    box.run("rm", "/etc/systemd/system/orphan.service")
    box.run("systemctl", "daemon-reload")
    seen = box.look("orphan")
    assert (seen["blind"], seen["values"]["state"]) == (None, "active")


def test_masked_service_is_stopped_and_says_why(box: Box) -> None:
    box.run("systemctl", "mask", "hidden.service")
    seen = box.look("hidden")
    assert seen["values"]["stopped"] is True
    assert seen["notes"] == [
        "its unit file is masked",
        "hidden.service is inactive (systemctl start begins it)",
    ]


TIMER = "[Timer]\nAccuracySec=1us\n"


def test_timer_on_time_and_too_late(box: Box) -> None:
    box.install(job_service="[Service]\nType=oneshot\nExecStart=/bin/true\n")
    box.install(job_timer=f"{TIMER}OnCalendar=*-01-01 03:00:00\n")
    box.run("systemctl", "start", "job.timer")
    seen = box.look("job.timer")
    values = seen["values"]
    assert (values["missed"], values["overdue"], values["last_run"], values["failed"]) == (False, 0, None, 0)
    assert 0 < values["next_run"] <= 366 * 24 * HOUR
    just = values["next_run"]
    assert box.look("job.timer", seen["memo"], later=just + 30)["values"]["missed"] is False
    late = box.look("job.timer", seen["memo"], later=just + 90)["values"]
    assert late["missed"] is True
    assert late["overdue"] == pytest.approx(90, abs=30)
    assert box.look("job.timer", seen["memo"], later=just + 90, grace="10m")["values"]["missed"] is False


def test_timer_that_fires_tells_its_last_run(box: Box) -> None:
    box.install(tick_service="[Service]\nType=oneshot\nExecStart=/bin/true\n")
    box.install(tick_timer=f"{TIMER}OnActiveSec=100ms\nOnUnitActiveSec=1h\n")
    box.run("systemctl", "start", "tick.timer")
    box.until(lambda: box.look("tick.timer")["values"]["last_run"] is not None, "tick.timer fired")
    seen = box.look("tick.timer")
    values = seen["values"]
    assert (values["missed"], values["result"]) == (False, "success")
    assert values["last_run"] < 300
    assert 0 < values["next_run"] <= HOUR
    assert box.look("tick.timer", seen["memo"], later=2 * HOUR)["values"]["missed"] is True


def test_timer_whose_job_fails_has_failed(box: Box) -> None:
    box.install(broken_service="[Service]\nType=oneshot\nExecStart=/bin/false\n")
    box.install(broken_timer=f"{TIMER}OnActiveSec=100ms\n")
    box.run("systemctl", "start", "broken.timer")
    box.until(lambda: box.look("broken.timer")["values"]["failed"], "the job failed")
    seen = box.look("broken.timer")
    assert (seen["values"]["state"], seen["values"]["result"]) == ("active", "exit-code")
    assert seen["notes"] == [
        "broken.service has ended with exit-code (journalctl -u broken.service tells more)"
    ]


def test_timer_that_was_stopped(box: Box) -> None:
    box.install(halted_service="[Service]\nType=oneshot\nExecStart=/bin/true\n")
    box.install(halted_timer=f"{TIMER}OnCalendar=daily\n")
    assert box.look("halted.timer")["values"]["stopped"] is True


def _check(box: Box, **units: str) -> dict[str, Any]:
    """What the installed command says of units, run inside, by the names of the checks."""
    checks = {name: {"type": "systemd_unit", "unit": unit, "timeout": "30s"} for name, unit in units.items()}
    box.run("sh", "-c", "cat > /run/tocsin.yaml", given=json.dumps({"services": {"box": {"checks": checks}}}))
    command = [sys.executable, "-m", "agent.cli", "check", "--config", "/run/tocsin.yaml", "--json"]
    said = json.loads(box.run("env", f"PYTHONPATH={ROOT}", *command, check=False))
    return {each["check"]: each for each in said}


def test_command_says_down_for_failed_and_unknown_for_no_such_unit(box: Box) -> None:
    box.install(fine_service=f"[Service]\n{SLEEP}", awful_service="[Service]\nExecStart=/bin/false\n")
    box.run("systemctl", "start", "fine.service")
    box.run("systemctl", "start", "awful.service", check=False)
    box.until(lambda: box.look("awful")["values"]["failed"], "awful.service failed")
    said = _check(box, good="fine", bad="awful", none="nosuch", some="awf*.service")
    assert {name: each["status"] for name, each in said.items()} == {
        "good": "ok",
        "bad": "down",
        "none": "unknown",
        "some": "down",
    }
    assert said["bad"]["message"].startswith("failed > 0 (failed = 1)")
    assert box.look("awful")["notes"] == [
        "awful.service has ended with exit-code (journalctl -u awful.service tells more)"
    ]
    assert said["some"]["values"]["result"] == said["bad"]["values"]["result"] == "exit-code"


def test_where_systemd_does_not_run_the_check_is_unknown(box: Box) -> None:
    """This host's systemctl, with nothing in /run that a running systemd would have put there."""
    script = 'mount -t tmpfs tmpfs /run && exec "$@"'
    asked = json.dumps({"options": {"unit": "all"}, "memo": {"kept": 1}, "later": 0})
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, str(DRIVER)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=60, check=True)
    seen = json.loads(done.stdout)
    assert seen["blind"] == "systemd does not run here (look at the host itself, not from a container)"
    assert seen["memo"] == {"kept": 1}
