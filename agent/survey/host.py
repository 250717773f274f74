"""The whole survey of a host, from its files below a root directory."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter

from agent.survey import apache, nginx
from agent.survey.file_systems import file_systems
from agent.survey.found import Host, fit_to_write
from agent.survey.listeners import listeners, sockets
from agent.survey.units import units
from checks.text import visible
from config.errors import ConfigError
from config.field_types import Zone
from config.file_text import text_of

MOST_FILES, MOST_SERVERS, MOST_LOGS = 300, 200, 20
_LOGS = ("var/log/nginx/*access*log", "var/log/apache2/*access*log", "var/log/httpd/*access*log")
_PROGRAMS = (nginx, apache)
# Debian's lists, and those of the RHEL family.
_PACKAGES = ("var/lib/apt/lists/*_Packages*", "var/cache/dnf/*-*/repodata")
# Of all configurations together, in characters: more than that no person has written.
_MOST_TEXT = 16 * 1024 * 1024


def survey(root: Path = Path("/")) -> Host:
    """What is found below `root`, which is / but in tests. Files that cannot be read are named in the remarks."""
    remarks: list[str] = []
    texts = {program: list(_texts(root, program.FILES, remarks)) for program in _PROGRAMS}
    servers = (
        server for program in _PROGRAMS for text in texts[program] for server in program.web_servers(text)
    )
    named = (log for program in _PROGRAMS for text in texts[program] for log in program.access_logs(text))
    named_units, keeps_time = units(root)
    return Host(
        zone=_zone(root),
        file_systems=file_systems(_kernels(root, "proc/self/mountinfo"), root),
        listeners=listeners(_kernels(root, f"proc/net/{name}") for name in ("tcp", "tcp6")),
        sockets=sockets(_kernels(root, "proc/net/unix")),
        web_servers=tuple(islice(servers, MOST_SERVERS)),
        access_logs=_access_logs(root, named),
        ipv6="00000000000000000000000000000001 " in _kernels(root, "proc/net/if_inet6"),
        systemd=(root / "run/systemd/system").is_dir(),
        units=named_units,
        keeps_time=keeps_time,
        has_packages=_has_any(root, _PACKAGES),
        remarks=tuple(remarks),
    )


def _has_any(root: Path, patterns: Iterable[str]) -> bool:
    return next(_matching(root, patterns), None) is not None


def _texts(root: Path, patterns: Iterable[str], remarks: list[str]) -> Iterator[str]:
    """The files that the patterns mean, each once."""
    room = _MOST_TEXT
    for path in islice(_matching(root, patterns), MOST_FILES):
        try:
            text = text_of(path)
        except ConfigError as error:
            remarks.append(str(error))
            continue
        room -= len(text)
        if room < 0:
            remarks.append(f"{visible(str(path))} and what comes after it: too much to be read")
            return
        yield text


def _matching(root: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        try:
            yield from sorted(path for path in root.glob(pattern) if path.exists())
        except OSError:
            continue  # a directory that only root may list


def _kernels(root: Path, name: str) -> str:
    """A table of the kernel's; empty where there is none. What it writes is bounded by what there is."""
    try:
        return (root / name).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _zone(root: Path) -> str:
    """The time zone of the host, UTC when it does not say."""
    zone = ""
    with suppress(OSError):
        zone = str((root / "etc/localtime").readlink()).partition("zoneinfo/")[2]
    try:
        return TypeAdapter(Zone).validate_python(zone)
    except ValueError:
        return "UTC"


def _access_logs(root: Path, named: Iterable[str]) -> tuple[str, ...]:
    """Those that exist, of the usual places and of those that a configuration names."""
    usual = (f"/{path.relative_to(root)}" for path in _matching(root, _LOGS))
    paths = dict.fromkeys(path for path in (*named, *usual) if path.startswith("/") and fit_to_write(path))
    return tuple(islice((path for path in paths if _is_file(root / path.lstrip("/"))), MOST_LOGS))


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
