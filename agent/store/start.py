"""The store as the daemon and commands open it: looked at first, and set aside only where the operator said so."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy.exc import DatabaseError

from agent.lock import StoreUnavailable
from agent.store.ballast import Ballast
from agent.store.migrate import StoreTooNew
from agent.store.opening import BEGUN, StoreUnusable, Unusable, look, set_aside, unopened
from agent.store.writer import Writer
from config.errors import ConfigError

log = structlog.get_logger()


def opened(path: Path, unusable: Unusable = "refuse", ballast: int = 0) -> Writer:
    """The store at `path`. Raises ConfigError (StoreUnusable) or StoreUnavailable; nothing is overwritten.

    With `unusable: aside`, what cannot be used gets another name, and a new store begins. On a full disk the ballast
    is thrown off.
    """
    try:
        return _open(path, ballast)
    except StoreUnusable as error:
        if unusable == "refuse":
            raise
        put_aside(path, str(error))
    except StoreUnavailable as error:
        if not Ballast(path.parent, ballast).throw_off():
            raise
        log.error("store.ballast_thrown_off", bytes=ballast, reason=str(error))
    return _open(path, ballast)


def put_aside(path: Path, reason: str) -> None:
    """Give what stands there another name, and tell of it."""
    kept = set_aside(path)
    path.with_name(BEGUN).unlink(missing_ok=True)
    log.error("store.set_aside", reason=reason, kept=None if kept is None else str(kept))


def _open(path: Path, ballast: int) -> Writer:
    look(path)
    try:
        return Writer(path, ballast)
    except StoreTooNew as error:
        raise ConfigError(f"{path}: {error} (install the newer version again, or restore a backup)") from None
    except (DatabaseError, OSError) as error:
        raise unopened(error, path) from None
