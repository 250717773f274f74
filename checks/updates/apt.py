"""Debian and Ubuntu: what `apt-get dist-upgrade` would do, by the lists that are there."""

from __future__ import annotations

import re
from pathlib import Path

from checks.host_programs import Host, NoAnswer
from checks.updates.pending import Pending

# `Inst NAME [OLD] (NEW ORIGIN:VERSION/ARCHIVE, … [ARCHITECTURE])`; without OLD it is not an update.
_UPDATE = re.compile(r"Inst (\S{1,200}) \[[^\]]{1,200}\] \(\S{1,200} (.{1,500}?) \[[^\]]{1,40}\]\)")
# Debian's security archive by its label, Ubuntu's (and newer Debian's) by the name of the archive.
_SECURITY = re.compile(r"(?:^|, )(?:Debian-Security:[^,]*|[^,:]+:(?:[^,/]*/)?[^,/]+-security)(?:$|,)")
_STATUS = "var/lib/dpkg/status"
_LISTS = "var/lib/apt/lists"
# The first is written after each success, if the host has what writes it; a try shows in the others.
_STAMPS = ("var/lib/apt/periodic/update-success-stamp", _LISTS)
_TRIED = f"{_LISTS}/partial"
_REBOOT = ("run/reboot-required", "var/run/reboot-required")


def is_here(root: Path) -> bool:
    """Whether the packages there are apt's."""
    status = root / _STATUS
    return status.is_file() and status.stat().st_size > 0


async def pending(root: Path, host: Host) -> Pending:
    """Raises NoAnswer, and OSError for what may not be looked at."""
    if not any(
        name.name.endswith("Release") or "_Packages" in name.name for name in (root / _LISTS).iterdir()
    ):
        raise NoAnswer(f"there are no package lists in {root / _LISTS} (run apt-get update, best by a timer)")
    ended = await host.ask(("apt-get", *_elsewhere(root), "-qq", "--simulate", "dist-upgrade"))
    every, security = updates(ended.output.decode("utf-8", "replace"))
    notes = ("apt-get told of more packages than are counted here",) if ended.cut else ()
    reboot = any((root / name).exists() for name in _REBOOT)
    return Pending(every, security, reboot, _fetched(root), notes)


def updates(output: str) -> tuple[list[str], list[str]]:
    """All packages that a simulation would update, and those of them that come for security."""
    found = [match for line in output.splitlines() if (match := _UPDATE.match(line))]
    return [match[1] for match in found], [match[1] for match in found if _SECURITY.search(match[2])]


def _elsewhere(root: Path) -> list[str]:
    """Options that have apt look at another tree than the one it runs in."""
    if root == Path("/"):
        return []
    places = {"Etc": "etc/apt", "State": "var/lib/apt", "State::status": _STATUS, "Cache": "var/cache/apt"}
    return [part for name, place in places.items() for part in ("-o", f"Dir::{name}={root / place}")]


def _fetched(root: Path) -> float | None:
    stamps = [path.stat().st_mtime for name in _STAMPS if (path := root / name).exists()]
    if len(stamps) < len(_STAMPS) and (tried := root / _TRIED).exists():
        stamps.append(tried.stat().st_mtime)
    return max(stamps, default=None)
