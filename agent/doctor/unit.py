"""The unit of the service, as systemd tells of it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.host_programs import PATH

NAME = "tocsin.service"
SOCKET = "tocsin.socket"
# Where systemd lays those of a unit that runs.
CREDENTIALS = Path("/run/credentials") / NAME
_BOOTED = Path(
    "/run/systemd/system"
)  # https://www.freedesktop.org/software/systemd/man/latest/sd_booted.html
_ASKED = (
    "LoadState", "UnitFileState", "ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts", "MainPID",
    "NeedDaemonReload", "User", "SupplementaryGroups", "AmbientCapabilities", "LimitNOFILE", "RestartPreventExitStatus",
    "ExecStart",
)  # fmt: skip
_CREDENTIAL = re.compile(r"(?:Load|Set|Import)Credential(?:Encrypted)?=([^:\s]*):?(.*)")
_PATIENCE = 5.0
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Unit:
    """Its properties by name, as texts; without any where systemd does not run this host, or does not answer.

    `credentials`: what its files load, by name (of those imported, a pattern), and from where.
    """

    properties: Mapping[str, str]
    why_not: str = ""
    listens: bool = False
    credentials: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.properties.get(name, "")

    @property
    def is_there(self) -> bool:
        return self["LoadState"] == "loaded"

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(self["SupplementaryGroups"].split())

    @property
    def process(self) -> int:
        """Of the daemon; 0 while none runs."""
        return int(self["MainPID"]) if self["MainPID"].isdecimal() else 0


def unit() -> Unit:
    """The unit of this host. Raises nothing."""
    if not _BOOTED.is_dir():
        return Unit({}, "systemd does not run this host")
    try:
        told = _show(NAME, _ASKED)
        socket = _show(SOCKET, ("ActiveState",))
        text = _systemctl("cat", NAME) if told.get("LoadState") == "loaded" else ""
    except (OSError, subprocess.SubprocessError) as error:
        return Unit({}, f"systemctl does not answer ({type(error).__name__})")
    return Unit(told, "", socket.get("ActiveState") == "active", credentials(text))


def credentials(text: str) -> dict[str, str]:
    """Of the unit and its drop-ins, as `systemctl cat` prints them: `systemctl show` leaves them out."""
    lines = (_CREDENTIAL.fullmatch(line.strip()) for line in text.splitlines())
    return {found[1]: found[2] for found in lines if found and found[1]}


def _show(name: str, properties: tuple[str, ...]) -> dict[str, str]:
    told = _systemctl("show", name, f"--property={','.join(properties)}")
    lines = (line.partition("=") for line in told.splitlines())
    return {key: value[:_LONGEST] for key, _, value in lines}


def _systemctl(*arguments: str) -> str:
    ended = subprocess.run(
        ["systemctl", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_PATIENCE,
        check=True,
        env={"PATH": PATH, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
        cwd=os.sep,
    )
    return ended.stdout.decode("utf-8", "replace")
