"""`was:`: which earlier names each check takes over; a name has one heir at most, and none while it is in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.field_types import id_hint, is_id
from config.friendly import shown
from config.models import Check, Config
from config.places import Where
from config.sources import Sources

Address = tuple[str, str]


def look_at_old_names(sources: Sources, config: Config) -> None:
    """Note mistakes in `sources`."""
    used = {(check.service, check.name) for check in config.checks()}
    used |= {(service.name, name) for service in config.services.values() for name in service.disabled}
    heirs: dict[Address, str] = {}
    for check in config.checks():
        for number, old in enumerate(check.earlier):
            wrong = _wrong(check, old, used, heirs)
            if wrong is None:
                heirs[old] = check.address
            else:
                sources.blame(_where(sources, check, number), *wrong)


def _wrong(
    check: Check, old: Address, used: set[Address], heirs: Mapping[Address, str]
) -> tuple[str, str] | None:
    """What is wrong with this earlier name, and the remedy."""
    name = ".".join(old)
    if not all(map(is_id, old)):
        bad = next(part for part in old if not is_id(part))
        return f"{shown(bad)} is no id", id_hint(bad)
    if old == (check.service, check.name):
        return f"{name} is its own name", "name what it was called before"
    if old in used:
        return f"{name} still exists", "remove that check, or leave its name out here"
    if old in heirs:
        return f"{name} is taken over by {heirs[old]} already", "leave it out here"
    return None


def _where(sources: Sources, check: Check, number: int) -> Where:
    """The place of an earlier name: in `was:`, or `id:`, which comes after those."""
    where: Where = ("services", check.service, "checks", check.name)
    block: Any = sources.tree
    for part in where:
        block = block.get(part) if isinstance(block, dict) else None
    was = block.get("was") if isinstance(block, dict) else None
    listed = len(was) if isinstance(was, list) else int(was is not None)
    return (*where, "was", number) if number < listed else (*where, "id")
