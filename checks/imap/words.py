"""IMAP: texts as commands carry them: quoted strings, and the names of mailboxes (RFC 3501, 5.1.3)."""

from __future__ import annotations

import base64
import re

_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_RUN = re.compile(r"&|[^\x20-\x7e]+")
_LONGEST_QUOTED = 1000


def quoted(text: str) -> str | None:
    """The text in quotes; None when it must go as a literal."""
    if len(text) > _LONGEST_QUOTED or not _PRINTABLE.fullmatch(text):
        return None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def mailbox_name(name: str) -> str:
    """The name in IMAP's own form of UTF-7: `Gelöscht` is `Gel&APY-scht`."""
    return _RUN.sub(_shifted, name)


def _shifted(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    coded = base64.b64encode(found[0].encode("utf-16-be")).decode()
    return f"&{coded.rstrip('=').replace('/', ',')}-"
