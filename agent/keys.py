"""Whose key is this? The keys of jobs that report in, kept in memory as digests only."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.heartbeat.spec import KEY_RULE, HeartbeatSpec, is_key
from config.models import Check
from config.secrets import SecretError

FILE_NAME = "tocsin.heartbeat-secret"
Address = tuple[str, str]
_MADE = 32
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one configuration. `wrong` has the checks, by address, whose key cannot be used, each with the reason."""

    known: Mapping[bytes, Address] = field(default_factory=dict, repr=False)
    wrong: Mapping[str, str] = field(default_factory=dict)
    salt: bytes = b""

    def find(self, key: str) -> Address | None:
        """The check of that key. Takes as long for a wrong key as for a right one: only digests are compared."""
        return self.known.get(_digest(key, self.salt))


def keys_of(checks: Iterable[Check], secret: bytes) -> Keys:
    """The keys of all jobs among the checks. Reads files where keys stand in files."""
    salt = os.urandom(16)
    known: dict[bytes, Address] = {}
    wrong: dict[str, str] = {}
    for check in checks:
        if not isinstance(check.spec, HeartbeatSpec):
            continue
        address = (check.service, check.name)
        try:
            names = keys_for(check, secret)
        except (SecretError, ValueError) as error:
            wrong[check.address] = str(error)
            continue
        for key in names:
            if known.setdefault(_digest(key, salt), address) != address:
                other = ".".join(known[_digest(key, salt)])
                wrong[check.address] = f"{other} has the same key: its reports count there"
    return Keys(known, wrong, salt)


def keys_for(check: Check, secret: bytes) -> list[str]:
    """The key of a job, first, and those it had under earlier names. Raises SecretError or ValueError."""
    if check.spec.key is None:
        return [_made(secret, address) for address in ((check.service, check.name), *check.earlier)]
    key: str = check.spec.key.reveal()
    if not is_key(key):
        raise ValueError(f"its key is no good: it wants {KEY_RULE}")
    return [key]


def secret_in(directory: Path, name: str = FILE_NAME) -> bytes:
    """The secret that keys are made with; it is written when there is none. Raises OSError."""
    path = directory / name
    try:
        return read_secret(directory, name)
    except FileNotFoundError:
        made = secrets.token_hex(_BYTES).encode()
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        return made


def read_secret(directory: Path, name: str = FILE_NAME) -> bytes:
    """The same, for those who may only read. Raises OSError."""
    return (directory / name).read_bytes().strip()


def _made(secret: bytes, address: Address) -> str:
    return hmac.new(secret, ".".join(address).encode(), hashlib.sha256).hexdigest()[:_MADE]


def _digest(key: str, salt: bytes) -> bytes:
    return hashlib.blake2b(key.encode("utf-8", "replace"), key=salt, digest_size=16).digest()
