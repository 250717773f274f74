"""All kinds of checks, by name. Strangers' kinds come through the entry point group `tocsin.checks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from checks.base import Kind
from checks.strangers import Strangers, strangers

# Each in the module of its name.
_OURS = (
    "access_log",
    "api",
    "command",
    "cpu",
    "disk",
    "disk_io",
    "dns",
    "file",
    "ftp",
    "heartbeat",
    "http",
    "imap",
    "load",
    "log",
    "logins",
    "memory",
    "metrics",
    "network",
    "ping",
    "pop3",
    "process",
    "prometheus",
    "smtp",
    "ssh",
    "status_page",
    "swap",
    "systemd_unit",
    "tcp",
    "temperature",
    "time_sync",
    "tls",
    "udp",
    "updates",
)
_NOBODY = Strangers()
_ELSEWHERE = {"network": "checks.interfaces"}  # checks.network is the way out for probes


class Kinds(Mapping[str, Kind]):
    """Kinds by name, ours imported when first asked for: all of them would cost every start half a second.

    `refused` says of installed strangers that cannot be used which they are, and why.
    """

    def __init__(self, others: Strangers = _NOBODY) -> None:
        self.refused = others.refused
        self._loaded = {kind.name: kind for kind in others.kinds}
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


KINDS: Mapping[str, Kind] = Kinds()


def all_kinds() -> Kinds:
    """Our kinds and the installed strangers'; a stranger never replaces one of ours."""
    return Kinds(strangers(_OURS))
