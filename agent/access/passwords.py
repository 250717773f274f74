"""Passwords by argon2id, as RFC 9106 advises for little memory; and secrets that only their holder has."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 10, 200
_BYTES = 32
_KIBIBYTES = 65_536


class Unfit(Exception):
    """It cannot be a password; the text says why."""


class Passwords:
    """Hashes on a thread, one at a time: a crowd that signs in costs one core and 64 MiB, never the loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def hashed(self, password: str) -> str:
        """Raises Unfit."""
        check(password)
        async with self._turn:
            return await asyncio.to_thread(lambda: _hasher().hash(password))

    async def fits(self, password: str, wanted: str) -> bool:
        """Whether it is the one; it takes as long where there is none (`wanted` is empty)."""
        async with self._turn:
            return await asyncio.to_thread(_verified, password[:LONGEST], wanted or _nobodys()) and bool(
                wanted
            )


def hashed_alone(password: str) -> str:
    """The same for a command that has no loop. Raises Unfit."""
    check(password)
    return _hasher().hash(password)


def check(password: str) -> None:
    """Raises Unfit."""
    if len(password) < SHORTEST:
        raise Unfit(f"a password has at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise Unfit(f"a password has at most {LONGEST} characters")
    if len(set(password)) < 4:
        raise Unfit("a password of so few different characters is guessed at once")


def secret() -> str:
    """A new one, to be shown once: 256 bits."""
    return secrets.token_urlsafe(_BYTES)


def digest(shown: str) -> str:
    """By which a secret of ours is known again; it is random, so that a fast hash will do."""
    return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()


def _verified(password: str, wanted: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(wanted, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hasher().hash(secret())


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=3, memory_cost=_KIBIBYTES, parallelism=1)
