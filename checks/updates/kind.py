"""Updates: how many packages wait for an update, how many of them for security, and must the host be rebooted?

On Debian and Ubuntu `apt-get --simulate dist-upgrade` is asked; an update counts for security when it comes from a
security archive. In the RHEL family it is `dnf check-update`, which knows that from the repositories' advisories.
Nothing is fetched, changed or locked: the answer is as fresh as the host's own package lists (`lists_age`). A host
without any list is unknown. Packages that are held back by hand (`apt-mark hold`, `excludepkgs=`) are not counted.

A reboot is required when Debian's `/run/reboot-required` is there (unattended-upgrades or update-notifier write
it), or when `dnf needs-restarting -r` says so.

Such a look takes seconds of processor time: a few times a day is enough, with a longer `timeout`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Spec, Value
from checks.host_programs import Host, NoAnswer, host_programs
from checks.paths import AbsolutePath, refusal
from checks.text import visible
from checks.updates import apt, dnf
from checks.updates.pending import Pending
from config.units import DAY

_NAMED = 10
_STALE = 7 * DAY
Ask = Callable[[Path, Host], Awaitable[Pending]]


class UpdatesSpec(Spec):
    """Whose packages."""

    manager: Literal["auto", "apt", "dnf"] = Field(
        "auto", description="what manages the packages; dnf stands for yum too"
    )
    root: AbsolutePath = Field(
        "/",
        description="the tree that the packages are installed in, such as a container's",
        examples=["/srv/jail"],
    )


async def probe(spec: UpdatesSpec, context: Context) -> Observation:
    """Ask the manager of packages, once."""
    root = Path(spec.root)
    try:
        with host_programs(context) as host:
            found = await _ask(spec, root)(root, host)
    except NoAnswer as error:
        return Observation(blind=visible(str(error), 300), error_kind=ErrorKind.LOCAL)
    except OSError as error:
        return Observation(blind=refusal(spec.root, error), error_kind=ErrorKind.LOCAL)
    age = None if found.lists_at is None else max(0.0, round(context.now - found.lists_at, 3))
    values = {
        "security": len(found.security),
        "pending": len(found.every),
        "reboot_required": found.reboot,
        "lists_age": age,
        "packages": _named(found),
    }
    stale = (
        ("the package lists are old: newer updates are not known here",)
        if age is None or age > _STALE
        else ()
    )
    return Observation(values=values, notes=(*found.notes, *stale))


def _ask(spec: UpdatesSpec, root: Path) -> Ask:
    for name, is_here, pending in (("apt", apt.is_here, apt.pending), ("dnf", dnf.is_here, dnf.pending)):
        if spec.manager == name or (spec.manager == "auto" and is_here(root)):
            return pending
    raise NoAnswer(f"no packages of dpkg or rpm in {visible(spec.root, 120)} (say which: manager)")


def _named(found: Pending) -> str | None:
    """Those for security first; as many as fit into a line."""
    names = list(dict.fromkeys((*found.security, *found.every)))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return visible(" ".join(names[:_NAMED]) + more) if names else None


KIND = Kind(
    name="updates",
    summary="counts the packages of this host that wait for an update, and tells whether it must be rebooted",
    spec=UpdatesSpec,
    probe=probe,
    values=(
        Value("security", "", "packages with an update for security", whole=True, least=0),
        Value("pending", "", "packages with any update", whole=True, least=0),
        Value(
            "reboot_required",
            "",
            "whether updates take effect only after a reboot; absent where nothing tells",
        ),
        Value("lists_age", "seconds", "time since the package lists were fetched"),
        Value("packages", "", "which packages, those for security first", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: updates\nevery: 6h\ntimeout: 60s\ndegraded: security > 0 or reboot_required == true\n",
    degraded="security > 0 or reboot_required == true or lists_age > 7d",
)
