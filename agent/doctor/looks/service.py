"""The unit: installed, enabled, well, and with room for what is configured."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from agent.doctor.unit import Unit
from agent.doctor.who import group_of

_TOPIC = "unit"
_OFTEN = 5
# Sockets of a look, and what the daemon holds besides.
_OF_A_CHECK, _OF_US = 2, 128


def look(ground: Ground) -> Iterator[Finding]:
    """What systemd says of it."""
    unit = ground.unit
    if unit.why_not:
        yield finding(_TOPIC, "systemd", "ok", f"not looked at: {unit.why_not}")
    elif not unit.is_there:
        text = f"tocsin.service is not installed ({unit['LoadState'] or 'unknown'})"
        yield finding(_TOPIC, "tocsin.service", "warn", text, "tocsin service install: docs/install.md")
    else:
        yield from _enabled(unit)
        yield _state(unit)
        yield from _restarts(unit)
        yield from _groups(ground)
    yield _descriptors(ground)


def _enabled(unit: Unit) -> Iterator[Finding]:
    how = unit["UnitFileState"]
    if how not in ("enabled", "enabled-runtime", "static"):
        yield finding(
            _TOPIC, "enabled", "warn", f"{how}: it does not start with the host", "systemctl enable tocsin"
        )
    else:
        yield finding(_TOPIC, "enabled", "ok", how)
    if unit["NeedDaemonReload"] == "yes":
        yield finding(_TOPIC, "file", "warn", "changed since systemd read it", "systemctl daemon-reload")


def _state(unit: Unit) -> Finding:
    shown = f"{unit['ActiveState']} ({unit['SubState']})"
    if unit["ActiveState"] in ("active", "reloading"):
        return finding(_TOPIC, "state", "ok", shown)
    if unit["ActiveState"] == "inactive" and unit["Result"] == "success":
        return finding(_TOPIC, "state", "warn", shown, "systemctl start tocsin")
    code = unit["ExecMainStatus"]
    remedy = "tocsin validate, then: systemctl restart tocsin" if code == "78" else "journalctl -u tocsin -e"
    return finding(_TOPIC, "state", "fail", f"{shown}, {unit['Result']}, exit code {code}", remedy)


def _restarts(unit: Unit) -> Iterator[Finding]:
    if "78" not in unit["RestartPreventExitStatus"].split():
        text = "with a broken configuration it is started again and again"
        yield finding(_TOPIC, "restart", "warn", text, "RestartPreventExitStatus=78 in the unit")
    times = int(unit["NRestarts"]) if unit["NRestarts"].isdecimal() else 0
    if times >= _OFTEN:
        yield finding(
            _TOPIC, "restarts", "warn", f"started again {times} times", "journalctl -u tocsin -p err"
        )


def _groups(ground: Ground) -> Iterator[Finding]:
    """Groups that the user was put in count from the next start on."""
    try:
        status = Path(f"/proc/{ground.unit.process}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    line = next((each for each in status.splitlines() if each.startswith("Groups:")), "Groups:")
    has = {int(each) for each in line.removeprefix("Groups:").split() if each.isdecimal()} | {ground.who.gid}
    lacking = [group_of(each) for each in ground.who.groups if each not in has]
    if ground.unit.process and lacking:
        text = f"the daemon runs without the groups {', '.join(lacking)}, which {ground.who.name} was put in since"
        yield finding(_TOPIC, "groups", "warn", text, "systemctl restart tocsin")


def _descriptors(ground: Ground) -> Finding:
    """Of the running daemon, else of the unit, else our own."""
    told = _limit_of(ground.unit.process) or ground.unit["LimitNOFILE"]
    limit = int(told) if told.isdecimal() else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    needed = _OF_US + _OF_A_CHECK * len(ground.config.checks())
    if limit < needed:
        text = f"{limit} open files at most, and the checks may want {needed}"
        remedy = f"LimitNOFILE={needed * 2} in a drop-in: systemctl edit tocsin"
        return finding(_TOPIC, "open files", "warn", text, remedy)
    return finding(_TOPIC, "open files", "ok", f"{limit} at most")


def _limit_of(process: int) -> str:
    if not process:
        return ""
    try:
        lines = Path(f"/proc/{process}/limits").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.split()[3] for line in lines if line.startswith("Max open files")), "")
