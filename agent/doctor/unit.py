"""The unit of the service, as systemd tells of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
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
    "ExecStart", "LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted",
    "ImportCredential",
)  # fmt: skip
_PATIENCE = 5.0
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Unit:
    """Its properties by name, as texts; without any where systemd does not run this host, or does not answer."""

    properties: Mapping[str, str]
    why_not: str = ""
    listens: bool = False

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
    except (OSError, subprocess.SubprocessError) as error:
        return Unit({}, f"systemctl does not answer ({type(error).__name__})")
    return Unit(told, listens=socket.get("ActiveState") == "active")


def _show(name: str, properties: tuple[str, ...]) -> dict[str, str]:
    ended = subprocess.run(
        ["systemctl", "show", name, f"--property={','.join(properties)}"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_PATIENCE,
        check=True,
        env={"PATH": PATH, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
        cwd=os.sep,
    )
    lines = (line.partition("=") for line in ended.stdout.decode("utf-8", "replace").splitlines())
    return {key: value[:_LONGEST] for key, _, value in lines}
