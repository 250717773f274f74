"""Somebody whom the proxy in front has signed in: by the name that it says they have."""

from __future__ import annotations

from collections.abc import Mapping

from agent.access.accounts import User
from agent.access.person import Person, Role, highest
from checks.text import visible
from config.web import ProxyOptions

_LONGEST = 100


def by_proxy(name: str, users: Mapping[str, User], proxy: ProxyOptions | None) -> Person | None:
    """Who it is: a user here as they are here, anybody else as the operator says; None where they are not let in."""
    if not name or proxy is None:
        return None
    user = users.get(name)
    if user is not None:
        person = Person(user.name, user.role, highest(user.role), "proxy", user.teams)
        return None if user.disabled else person
    if proxy.role is None:
        return None
    role = Role(proxy.role)
    return Person(visible(name, _LONGEST), role, highest(role), "proxy")
