"""The database: ours, of a schema that this version knows, and whole."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import DatabaseError

from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from agent.lock import StoreUnavailable
from agent.store.dialect import FILE_NAME, reading_engine
from agent.store.migrate import current
from agent.store.opening import BEGUN, unopened
from agent.store.opening import look as look_before
from agent.store.schema import HEAD
from config.errors import ConfigError

_TOPIC = "store"
_DAMAGED = "restore a backup: docs/storage.md"


def look(ground: Ground) -> Iterator[Finding]:
    """What would keep a daemon from starting on it."""
    path = ground.state_dir / FILE_NAME
    if not path.exists() and not path.with_name(BEGUN).exists():
        yield finding(_TOPIC, "database", "ok", "none yet: it is made at the first start")
        return
    try:
        look_before(path)
    except (ConfigError, StoreUnavailable) as error:
        yield finding(_TOPIC, "database", "fail", str(error), "as it says; docs/storage.md tells more")
        return
    engine = reading_engine(path)
    try:
        with engine.connect() as connection:
            yield _schema(current(connection))
            broken = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    except DatabaseError as error:
        yield finding(_TOPIC, "database", "fail", str(unopened(error, path)), _DAMAGED)
        return
    finally:
        engine.dispose()
    if broken == ["ok"]:
        yield finding(_TOPIC, "database", "ok", "whole, as far as a quick check tells")
    else:
        yield finding(_TOPIC, "database", "fail", f"damaged: {'; '.join(map(str, broken))}", _DAMAGED)


def _schema(here: str | None) -> Finding:
    if here == HEAD:
        return finding(_TOPIC, "schema", "ok", f"{HEAD}, that of this version")
    if here is None or here < HEAD:
        return finding(_TOPIC, "schema", "ok", f"{here or 'none yet'}: the next start brings it to {HEAD}")
    text = f"{here}: a later version has written it, this one knows {HEAD} at most"
    return finding(_TOPIC, "schema", "fail", text, "install the newer version again")
