"""A file that belongs to a ticket: what is kept of it beside its bytes, and what its bytes are. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_TEXT_CONTROLS = frozenset({9, 10, 12, 13, 27})
_TEXT_ENDINGS = (
    "txt", "text", "log", "csv", "tsv", "json", "jsonl", "md", "yaml", "yml", "xml", "ini", "conf", "cfg", "diff",
    "patch", "eml", "har", "out",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """`type` is what its bytes are, `size` in bytes; `sha256` in hex names them. Internal: not for the reporter."""

    ticket: int
    number: int
    name: str
    type: str
    size: int
    sha256: str
    at: int
    by: str
    internal: bool = True


@dataclass(frozen=True, slots=True)
class Sort:
    """A type of file: its media type, how its bytes begin, and what its name may end in."""

    type: str
    begins: tuple[bytes, ...]
    endings: tuple[str, ...]


SORTS: Mapping[str, Sort] = {
    "png": Sort("image/png", (b"\x89PNG\r\n\x1a\n",), ("png",)),
    "jpeg": Sort("image/jpeg", (b"\xff\xd8\xff",), ("jpg", "jpeg")),
    "gif": Sort("image/gif", (b"GIF87a", b"GIF89a"), ("gif",)),
    "pdf": Sort("application/pdf", (b"%PDF-",), ("pdf",)),
    "zip": Sort("application/zip", (b"PK\x03\x04", b"PK\x05\x06"), ("zip",)),
    "gzip": Sort("application/gzip", (b"\x1f\x8b\x08",), ("gz", "tgz")),
    "text": Sort("text/plain", (), ("", *_TEXT_ENDINGS)),
}


def sort_of(content: bytes) -> str | None:
    """The name of the type that the bytes themselves are, whatever they are called; None for one not known."""
    for name, sort in SORTS.items():
        if content.startswith(sort.begins):
            return name
    return "text" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    if any(byte < 32 and byte not in _TEXT_CONTROLS for byte in set(content)):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
