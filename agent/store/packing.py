"""Readings packed: those of one check and hour in a few hundred bytes, and back.

Moments come back as those of the millisecond in which they lie: to the microsecond they would take a fifth of the room.
Statuses, messages, whole numbers and texts come back as they were; numbers with a fraction are at most 1 % off
(agent/store/columns.py). So is what the message of a good reading repeats of them: a message that only sums up the
reading's values is made anew from those that are kept. Any other message stays to the letter.

A blob begins with the version of its form. 1: the length of the head in three bytes, the head (JSON `[how many, names
of values, heads of columns]`, deflated), the bits of the columns: seconds, milliseconds, status, message, values, took.
"x", with which zlib begins: all of it JSON, deflated, as the first version of Tocsin wrote it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.store import columns
from alerting.slo.bits import Bits, series, to_bytes
from checks.base import Scalar
from checks.readable import readable

_FORM, _FIRST_FORM = 1, ord("x")
_LEVEL = 9
_MOST_BYTES = 1 << 26  # of what is unpacked
_MOST_READINGS = 1 << 20
MILLISECOND = 1000  # in microseconds, as moments are
_SECOND = 1000  # in milliseconds
_SCALARS = {float, int, str, bool, type(None)}
_UNITS = ("seconds", "bytes", "ratio", "")
_MADE = "\0"  # begins a message that is made from values, `\1` any other that would begin with one of the two
# What mostly adds up to a latency. Part of the form, as are the words below: what changes here wants a new version.
_PARTS = ("resolve", "connect", "tls", "first_byte", "transfer")
_WORDS = (
    b'["usage","answers","answer_count","ttl","rcode","quota_limit","quota_remaining","quota_used","quota_reset",'
    b'"throttled","health","deprecated","fault","requests","rate_404","rate_4xx","rate_5xx","rate_500","count_404",'
    b'"count_5xx","p95","late","last","missed","banner","version","cipher","busy","steal","iowait","available",'
    b'"swap_used","load1","load5","load15","per_core","used","free","total","inodes_used","full_in","read_only"'
    b'degraded"],["unknown"],"\\u0000\\u0000latency=seconds,used=ratio,free=bytes,127.0.0.1"text/plain"application/json"'
    b'["OK"],[true],[false],[""],[0.0],[100],[404],[503],{"i":[]},["ok","down"],{"s":[[12,1,null]]},'
    b'[120,["status","latency","resolve","connect","tls","first_byte","transfer","size","redirects","content_type",'
    b'"body_hash","cert_days","chain_days","cert_issuer","cert_names","tls_version","cipher","hsts_max_age",'
    b'"hsts_subdomains","security_headers_missing","http_version","ip"],[["ok"],["\\u0000status=,latency=seconds,'
    b'resolve=seconds"],[200],{"f":[]},{"f":[]},{"f":[]},{"f":[]},{"f":[]},[1],[0],["text/html"],[null],[null],[null],'
    b'[null],[null],[null],["1.1"],["2"],["127.0.0.1"],{"s":[]},{"s":[]}]]'
)


class Damaged(ValueError):
    """The blob is none of ours, or not whole."""


def packed(entries: Iterable[Sequence[Any]]) -> bytes:
    """`[at, status, took, message, values]` of at least one reading, in order of time.

    A value that only some of them have is None in the others when they come back.
    """
    exact, statuses, took, messages, values = zip(*entries, strict=True)
    moments = [at // MILLISECOND for at in exact]
    seconds = [(at - moments[0] + _SECOND // 2) // _SECOND for at in moments]
    rest = [at - _SECOND * second for at, second in zip(moments, seconds, strict=True)]
    names = list(dict.fromkeys(name for each in values for name in each))
    state = [columns.pack(statuses), columns.pack(_texts(statuses, messages, values))]
    found: dict[str, columns.Packed] = {}
    for name in _order(names):
        column = _scalars([each.get(name) for each in values])
        found[name] = columns.pack(column, _parts({name: each.kept for name, each in found.items()}, name))
    lasted = columns.pack(took, _wholes({name: each.kept for name, each in found.items()}))
    head = [len(moments), names, [each.head for each in (*state, *map(found.__getitem__, names), lasted)]]
    bits = (series(seconds), series(rest), *(each.bits for each in (*state, *found.values(), lasted)))
    packer = zlib.compressobj(_LEVEL, wbits=-15, zdict=_WORDS)
    start = packer.compress(json.dumps(head, separators=(",", ":")).encode()) + packer.flush()
    return bytes([_FORM]) + len(start).to_bytes(3, "big") + start + to_bytes("".join(bits))


def unpacked(blob: bytes) -> list[list[Any]]:
    """`[at, status, took, message, values]` of each reading in the blob, in order of time. Raises Damaged."""
    try:
        if blob[0] == _FIRST_FORM:
            return _first_form(blob)
        if blob[0] != _FORM:
            raise Damaged(f"a form of packed readings that this version does not know ({blob[0]})")
        length = 4 + int.from_bytes(blob[1:4], "big")
        return _read(json.loads(_inflated(blob[4:length], -15, _WORDS)), Bits(blob[length:]))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, zlib.error) as error:
        raise Damaged(f"damaged packed readings: {error}") from error


def _read(head: Any, bits: Bits) -> list[list[Any]]:
    count, names, heads = head
    if not 0 < count <= _MOST_READINGS:
        raise ValueError(f"{count} readings")
    status, text, *told_heads, lasted = heads
    heads_of = dict(zip(names, told_heads, strict=True))
    moments = [
        MILLISECOND * (_SECOND * second + rest)
        for second, rest in zip(bits.series(count), bits.series(count), strict=True)
    ]
    statuses, texts = columns.unpack(status, bits, count), columns.unpack(text, bits, count)
    told: dict[str, list[Any]] = {}
    for name in _order(names):
        told[name] = columns.unpack(heads_of[name], bits, count, _parts(told, name))
    took = columns.unpack(lasted, bits, count, _wholes(told))
    bits.end()
    values = [dict(zip(names, row, strict=True)) for row in zip(*map(told.__getitem__, names), strict=True)]
    values = values or [{} for _ in moments]
    messages = map(_message, texts, values)
    return list(map(list, zip(moments, statuses, took, messages, values, strict=True)))


def _first_form(blob: bytes) -> list[list[Any]]:
    names, entries = json.loads(_inflated(blob, 15))
    return [
        [at, status, took, message, dict(zip(names, values, strict=True))]
        for at, status, took, message, values in entries
    ]


def _inflated(packed: bytes, wbits: int, words: bytes = b"") -> bytes:
    unpacker = zlib.decompressobj(wbits, words) if words else zlib.decompressobj(wbits)
    found = unpacker.decompress(packed, _MOST_BYTES)
    if not unpacker.eof:
        raise ValueError("not whole, or far too long")
    return found


def _order(names: Iterable[str]) -> list[str]:
    """What others may add up to comes after them."""
    return sorted(names, key="latency".__eq__)


def _parts(told: Mapping[str, columns.Column], name: str) -> list[columns.Column]:
    return [told[part] for part in _PARTS if part in told] if name == "latency" else []


def _wholes(told: Mapping[str, columns.Column]) -> list[columns.Column]:
    """What a look mostly took: its latency."""
    return [told[name] for name in ("latency", "took") if name in told][:1]


def _scalars(column: list[Any]) -> list[Scalar]:
    """A kind that is not ours may tell lists and the like: they are kept as text."""
    if {*map(type, column)} <= _SCALARS:
        return column
    return [each if type(each) in _SCALARS else json.dumps(each) for each in column]


def _texts(
    statuses: Sequence[str], messages: Sequence[str], values: Sequence[Mapping[str, Scalar]]
) -> list[str]:
    """The messages, or of what values and units they can be made again."""
    made, texts = "", list[str]()
    for status, message, told in zip(statuses, messages, values, strict=True):
        if status == "ok" and (not made or _message(made, told) != message):
            made = _summed_up(message, told)
        plain = "\1" + message if message[:1] in (_MADE, "\1") else message
        texts.append(made if status == "ok" and made else plain)
    return texts


def _summed_up(message: str, values: Mapping[str, Scalar]) -> str:
    """Empty where the message says anything else."""
    parts = []
    for part in message.split(", "):
        name, _, text = part.partition(" ")
        value = values.get(name)
        unit = next((unit for unit in _UNITS if _shown(value, unit) == text), None)
        if value is None or unit is None or "," in name or "=" in name:
            return ""
        parts.append(f"{name}={unit}")
    return _MADE + ",".join(parts)


def _message(text: str, values: Mapping[str, Scalar]) -> str:
    """The inverse of what `_texts` does to one."""
    if text[:1] != _MADE:
        return text.removeprefix("\1")
    pairs = (part.partition("=") for part in text[1:].split(","))
    return ", ".join([f"{name} {_shown(values.get(name), unit)}" for name, _, unit in pairs])


def _shown(value: Scalar, unit: str) -> str:
    """As a check shows it; what none does, as infinite seconds, is empty."""
    try:
        return readable(value, unit)
    except (OverflowError, ValueError):
        return ""
