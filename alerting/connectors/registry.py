"""All types of connectors, by name. Strangers' types come through the entry point group `tocsin.connectors`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from alerting.connectors.base import ConnectorType, Options

GROUP = "tocsin.connectors"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LONGEST = 200


class Connectors(Mapping[str, ConnectorType]):
    """Looked for when first asked for: most configurations name none, and looking takes a while.

    `refused` says of those that cannot be used which they are, and why.
    """

    @cached_property
    def _found(self) -> tuple[dict[str, ConnectorType], tuple[str, ...]]:
        types = {each.name: each for each in _shipped()}
        refused = []
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: (_owner(entry), entry.name)):
            try:
                found = _sound(entry.load())
                if found.name in types:
                    raise ValueError(f'there is a type "{found.name}" already: give it another name')
            except (Exception, SystemExit) as error:
                reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
                whose = f"the connector {ascii(entry.name)[:60]} of {ascii(_owner(entry))[:60]}"
                refused.append(f"{whose} is left out: {ascii(reason)[1:-1][:_LONGEST]}")
            else:
                types[found.name] = found
        return types, tuple(refused)

    @property
    def refused(self) -> tuple[str, ...]:
        return self._found[1]

    def __getitem__(self, name: str) -> ConnectorType:
        return self._found[0][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found[0])

    def __len__(self) -> int:
        return len(self._found[0])


def all_connectors() -> Connectors:
    """Ours, and what else is installed."""
    return Connectors()


def _shipped() -> tuple[ConnectorType, ...]:
    from alerting.connectors import (
        alertmanager,
        email,
        freshdesk,
        github,
        jira,
        pagerduty,
        redmine,
        rt,
        servicenow,
        slack,
        teams,
        webhook,
        zendesk,
    )

    return (
        alertmanager.TYPE,
        email.TYPE,
        freshdesk.TYPE,
        github.TYPE,
        jira.TYPE,
        pagerduty.TYPE,
        redmine.TYPE,
        rt.TYPE,
        servicenow.TYPE,
        slack.TYPE,
        teams.TYPE,
        webhook.TYPE,
        zendesk.TYPE,
    )


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unknown distribution"


def _sound(found: Any) -> ConnectorType:
    """The type. Raises ValueError where it breaks a promise that everything else counts on."""
    if not isinstance(found, ConnectorType):
        wanted = "an alerting.connectors.base.ConnectorType"
        raise ValueError(f"its entry point leads to a {type(found).__name__} and not to {wanted}")
    if not _NAME.fullmatch(str(found.name)):
        raise ValueError(f"{found.name!r} is no name for a type: small letters, digits, _ and -")
    options: object = found.options
    if not (isinstance(options, type) and issubclass(options, Options)):
        raise ValueError("its options are no subclass of alerting.connectors.base.Options")
    if not callable(found.connect):
        raise ValueError("its connect cannot be called")
    return found
