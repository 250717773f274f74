"""The RHEL family: what `dnf check-update` (on older hosts `yum`) knows, from the metadata that is there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from checks.host_programs import PATH, Host, NoAnswer
from checks.updates.pending import Pending

# dnf(8), dnf5-check-upgrade(8): 100 says that there are updates, 0 that there are none.
_CODES = frozenset({0, 100})
_DATABASES = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_CACHES = ("var/cache/dnf", "var/cache/libdnf5", "var/cache/yum")
_PACKAGE = re.compile(r"([A-Za-z0-9][\w.+~^-]{0,199})\.(?:noarch|[a-z][a-z0-9_]{1,15})")
_REBOOT = "eboot is required"
_NO_REBOOT = 0


def is_here(root: Path) -> bool:
    """Whether the packages there are rpm's."""
    return any((root / name).is_dir() for name in _DATABASES)


async def pending(root: Path, host: Host) -> Pending:
    """Raises NoAnswer, and OSError for what may not be looked at."""
    program = next((name for name in ("dnf", "yum") if shutil.which(name, path=PATH)), None)
    if program is None:
        raise NoAnswer("neither dnf nor yum is installed here")
    command = (program, "--quiet", "--cacheonly", *([] if root == Path("/") else [f"--installroot={root}"]))
    every = await host.ask((*command, "check-update"), _CODES)
    security = await host.ask((*command, "--security", "check-update"), _CODES)
    return Pending(
        updates(every.output.decode("utf-8", "replace")),
        updates(security.output.decode("utf-8", "replace")),
        await _must_reboot(command, host),
        _fetched(root),
        ("dnf told of more packages than are counted here",) if every.cut else (),
    )


def updates(output: str) -> list[str]:
    """The names in a list of `NAME.ARCHITECTURE VERSION REPOSITORY`; what they replace comes after them.

    Where names are long, the rest of the line stands on the next one, which begins with a blank.
    """
    return list(_names(output))


def _names(output: str) -> Iterator[str]:
    for line in output.splitlines():
        if line.lower().startswith("obsoleting packages"):
            return
        words = line.split()
        if (
            words
            and not line[0].isspace()
            and len(words) in (1, 3)
            and (found := _PACKAGE.fullmatch(words[0]))
        ):
            yield found[1]


async def _must_reboot(command: tuple[str, ...], host: Host) -> bool | None:
    """None where nothing can tell: the command is a plugin, and its absence ends with the code of a yes."""
    try:
        ended = await host.ask((*command, "needs-restarting", "-r"), frozenset({0, 1}))
    except NoAnswer:
        return None
    if ended.code == _NO_REBOOT:
        return False
    return True if _REBOOT in ended.output.decode("utf-8", "replace") else None


def _fetched(root: Path) -> float | None:
    """The newest of what dnf keeps of its repositories, two levels deep."""
    folders = [root / name for name in _CACHES if (root / name).is_dir()]
    kept = [path for folder in folders for pattern in ("*", "*/*") for path in folder.glob(pattern)]
    return max((path.stat().st_mtime for path in kept if path.exists()), default=None)
