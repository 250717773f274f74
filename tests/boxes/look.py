"""Looks under the confines of the unit, and outside them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.boxes.box import Box
from tests.boxes.values import Scalar

_CONFIG = "/etc/tocsin/look.yaml"
# The unit as it is installed, but that it looks once at everything and ends.
_ONCE = f"""\
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecReload=
ExecStart=
ExecStart=/opt/tocsin/bin/tocsin check --config {_CONFIG} --json
SuccessExitStatus=1 2 3
StandardOutput=truncate:/run/look.json
StandardError=journal
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at one check said."""

    kind: str
    status: str
    values: dict[str, Scalar]


def prepare(box: Box, config: str) -> None:
    """What is to be looked at."""
    box.run("cp", "/usr/lib/systemd/system/tocsin.service", "/run/systemd/system/look.service")
    box.write("/run/systemd/system/look.service.d/look.conf", _ONCE)
    box.write(_CONFIG, config)
    box.run("systemctl", "daemon-reload")


def outside(box: Box) -> dict[str, Look]:
    """What root sees, without any confines, by the names of the checks."""
    return _looks(box.try_("tocsin", "check", "--config", _CONFIG, "--json").stdout)


def under_the_unit(box: Box) -> dict[str, Look]:
    box.run("systemctl", "start", "look")
    return _looks(box.run("cat", "/run/look.json"))


def _looks(printed: str) -> dict[str, Look]:
    return {each["check"]: Look(each["kind"], each["status"], each["values"]) for each in json.loads(printed)}
