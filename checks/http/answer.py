"""HTTP: the answer as it comes in, bounded in headers and body, and its text."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import InitVar, dataclass, field
from functools import lru_cache
from typing import Any

from checks.text import visible

_MAX_HEADER_BYTES = 256 * 1024
_SHOWN = 60
_MAX_PIECES = 50_000  # a body in chunks of a byte each would keep the loop from its other checks
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
# The character sets of the web. A server must not choose among all of Python's codecs: some are slow beyond
# reason on long texts, some refuse to replace what they cannot read.
_TEXT = re.compile(
    r"utf-8|utf-16(-[bl]e)?|ascii|iso8859-\d+|cp(437|850|866|874|932|949|950|125\d)|koi8-[ru]|mac-roman"
    r"|gbk|gb2312|gb18030|big5|euc_(jp|kr)|shift_jis|iso2022_jp|tis-620"
)
# No text at all: kept byte by byte, for the kind that reads it.
_AS_BYTES = "application/dns-message"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(slots=True)
class Answer:
    """What came back. `keep` bounds the stored body in bytes, `limit` the whole one; `hashed` asks for its hash."""

    keep: int
    limit: int
    hashed: InitVar[bool] = False
    lines: list[bytes] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    size: int = 0
    pieces: int = 0
    header_bytes: int = 0
    too_large: str | None = None
    not_http: str | None = None  # the first words, where no headers came before them
    ended: bool = False  # the headers are complete
    _digest: Any = None

    def __post_init__(self, hashed: bool) -> None:
        if hashed:
            self._digest = hashlib.sha256()

    def header(self, raw: bytes) -> int | None:
        """libcurl's header callback, a line at a time; returning 0 ends the transfer."""
        self.header_bytes += len(raw)
        if self.header_bytes > _MAX_HEADER_BYTES:
            self.too_large = f"the headers are larger than {_MAX_HEADER_BYTES // 1024} KiB"
            return 0
        if raw == b"\r\n" or raw == b"\n":
            self.ended = True
        elif self.ended and raw.startswith(b"HTTP/"):  # after an interim answer, or a proxy's own
            self.lines = [raw]
            self.ended = False
        else:
            self.lines.append(raw)
        return None

    def chunk(self, raw: bytes) -> int | None:
        """libcurl's body callback, already unpacked; returning 0 ends the transfer."""
        if not self.lines:
            self.not_http = visible(raw[:_SHOWN].decode("utf-8", "replace").strip(), _SHOWN)
            return 0
        self.size += len(raw)
        if self.size > self.limit:
            self.too_large = f"the answer is larger than max_body ({self.limit} bytes)"
            return 0
        self.pieces += 1
        if self.pieces > _MAX_PIECES:
            self.too_large = f"the answer came in more than {_MAX_PIECES} pieces"
            return 0
        if self._digest is not None:
            self._digest.update(raw)
        room = self.keep - len(self.body)
        if room > 0:
            self.body += raw[:room]
        return None

    @property
    def sha256(self) -> str | None:
        """Of the whole body, unpacked, in hexadecimal; None unless it was asked for."""
        return None if self._digest is None else str(self._digest.hexdigest())

    @property
    def begun(self) -> bool:
        """Whether anything of an answer has come."""
        return bool(self.lines)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values in the order they came, trailers last; folded lines are joined."""
        found: list[tuple[str, str]] = []
        for raw in self.lines[1:]:
            line = raw.decode("latin-1")
            if line[0] in " \t" and found:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
                continue
            name, colon, value = line.partition(":")
            if colon:
                found.append((name.strip(), value.strip()))
        return tuple(found)

    def text(self, content_type: str | None) -> str:
        """The stored body as text: by its byte order mark, else by its declared charset, else as UTF-8."""
        return self.body.decode(self._encoding(content_type or ""), "replace")

    def _encoding(self, content_type: str) -> str:
        if content_type.lower().startswith(_AS_BYTES):
            return "latin-1"
        for mark, encoding in _MARKS:
            if self.body.startswith(mark):
                return encoding
        return _declared(content_type)


@lru_cache(maxsize=256)
def media_type(content_type: str) -> str:
    """`text/html` of `Text/HTML; charset=utf-8`."""
    return visible(content_type.partition(";")[0].strip().lower(), 100)


@lru_cache(maxsize=256)
def _declared(content_type: str) -> str:
    declared = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(declared[1]).name if declared else "utf-8"
    except (LookupError, ValueError):
        return "utf-8"
    return name if _TEXT.fullmatch(name) else "utf-8"
