"""`maintenance:`: recurring windows as peers have them, in our words; read and refused."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.loader import Loaded
from config.models import MaintenanceWindow

Look = Callable[[str], Loaded]
SERVICES = "services: {web: {checks: {cpu: {type: cpu}}}}\n"


def windows(look: Look, written: str) -> dict[str, MaintenanceWindow]:
    found = look(f"agent: {{timezone: Africa/Johannesburg}}\nmaintenance: {written}\n{SERVICES}")
    assert found.errors == []
    assert found.config is not None
    assert found.warnings == []
    return dict(found.config.maintenance)


def test_window_has_a_start_on_some_days_or_a_cron_expression(look: Look) -> None:
    found = windows(
        look,
        "{nightly: {services: [web], start: 23:00, duration: 1h, days: [Mon, wednesday, fri-sun], reason: backup}, "
        "daily: {start: '00:00', duration: 1d, zone: Europe/Amsterdam}, "
        "monday: {cron: 0 23 * * 1, duration: 90m, zone: Etc/GMT+5}}",
    )
    days = (0, 2, 4, 5, 6)
    assert found == {
        "nightly": MaintenanceWindow(
            "nightly", ("web",), "Africa/Johannesburg", 3600, 1380, days, None, "backup"
        ),
        "daily": MaintenanceWindow("daily", (), "Europe/Amsterdam", 86400, 0, tuple(range(7))),
        "monday": MaintenanceWindow("monday", (), "Etc/GMT+5", 5400, cron="0 23 * * 1"),
    }


MISTAKES = [
    ("start: '0000', duration: 1h", '26: maintenance.w.start: expected a time like 08:00, got "0000" (did you mean 00:00?)'),
    ("start: 0:61, duration: 1h", '26: maintenance.w.start: expected a time like 08:00, got "0:61"'),
    ("start: zz:00, duration: 1h", '26: maintenance.w.start: expected a time like 08:00, got "zz:00"'),
    ("start: 25:00, duration: 1h", '26: maintenance.w.start: "25:00" is no time of the day (write 00:00 to 23:59)'),
    ("start: 24:00, duration: 1h", '26: maintenance.w.start: "24:00" is no time of the day (write 00:00 to 23:59)'),
    ("start: 9:00, duration: 1h", '26: maintenance.w.start: expected a time like 08:00, got "9:00" (did you mean 09:00?)'),
    ("start: 23:00", "15: maintenance.w.duration: is missing (how long it lasts, from 1s to 7d)"),
    ("start: 23:00, duration: 0", '43: maintenance.w.duration: must be at least 1s, got "0"'),
    ("start: 23:00, duration: 8d", '43: maintenance.w.duration: must be at most 7d, got "8d"'),
    ("start: 23:00, duration: 3600", '43: maintenance.w.duration: expected a duration like 30s or 1h30m, got "3600" (did you mean 3600s?)'),
    ("start: 23:00, duration: 25h", "43: maintenance.w.duration: lasts 1d1h and begins again after 1d: it would never end (at most 1d)"),
    ("start: 23:00, duration: 49h, days: [fri, sun]", "43: maintenance.w.duration: lasts 2d1h and begins again after 2d: it would never end (at most 2d)"),
    ("start: 23:00, duration: 1h, days: [mon, Montag]", '59: maintenance.w.days.1: no day is called "montag" (did you mean "monday"?)'),
    ("start: 23:00, duration: 1h, days: invalid-day", '53: maintenance.w.days: no day is called "invalid" (write mon, tue, wed, thu, fri, sat or sun)'),
    ("start: 23:00, duration: 1h, every: [mon]", '47: maintenance.w.every: unknown key "every" (did you mean "days"?)'),
    ("start: 23:00, duration: 1h, zone: invalid-timezone", '53: maintenance.w.zone: unknown time zone "invalid-timezone" (write it like Africa/Johannesburg)'),
    ("start: 23:00, duration: 1h, services: wbe", '57: maintenance.w.services: no service is called "wbe" (did you mean "web"?)'),
    ("start: 23:00, duration: 1h, services: []", "57: maintenance.w.services: must name at least one (such as [web, db])"),
    ("start: 23:00, duration: 1h, days: []", "53: maintenance.w.days: must name at least one (such as [mon, wed])"),
    ("start: 23:00, duration: 1h, services: all", '57: maintenance.w.services: no service is called "all" (leave the line out for all services)'),
    ("start: 23:00, duration: 1h, reason: yes", '55: maintenance.w.reason: expected a reason for people, got "yes" (write why, or leave the line out)'),
    ("duration: 1h", '15: maintenance.w: is missing start: or cron: (such as start: "23:00")'),
    ("start: 23:00, cron: 0 0 * * *, duration: 1h", "33: maintenance.w.cron: start: says already when it begins (keep one of them)"),
    ("cron: 0 0 * * *, days: mon, duration: 1h", "36: maintenance.w.days: goes with start: only (cron: names its days itself)"),
    ("cron: 61 23 * * 1, duration: 1h", '25: maintenance.w.cron: expected five cron fields like 0 23 * * 1, got "61 23 * * 1": bad minute'),
    ("cron: 0 23 * * mom, duration: 1h", '25: maintenance.w.cron: expected five cron fields like 0 23 * * 1, got "0 23 * * mom": bad day-of-week'),
    ("cron: 0 0 23 * * 1, duration: 1h", '25: maintenance.w.cron: expected five cron fields like 0 23 * * 1, got "0 0 23 * * 1"'),
    ("cron: '@daily', duration: 1h", '25: maintenance.w.cron: expected five cron fields like 0 23 * * 1, got "@daily"'),
    ("cron: 0 0 31 2 *, duration: 1h", '25: maintenance.w.cron: expected five cron fields like 0 23 * * 1, got "0 0 31 2 *": bad day-of-month'),
    ("cron: '0 * * * *', duration: 2h", "48: maintenance.w.duration: lasts 2h and begins again after 1h: it would never end (at most 1h)"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), MISTAKES)
def test_mistake_in_a_window_is_named_with_its_remedy(look: Look, written: str, expected: str) -> None:
    found = look(f"maintenance: {{w: {{{written}}}}}\n{SERVICES}")
    assert [str(problem) for problem in found.errors] == [f"tocsin.yaml:1:{expected}"]


def test_every_mistake_of_a_window_is_named_in_one_run(look: Look) -> None:
    found = look(
        f"maintenance: {{w: {{start: 7, duration: 9d, days: someday, services: [wbe], Zone: UTC}}}}\n{SERVICES}"
    )
    assert [problem.path.removeprefix("maintenance.w.") for problem in found.errors] == [
        "start", "duration", "days", "services.0", "Zone",
    ]  # fmt: skip


def test_windows_may_be_absent_or_say_nothing(look: Look) -> None:
    assert look("maintenance:\n" + SERVICES).warnings == []
    found = look("maintenance: {w: }\n" + SERVICES)
    assert found.errors == []
    assert [problem.message for problem in found.warnings] == ["says nothing: no window"]


def _in_our_words(window: dict[str, Any] | None) -> dict[str, Any] | None:
    """The neutral case as an operator would write it here."""
    if window is None:
        return None
    ours = {"start": "start", "every": "days", "timezone": "zone"}
    written = {ours[key]: value for key, value in window.items() if key in ours}
    return {**written, "duration": f"{window.get('duration_s', 3600)}s"}


def test_what_a_peer_accepts_or_refuses_is_accepted_or_refused_here(look: Look, shared: Path) -> None:
    cases = json.loads((shared / "real" / "cases_maintenance.json").read_text(encoding="utf-8"))
    wrong = []
    for case in cases:
        text = yaml.safe_dump({"maintenance": {"w": _in_our_words(case["window"])}})
        accepted = look(text + SERVICES).errors == []
        if accepted != case["expect"].get("valid", True):
            wrong.append(case["id"])
    assert len(cases) >= 17
    assert wrong == []
