"""NTP packets of a client that only asks: RFC 5905, section 7.3, and RFC 4330 on what to believe.

The question carries a random number in place of our time, which the answer must give back: who cannot read the
question cannot answer it, and nobody learns what our clock says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIZE = 48
_FORM = struct.Struct("!BBbbII4sQ8sQQ")
_SHORT = 2.0**-16
_FRACTION = 2.0**-32
_ERA = 2.0**32
_BEFORE_1970 = 2_208_988_800
_CLIENT = 3
_SERVER = 4
_ALARM = 3
_UNSYNCHRONISED = 16
# A server whose own clock may be farther off than this is no reference: what ntpd and chronyd allow, and more.
_MOST_OFF = 3.0


class Unusable(Exception):
    """The server answered, but not with a time to go by; the text is one line. `kiss` when it sends us away."""

    def __init__(self, message: str, *, kiss: bool = False) -> None:
        super().__init__(message)
        self.kiss = kiss


class NotForUs(Exception):
    """No answer to our question, whoever sent it: to be ignored, as if it had never come."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One server's time against ours, in seconds: `offset` is positive when our clock is behind.

    `root` is how far the server itself can be off; `delay` the time on the way, there and back.
    """

    offset: float
    delay: float
    stratum: int
    leap: int
    root: float


def question(number: bytes) -> bytes:
    """The packet with a random number of 8 bytes: version 4, client, nothing else."""
    return struct.pack("!B39x8s", 4 << 3 | _CLIENT, number)


def sample(answer: bytes, number: bytes, sent: float, received: float) -> Sample:
    """What an answer says, with both moments by our own clock. Raises NotForUs or Unusable."""
    if len(answer) < SIZE:
        raise NotForUs
    first, stratum, _, _, root_delay, root_dispersion, name, _, origin, arrived, left = _FORM.unpack(
        answer[:SIZE]
    )
    if first & 7 != _SERVER or origin != number:
        raise NotForUs
    leap = first >> 6
    _must_be_usable(leap, stratum, name, left)
    there, back = _moment(arrived, sent) - sent, _moment(left, received) - received
    delay = there - back
    root = root_delay * _SHORT / 2 + root_dispersion * _SHORT
    if _moment(left, received) < _moment(arrived, sent) or delay < -0.001:
        raise Unusable("its times contradict themselves")
    if root > _MOST_OFF:
        raise Unusable(f"it may itself be {root:.1f}s off")
    return Sample((there + back) / 2, max(0.0, delay), stratum, leap, root)


def _must_be_usable(leap: int, stratum: int, name: bytes, left: int) -> None:
    if stratum == 0:
        code = name.rstrip(b"\0").decode("ascii", "replace")
        words = {"RATE": "we ask too often", "DENY": "it does not serve us", "RSTR": "it does not serve us"}
        shown = code if code.isalnum() else "no reason"
        raise Unusable(
            f"it sent us away: {shown}{f' ({words[code]})' if code in words else ''}", kiss=code in words
        )
    if stratum >= _UNSYNCHRONISED or leap == _ALARM:
        raise Unusable("its own clock is not synchronised")
    if left == 0:
        raise Unusable("it does not say what time it is")


def _moment(stamp: int, near: float) -> float:
    """Unix seconds of an NTP timestamp, in the era that brings it nearest to ours: they end in 2036."""
    seconds = stamp * _FRACTION - _BEFORE_1970
    return seconds + round((near - seconds) / _ERA) * _ERA
