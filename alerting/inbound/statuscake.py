"""StatusCake: the webhook of a contact group, a form with `Name`, `Status` and the account's `Token`; it has no time.

Source: the knowledge base of StatusCake, "How to use the web hook URL".
"""

from __future__ import annotations

import hashlib
from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import block, first

_STATES = {"down": True, "up": False}


def read(body: Any) -> Read:
    """One test. Raises NotRead when it has no name."""
    told = {str(name).lower(): value for name, value in block(body).items()}
    name, url = first(told, "name"), first(told, "url")
    if not name and not url:
        raise NotRead("has no Name")
    firing = _STATES.get(first(told, "status").lower())
    if firing is None:
        return Read((), 1)
    code = first(told, "statuscode")
    labels = {"ip": first(told, "ip"), "tags": first(told, "tags"), "status code": code}
    return Read((Alert(
        key=first(told, "testid", "test_id") or _digest(name, url),
        title=f"{name or url}: {'down' if firing else 'up'}",
        firing=firing,
        text=("no answer in time" if code == "0" else f"answered with status {code}") if code and firing else "",
        url=url,
        labels={label: said for label, said in labels.items() if said},
    ),))  # fmt: skip


def _digest(name: str, url: str) -> str:
    return hashlib.sha256(f"{name}\0{url}".encode(errors="replace")).hexdigest()[:16]


def shown_token(body: Any) -> str:
    """What the form shows as its token: StatusCake can put it nowhere else."""
    return first({str(name).lower(): value for name, value in block(body).items()}, "token")
