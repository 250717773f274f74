"""Which files are taken: names that lead nowhere else, types that are what they say, sizes within the limits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from alerting.desk.attachment import SORTS, sort_of
from checks.text import visible
from config.units import show_size

_LONGEST_NAME, _MOST_BYTES = 150, 200
_RESERVED = '<>:"|?*'
# Names that stand for devices where files are saved on Windows, whatever their ending:
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\..*)?")
# Endings that somebody could run: none is taken, not even before another (`bill.exe.png`).
_RUN = frozenset({
    "apk", "app", "bat", "bin", "chm", "cmd", "com", "cpl", "css", "desktop", "dll", "elf", "exe", "hta",
    "htm", "html", "jar", "js", "jse", "lnk", "mjs", "msc", "msi", "php", "phtml", "pif", "pl", "ps1", "py",
    "rb", "reg", "scf", "scr", "sh", "svg", "swf", "url", "vb", "vbe", "vbs", "wasm", "wsf", "xhtml", "xht",
})  # fmt: skip


class Unfit(Exception):
    """The file is not taken; the text says why."""


def checked_name(name: str) -> str:
    """The name as it is kept, with plain spaces. Raises Unfit: a name that could lead elsewhere is refused."""
    shown = visible(name, 60)
    plain = "".join(" " if unicodedata.category(mark) == "Zs" else mark for mark in name)
    plain = unicodedata.normalize("NFC", plain)
    if not plain.strip():
        raise Unfit("the file has no name")
    if "/" in plain or "\\" in plain:
        raise Unfit(f'"{shown}": a name, not a path: it holds / or \\')
    if visible(plain, 8 * len(plain)) != plain:
        raise Unfit(f'"{shown}": the name holds signs that cannot be seen')
    if plain.startswith((".", "-")) or plain != plain.strip() or plain.endswith("."):
        raise Unfit(
            f'"{shown}": a name neither begins with a dot, a dash or a space, nor ends with a dot or a space'
        )
    if found := next((mark for mark in plain if mark in _RESERVED), None):
        raise Unfit(f'"{shown}": the name holds {found}')
    if _DEVICE.fullmatch(plain):
        raise Unfit(f'"{shown}": the name of a device')
    if len(plain) > _LONGEST_NAME or len(plain.encode()) > _MOST_BYTES:
        raise Unfit(f'"{shown}": the name is longer than {_LONGEST_NAME} characters or {_MOST_BYTES} bytes')
    return plain


def checked_type(name: str, content: bytes, allowed: Collection[str]) -> str:
    """The media type of the bytes. Raises Unfit for one that is not allowed, or that the name belies."""
    endings = [each.strip().lower() for each in name.split(".")[1:]]
    if run := next((each for each in endings if each in _RUN), None):
        raise Unfit(f'"{name}": files that end in .{run} are not taken')
    sort = sort_of(content)
    if sort is None or sort not in allowed:
        what = "of no type that is known" if sort is None else SORTS[sort].type
        raise Unfit(f'"{name}" is {what} by its content; taken are {", ".join(allowed)}')
    ending = endings[-1] if endings else ""
    if ending not in SORTS[sort].endings:
        said = f"ends in .{ending}" if ending else "has no ending"
        fit = ", ".join(f".{each}" for each in SORTS[sort].endings if each)
        raise Unfit(f'"{name}" {said}, but is {SORTS[sort].type} by its content, which ends in {fit}')
    return SORTS[sort].type


def checked_size(name: str, size: int, most: int) -> int:
    """The size. Raises Unfit for nothing at all, or too much."""
    if size == 0:
        raise Unfit(f'"{name}" is empty')
    if size > most:
        raise Unfit(f'"{name}" has {show_size(size)}: at most {show_size(most)} are taken')
    return size
