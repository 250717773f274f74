"""The configuration, read anew as the service's user."""

from __future__ import annotations

import os
from collections.abc import Iterator

from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from config.loader import examine

_TOPIC = "configuration"
_MOST = 20


def look(ground: Ground) -> Iterator[Finding]:
    """Its mistakes and warnings for that user, and who else can change it."""
    loaded = examine(ground.path, ground.kinds, ground.connectors)
    for problem in loaded.errors[:_MOST]:
        yield finding(_TOPIC, "file", "fail", f"for {ground.who.name}: {problem}", _readable(ground))
    for problem in loaded.warnings[:_MOST]:
        yield finding(_TOPIC, "warning", "warn", str(problem), "tocsin validate")
    if loaded.config is not None:
        services, checks = len(loaded.config.services), len(loaded.config.checks())
        yield finding(_TOPIC, "file", "ok", f"{ground.path}: services {services}, checks {checks}")
    for name in ground.config.files:
        yield from _who_writes(name, ground)


def _readable(ground: Ground) -> str:
    return f"chgrp tocsin {ground.path} && chmod 640 {ground.path}, and the same for what it points to"


def _who_writes(name: str, ground: Ground) -> Iterator[Finding]:
    """Whoever gets into the service must not be able to change what it runs."""
    there = os.stat(name)  # noqa: PTH116 - as the loader names it
    if there.st_mode & 0o002:
        yield finding(_TOPIC, name, "fail", "everybody on this host can change it", f"chmod o-w {name}")
    elif ground.who.uid != 0 and there.st_uid == ground.who.uid and ground.unit.is_there:
        yield finding(
            _TOPIC,
            name,
            "warn",
            "the service could change its own configuration",
            f"chown root:tocsin {name}",
        )
