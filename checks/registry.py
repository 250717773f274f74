"""All kinds of checks, by name. Strangers' kinds come through the entry point group `tocsin.checks`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points

from checks.base import Kind

# Each in the module of its name.
_OURS = (
    "access_log",
    "command",
    "cpu",
    "disk",
    "disk_io",
    "file",
    "heartbeat",
    "http",
    "load",
    "log",
    "logins",
    "memory",
    "network",
    "process",
    "status_page",
    "swap",
    "systemd_unit",
    "tcp",
    "temperature",
    "time_sync",
    "updates",
)
_ELSEWHERE = {"network": "checks.interfaces"}  # checks.network is the way out for probes


class _Kinds(Mapping[str, Kind]):
    """Kinds by name, ours imported when first asked for: all of them would cost every start half a second."""

    def __init__(self, strangers: Iterable[Kind] = ()) -> None:
        self._loaded = {kind.name: kind for kind in strangers if kind.name not in _OURS}
        self._names = (*_OURS, *self._loaded)

    def __getitem__(self, name: str) -> Kind:
        if name not in self._loaded:
            if name not in _OURS:
                raise KeyError(name)
            self._loaded[name] = import_module(_ELSEWHERE.get(name, f"checks.{name}")).KIND
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


KINDS: Mapping[str, Kind] = _Kinds()


def all_kinds() -> Mapping[str, Kind]:
    """Our kinds and the installed strangers'; a stranger never replaces one of ours."""
    found = (entry.load() for entry in entry_points(group="tocsin.checks"))
    strangers = [kind for kind in found if isinstance(kind, Kind)]
    return _Kinds(strangers) if strangers else KINDS
