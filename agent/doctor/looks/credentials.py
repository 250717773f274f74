"""`${credential:NAME}`: does the unit load it, and is that there which it loads?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from agent.doctor.unit import CREDENTIALS

_TOPIC = "credentials"
_BEGINNING = "${credential:"
_RESTART = "systemctl daemon-reload && systemctl restart tocsin"


def look(ground: Ground) -> Iterator[Finding]:
    """Each name of the configuration, as root sees it: the files are for root alone."""
    if os.geteuid() != 0 or not ground.unit.is_there:
        return
    for reference in ground.secrets:
        if reference.startswith(_BEGINNING):
            yield judged(reference.removeprefix(_BEGINNING).removesuffix("}"), ground.unit.credentials)


def judged(name: str, loaded: Mapping[str, str]) -> Finding:
    """One name, by what the files of the unit load and what a unit that runs has."""
    # A directory is loaded under its name, each file in it as NAME_FILE.
    found = [
        path for known, path in loaded.items() if fnmatchcase(name, known) or name.startswith(f"{known}_")
    ]
    if (CREDENTIALS / name).exists():
        return finding(_TOPIC, name, "ok", "the unit that runs has it")
    if not found:
        how = f"systemctl edit tocsin: [Service] LoadCredential=NAME:PATH, with {name} as NAME"
        return finding(_TOPIC, name, "fail", "the unit does not load it", f"{how}; then {_RESTART}")
    if found[0].startswith("/") and not Path(found[0]).exists():
        text = f"the unit loads it from {found[0]}, which is not there"
        return finding(_TOPIC, name, "fail", text, f"write it to {found[0]}, for root alone; then {_RESTART}")
    return finding(_TOPIC, name, "warn", "the unit loads it from its next start on", _RESTART)
