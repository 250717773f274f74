"""The installation: nothing of another's under our names, one tocsin alone, and libraries without known faults."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import agent
from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground

_ROOMS = ("agent", "alerting", "checks", "config")
_OUR_ROOT = Path(agent.__file__).resolve().parent.parent
_US = "tocsin"
# https://openssl-library.org/news/secadv/20221101.txt: a certificate can overrun a buffer of whoever checks it.
_FIRST_GOOD = 7  # of 3.0


def names(_ground: Ground) -> Iterator[Finding]:
    """Our four top-level packages have names that others may use, too."""
    distributions, clean = packages_distributions(), True
    for room in _ROOMS:
        for owner in sorted({*distributions.get(room, ())} - {_US}):
            clean = False
            text = f"{owner} brings a Python package {room} into the same environment"
            yield finding("names", room, "fail", text, "install tocsin into an environment of its own")
    for place in map(Path, dict.fromkeys(sys.path)):
        others = [room for room in _ROOMS if _is_other(place, room)]
        if others:
            clean = False
            text = f"{place} has other Python packages called {', '.join(others)}"
            yield finding("names", "packages", "warn", text, "take it out of PYTHONPATH for tocsin")
    if clean:
        yield finding("names", "packages", "ok", f"all of ours, in {_OUR_ROOT}")


def _is_other(place: Path, room: str) -> bool:
    """A directory without `__init__.py` takes nobody's place."""
    try:
        files = (place / room / "__init__.py", place / f"{room}.py")
        return place.resolve() != _OUR_ROOT and any(file.is_file() for file in files)
    except OSError:
        return False


def program(ground: Ground) -> Iterator[Finding]:
    """The service's user must be able to read what it runs."""
    files = (os.path.realpath(sys.executable), os.__file__, agent.__file__)
    barred = [file for file in files if not os.access(file, os.R_OK, effective_ids=True)]
    if barred:
        text = f"{ground.who.name} cannot read the program itself: {barred[0]}"
        yield finding(
            "names", "program", "fail", text, "install it where everybody can read it, such as /opt/tocsin"
        )


def commands(ground: Ground) -> Iterator[Finding]:
    """Of several commands by our name, one is not the one that runs."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = dict.fromkeys(
        os.path.realpath(path)
        for path in (os.path.join(folder, _US) for folder in folders if folder)  # noqa: PTH118 - nothing is made anew
        if os.access(path, os.X_OK)
    )
    if len(found) > 1:
        text = f"several in PATH, of which the first is meant by `tocsin`: {', '.join(found)}"
        yield finding("names", "command", "warn", text, "remove those that are not used")
    started = ground.unit["ExecStart"]
    if found and "path=" in started:
        path = os.path.realpath(started.partition("path=")[2].partition(" ")[0])
        if path not in found:
            text = f"the unit starts {path}, and `tocsin` is {next(iter(found))}"
            yield finding("names", "unit", "warn", text, "look that both are the same version")


def versions(_ground: Ground) -> Iterator[Finding]:
    """Python, OpenSSL and SQLite."""
    final = sys.version_info.releaselevel == "final"
    yield finding(
        "versions", "python", "ok" if final else "warn", platform.python_version(),
        "" if final else "it is no release: use one",
    )  # fmt: skip
    yield _openssl()
    yield finding("versions", "sqlite", "ok", f"SQLite {sqlite3.sqlite_version}")


def _openssl() -> Finding:
    version, (major, minor, _, patch, _) = ssl.OPENSSL_VERSION, ssl.OPENSSL_VERSION_INFO
    if version.startswith("OpenSSL") and (major, minor) == (3, 0) and patch < _FIRST_GOOD:
        text = f"{version}: a hostile certificate can crash it (CVE-2022-3602)"
        remedy = "upgrade OpenSSL to 3.0.7 or later, unless the distribution has mended it"
        return finding("versions", "openssl", "warn", text, remedy)
    return finding("versions", "openssl", "ok", version)
