"""What a survey finds: file systems, listening ports, web servers and their logs."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system that can fill up, where it is mounted, and of which sort it is (`ext4`)."""

    point: str
    sort: str


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP port that something listens on; `address` is as the kernel has it, `0.0.0.0` and `::` mean all."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a web server says that it listens; `address` is empty for everywhere."""

    address: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class WebServer:
    """One virtual host of a web server's configuration: its names and where it listens."""

    program: str
    names: tuple[str, ...]
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """All that was found. `ipv6`: whether it has ::1. `remarks` say what could not be looked at.

    `sockets` are paths on which something listens. `units` are those of systemd that are of note, `keeps_time`
    whether some program keeps the clock, `has_packages` whether lists of packages are there, by which updates are
    known.
    """

    zone: str = "UTC"
    file_systems: tuple[FileSystem, ...] = ()
    listeners: tuple[Listener, ...] = ()
    sockets: tuple[str, ...] = ()
    web_servers: tuple[WebServer, ...] = ()
    access_logs: tuple[str, ...] = ()
    ipv6: bool = False
    systemd: bool = False
    units: tuple[str, ...] = ()
    keeps_time: bool = False
    has_packages: bool = False
    remarks: tuple[str, ...] = ()


def fit_to_write(text: str) -> bool:
    """Whether a text found on the host may stand in the configuration: what others named is not to be trusted.

    Line breaks could add lines, `${…}` would be followed as a reference.
    """
    return bool(text) and len(text) <= _LONGEST and text.isprintable() and "${" not in text
