"""What differs between two configurations, by name: never a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import BaseModel

from config.conditions import Condition
from config.models import AgentConfig, Check, Config, Helpdesk, Service
from config.secrets import Secret

MOST_NAMES = 100
_FEW = 20
_ON_RESTART = ("id", "listen", "state_dir", "metrics", "sentry_dsn")
_NOT_OPTIONS = frozenset({"files", "services", "targets_files"})
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Services (`web`) and checks (`web.home`) by name.

    `changed` has the options that changed, of services and checks and of `agent`, `teams` …; `renamed` leads from
    old names to new ones; `disabled` has the reason of what runs no more but is still configured; `restart` are
    the options that count only after a restart.
    """

    added: Names = ()
    removed: Names = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, Names] = field(default_factory=dict)
    restart: Names = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.disabled or self.renamed or self.changed)

    def lines(self, most: int = _FEW) -> dict[str, list[str]]:
        """For people, by heading; what is empty is left out, and no list is endless."""
        told = {
            "added": list(self.added),
            "removed": list(self.removed),
            "disabled": [f"{name} ({why})" for name, why in self.disabled.items()],
            "renamed": [f"{old} -> {new}" for old, new in self.renamed.items()],
            "changed": [
                f"{name} ({', '.join(names)})" if names else name for name, names in self.changed.items()
            ],
            "restart": list(self.restart),
        }
        return {heading: bounded(names, most) for heading, names in told.items() if names}


def bounded(names: list[str], most: int) -> list[str]:
    """The first `most` names, and how many more there are."""
    return names if len(names) <= most else [*names[:most], f"and {len(names) - most} more"]


def differences(before: Config, after: Config, started: AgentConfig | None = None) -> Changes:
    """What a change of configuration means; `started` is the agent as the daemon was started."""
    old, new = _everything(before), _everything(after)
    renamed = dict(_renames(before, after))
    disabled = {name: why for name, why in _disabled(after).items() if name in old and name not in new}
    changed = {
        name: _differ(old[renamed_from], new[name]) for name, renamed_from in _pairs(old, new, renamed)
    }
    return Changes(
        added=_sorted(new.keys() - old.keys() - set(renamed.values())),
        removed=_sorted(old.keys() - new.keys() - renamed.keys() - disabled.keys()),
        disabled=disabled,
        renamed=renamed,
        changed={**dict(_sections(before, after)), **{name: what for name, what in changed.items() if what}},
        restart=tuple(_on_restart(started or before.agent, after.agent)),
    )


def _on_restart(started: AgentConfig, now: AgentConfig) -> Iterator[str]:
    for name in _ON_RESTART:
        if not same(getattr(started, name), getattr(now, name)):
            yield f"agent.{name}"
    if (started.web.tls is None) is not (now.web.tls is None):
        yield "agent.web.tls"


def _sorted(names: Iterable[str]) -> Names:
    return tuple(sorted(names))


def _everything(config: Config) -> dict[str, Service | Check]:
    """Every service and check by its name; a service has no dot in it."""
    return {**config.services, **{check.address: check for check in config.checks()}}


def _disabled(config: Config) -> dict[str, str]:
    return {
        f"{service.name}.{name}": why
        for service in config.services.values()
        for name, why in service.disabled.items()
    }


def _renames(before: Config, after: Config) -> Iterator[tuple[str, str]]:
    """Old name -> new name, of checks that were there and of no others."""
    known = {check.address for check in before.checks()}
    still = {check.address for check in after.checks()}
    for check in after.checks():
        was = (".".join(name) for name in check.earlier)
        old = next((name for name in was if name in known - still), None) if check.was else None
        if old is not None and check.address not in known:
            yield old, check.address


def _pairs(
    old: Mapping[str, object], new: Mapping[str, object], renamed: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """(new name, old name) of what is there before and after."""
    yield from ((name, name) for name in new if name in old)
    yield from ((name, before) for before, name in renamed.items())


def _sections(before: Config, after: Config) -> Iterator[tuple[str, Names]]:
    """The rest of the configuration: of a section of names which of them, of `agent` which options."""
    for each in fields(Config):
        if each.name in _NOT_OPTIONS:
            continue
        old, new = getattr(before, each.name), getattr(after, each.name)
        if not same(old, new):
            yield each.name, _parts(old, new)


def _parts(old: Any, new: Any) -> Names:
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        return _options(old, new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return _sorted(name for name in old.keys() | new.keys() if not same(old.get(name), new.get(name)))
    return ()


def _differ(old: Service | Check, new: Service | Check) -> Names:
    """The options of a service or check that differ, as they are written in the file."""
    if old is new:
        return ()
    names = [each.name for each in fields(old) if each.name not in _IDENTITY]
    found = [name for name in names if not same(getattr(old, name), getattr(new, name))]
    options = _options(old.spec, new.spec) if isinstance(old, Check) and isinstance(new, Check) else ()
    # A kind may have `every` as an option of its own: it is told once.
    return tuple(dict.fromkeys((*(_WRITTEN_AS.get(name, name) for name in found), *options)))


_IDENTITY = frozenset({"name", "service", "checks", "disabled", "spec"})
_WRITTEN_AS = {"kind": "type", "confirm_of": "confirm"}


def _options(old: BaseModel, new: BaseModel) -> Names:
    names = dict.fromkeys((*type(old).model_fields, *type(new).model_fields))
    missing = object()
    return tuple(name for name in names if not same(getattr(old, name, missing), getattr(new, name, missing)))


def same(old: Any, new: Any) -> bool:
    """Equal as written; secrets are compared without being followed."""
    if old is new:
        return True
    if isinstance(old, Secret) and isinstance(new, Secret):
        return old.written_like(new)
    if isinstance(old, Condition) and isinstance(new, Condition):
        return old.text == new.text and old.must_hold == new.must_hold
    if isinstance(old, Helpdesk) and isinstance(new, Helpdesk):
        return same(old.options, new.options) and same(old.own, new.own)
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        return type(old) is type(new) and not _options(old, new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(same(value, new[key]) for key, value in old.items())
    if isinstance(old, (tuple, list)) and isinstance(new, (tuple, list)):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new)
