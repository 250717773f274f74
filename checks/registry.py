"""All kinds of checks, by name. Strangers' kinds come through the entry point group `tocsin.checks`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points

from checks import cpu, disk, http, load, memory, tcp
from checks.base import Kind

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (http.KIND, tcp.KIND, disk.KIND, cpu.KIND, memory.KIND, load.KIND)
}


def all_kinds() -> dict[str, Kind]:
    """Our kinds and the installed strangers'; a stranger never replaces one of ours."""
    found = dict(KINDS)
    for entry in entry_points(group="tocsin.checks"):
        kind = entry.load()
        if isinstance(kind, Kind):
            found.setdefault(kind.name, kind)
    return found
