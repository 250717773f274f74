"""Who is let in by a token, and how often."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import structlog

from agent.clock import Clock
from config.secrets import Secret, SecretError

log = structlog.get_logger()
_BURST, _PER_SECOND = 60.0, 1.0


class NoToken(Exception):
    """Nobody is let in, or the token that they are to show cannot be read now."""


class TooMany(Exception):
    """They come without a pause."""


class Bucket:
    """So many at once, then so many a second."""

    def __init__(self, clock: Clock, burst: float, per_second: float) -> None:
        self._clock, self._burst, self._per_second = clock, burst, per_second
        self._left, self._at = burst, clock.monotonic()

    def take(self) -> bool:
        """Whether there is one left; then it is taken."""
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Door:
    """`token` is what they must show, None lets none in; `name` is what the log calls it."""

    def __init__(self, name: str, clock: Clock, token: Callable[[], Secret | None]) -> None:
        self._name, self._token = name, token
        self._bucket = Bucket(clock, _BURST, _PER_SECOND)

    def lets_in(self, shown: str) -> bool:
        """Whether that is the token, found out in the same time whatever is shown. Raises NoToken."""
        secret = self._token()
        if secret is None:
            raise NoToken
        try:
            wanted = secret.reveal()
        except SecretError as error:
            log.error(f"{self._name}.token_unreadable", reason=str(error))
            raise NoToken from None
        return hmac.compare_digest(shown.encode(), wanted.encode()) and bool(wanted)

    def spend(self) -> None:
        """One more of those that let in programs: so many at once, then one a second. Raises TooMany."""
        if not self._bucket.take():
            raise TooMany
