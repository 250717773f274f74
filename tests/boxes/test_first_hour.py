"""The first hour on a fresh host: what the package writes and starts, and what doctor says of it under systemd."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.boxes.box import Box
from tests.boxes.conftest import Package
from tests.boxes.test_installed import install

Found = Mapping[tuple[str, str], Mapping[str, Any]]


def doctor(box: Box) -> Found:
    """What was found, by topic and thing; it ends with 0 or 1."""
    told = json.loads(box.run("sh", "-c", "tocsin doctor --json || [ $? = 1 ]", seconds=60))
    assert told["user"] == "tocsin"
    return {(each["topic"], each["what"]): each for each in told["findings"]}


def state_of(found: Found, *names: tuple[str, str]) -> list[str]:
    return [found[name]["state"] for name in names]


def test_doctor_knows_the_unit_the_user_and_what_is_wrong(box: Box, package: Package) -> None:
    install(box, package(""))
    box.until("the daemon answers", lambda: doctor(box)["daemon", "running"]["state"] == "ok")
    found = doctor(box)
    well = (
        ("configuration", "file"), ("state", "directory"), ("store", "database"), ("ports", "agent.listen"),
        ("unit", "enabled"), ("unit", "state"), ("unit", "open files"), ("ping", "permission"), ("names", "packages"),
    )  # fmt: skip
    assert state_of(found, *well) == ["ok"] * len(well), {name: found[name] for name in well}
    assert found["unit", "open files"]["text"] == "16384 at most"
    assert not [name for name in found if name == ("names", "program")]

    box.run("groupadd", "late")
    box.run("usermod", "-aG", "late", "tocsin")
    box.run("systemctl", "disable", "tocsin")
    box.run("chmod", "600", "/etc/tocsin/tocsin.yaml")
    found = doctor(box)
    assert "late" in found["unit", "groups"]["text"]
    assert found["unit", "enabled"]["remedy"] == "systemctl enable tocsin"
    assert found["configuration", "file"]["state"] == "fail"
    assert found["configuration", "file"]["text"].startswith("for tocsin: ")

    box.run("systemctl", "stop", "tocsin")
    found = doctor(box)
    assert found["daemon", "running"]["remedy"] == "systemctl enable --now tocsin"
    assert found["unit", "state"]["state"] == "warn"
    assert found["ports", "agent.listen"]["text"] == "127.0.0.1:9809 is free"
    box.run("systemctl", "start", "tocsin.socket")
    assert "systemd listens" in doctor(box)["ports", "agent.listen"]["text"]
