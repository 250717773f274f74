"""Mail as it is written: plain text for one reader, in a thread, marked as made by a machine (RFC 5322, 2047, 3834).

The headers are put together here and not by the `email` package: that one decodes encoded words in the texts it is
given, and so lets a hostile title speak as a header.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from alerting.connectors.base import Letter

_SECOND = 1_000_000
_LONGEST_SUBJECT, _LONGEST_NAME, _LONGEST_TEXT = 200, 100, 200_000
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLAIN = re.compile(r"[ -~]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 '_.-]*")
_WORD = 45  # bytes, which are 60 signs in base64: an encoded word has at most 75
# Machines do not answer; what could not be delivered is told all the same.
_SUPPRESSED = "DR, RN, NRN, OOF, AutoReply"


def written(letter: Letter, sender: str, agent: str) -> bytes:
    """The whole mail, with lines that end in CR LF. The same letter is the same mail, whenever it is written."""
    from email.utils import format_datetime
    from quopri import encodestring

    name = _name(one_line(letter.name, _LONGEST_NAME))
    headers = {
        "From": f'"Tocsin" <{sender}>',
        "To": f"{name} <{letter.to}>" if name else letter.to,
        "Subject": _words(one_line(letter.subject, _LONGEST_SUBJECT)),
        "Date": format_datetime(datetime.fromtimestamp(letter.at // _SECOND, UTC)),
        "Message-ID": message_id(letter.key, agent),
    }
    if letter.first is not None and letter.first != letter.key:
        headers["In-Reply-To"] = headers["References"] = message_id(letter.first, agent)
    headers |= {
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": _SUPPRESSED,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "quoted-printable",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    text = _STEERS.sub("", letter.text.replace("\r\n", "\n"))[:_LONGEST_TEXT].rstrip("\n") + "\n"
    return head.encode("ascii") + b"\r\n" + encodestring(_bytes(text)).replace(b"\n", b"\r\n")


def message_id(key: str, agent: str) -> str:
    return f"<{key}@{agent}.tocsin>"


def one_line(text: str, longest: int) -> str:
    """Fit for a header: nothing in it can begin another one."""
    return " ".join(_BREAKS.sub(" ", text).split())[:longest]


def _name(text: str) -> str:
    return (f'"{text}"' if text else "") if _PLAIN_NAME.fullmatch(text) else _encoded(text)


def _words(text: str) -> str:
    """As it is where it can be, else as encoded words (RFC 2047)."""
    return text if _PLAIN.fullmatch(text) and "=?" not in text else _encoded(text)


def _encoded(text: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(part).decode()}?=" for part in _parts(text))


def _parts(text: str) -> Iterator[bytes]:
    """Of at most a word's length each, no sign torn apart."""
    part = b""
    for sign in text:
        coded = _bytes(sign)
        if len(part) + len(coded) > _WORD:
            yield part
            part = b""
        part += coded
    yield part


def _bytes(text: str) -> bytes:
    """Lone surrogates have no place in UTF-8."""
    return text.encode("utf-8", "replace")
