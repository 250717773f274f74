"""A copy of all that is kept, in one file: taken while the daemon writes, verified, and put back."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.store.ballast import free
from agent.store.dialect import APPLICATION, FILE_NAME
from agent.store.files import FOLDER
from agent.store.opening import BEGUN, set_aside, with_begun

SUFFIX = ".tar.gz"
# While it stands, remote tickets are looked for before they are made: some may be from after the backup.
RESTORED = "tocsin.restored"
_MANIFEST = "manifest.json"
_SECRETS = ("tocsin.heartbeat-secret", "tocsin.link-secret")
_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700
_SPARE = 64 * 1024**2
_LEVEL = 1
_SHOP, _STALE = ".tocsin-", 86_400.0
_DOUBT = "UPDATE outbox SET state = 'doubt', next_at = 0 WHERE state IN ('waiting', 'leased', 'doubt')"


class CannotBackUp(Exception):
    """The copy could not be made, or is not good; the text says why, and what mends it."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One file: when it was taken (microseconds UTC) and how large it is."""

    file: Path
    at: int
    size: int


def take(directory: Path, into: Path, agent: str, now: int) -> Backup:
    """Copy the state directory into a new file below `into`. Raises CannotBackUp; nothing half stays behind."""
    database = directory / FILE_NAME
    if not database.is_file():
        raise CannotBackUp(f"nothing is stored in {directory} yet")
    with _failures(into):
        into.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        _make_room(directory, into)
        with _workshop(into) as work:
            _copy(database, work / FILE_NAME)
            _check(work / FILE_NAME)
            file = into / f"tocsin-{agent}-{_stamp(now)}{SUFFIX}"
            _pack(directory, work, now)
            (work / "again").mkdir()
            _unpacked(work / "packed", work / "again", keep=False)
            _kept_like(into, work / "packed")
            (work / "packed").replace(file)
            _sync(into)
    return Backup(file, now, file.stat().st_size)


def verify(file: Path) -> dict[str, object]:
    """The manifest of a backup that is whole: every file as it was, and the database sound. Raises CannotBackUp."""
    with _failures(file.parent), _workshop(file.parent) as work:
        return _unpacked(file, work)


def listed(into: Path) -> list[Backup]:
    """What is there, the newest first."""
    found = []
    for file in into.glob(f"tocsin-*{SUFFIX}"):
        with contextlib.suppress(ValueError, OSError):
            moment = datetime.strptime(file.name[: -len(SUFFIX)][-16:], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Backup(file, int(moment.timestamp()) * 1_000_000, file.stat().st_size))
    return sorted(found, key=lambda backup: -backup.at)


def forget(into: Path, before: int) -> list[Path]:
    """Take away those from before the moment (microseconds UTC); the newest stays whatever its age."""
    old = [backup.file for backup in listed(into)[1:] if backup.at < before]
    for file in old:
        with contextlib.suppress(OSError):
            file.unlink()
    return old


def restore(file: Path, directory: Path, now: int) -> Path | None:
    """Put a backup in the place of what is in the state directory, whose lock is held; what was there is set aside.

    The new name of the database that was there, None where there was none. Raises CannotBackUp before anything changed.
    """
    with _failures(directory), _workshop(directory) as work:
        _unpacked(file, work)
        _in_doubt(work / FILE_NAME)
        for each in work.rglob("*"):
            _kept_like(directory, each)
        with open(directory / RESTORED, "w", opener=_private) as mark:
            mark.write(f"{now}\n")
        with_begun(
            directory / FILE_NAME
        )  # should it end below, no start takes what is lacking for a new beginning
        before = set_aside(directory / FILE_NAME)
        for name in (RESTORED, BEGUN):
            _kept_like(directory, directory / name)
        for each in sorted(work.rglob("*")):
            _moved(each, directory / each.relative_to(work))
        _sync(directory)
    return before


def restored_at(directory: Path) -> int | None:
    """When a backup was put back there (microseconds UTC), None where none was, or nobody minds any more."""
    with contextlib.suppress(OSError, ValueError):
        return int((directory / RESTORED).read_text())
    return None


def _moved(there: Path, to: Path) -> None:
    if there.is_dir():
        to.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        _kept_like(to.parent, to)
    else:
        there.replace(to)


def _copy(database: Path, copy: Path) -> None:
    """All that is committed now; who writes goes on meanwhile."""
    source = sqlite3.connect(database, timeout=30)
    try:
        source.execute("VACUUM INTO ?", (str(copy),))
    finally:
        source.close()


def _check(database: Path) -> None:
    store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        said = [text for (text,) in store.execute("PRAGMA integrity_check(5)")]
        ours = store.execute("PRAGMA application_id").fetchone()[0] in (0, APPLICATION)
        version = store.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise CannotBackUp(f"the database in it is damaged: {error}") from None
    finally:
        store.close()
    if said != ["ok"] or not ours or version is None:
        raise CannotBackUp(f"the database in it is damaged: {'; '.join(said)[:300]}")


def _pack(directory: Path, work: Path, now: int) -> None:
    """`work`/packed: the copy of the database, what lies beside it, and a manifest first."""
    there = [(FILE_NAME, work / FILE_NAME)]
    there += [(name, directory / name) for name in _SECRETS if (directory / name).is_file()]
    there += [(str(each.relative_to(directory)), each) for each in _attached(directory)]
    files = {name: {"sha256": _digest(file), "bytes": file.stat().st_size} for name, file in there}
    manifest = json.dumps({"at": _stamp(now), "files": files}, indent=1).encode()
    with open(work / "packed", "wb", opener=_private) as raw:
        with tarfile.open(
            fileobj=raw, mode="w:gz", compresslevel=_LEVEL, format=tarfile.PAX_FORMAT
        ) as packed:
            head = tarfile.TarInfo(_MANIFEST)
            head.size, head.mode, head.mtime = len(manifest), _PRIVATE, now // 1_000_000
            packed.addfile(head, io.BytesIO(manifest))
            for name, file in there:
                packed.add(file, name, recursive=False, filter=_anonymous)
        raw.flush()
        os.fsync(raw.fileno())


def _attached(directory: Path) -> list[Path]:
    found = (directory / FOLDER).rglob("*") if (directory / FOLDER).is_dir() else ()
    return sorted(each for each in found if each.is_file() and not each.is_symlink())


def _private(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_CLOEXEC, _PRIVATE)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = _PRIVATE
    return entry


def _unpacked(file: Path, work: Path, *, keep: bool = True) -> dict[str, object]:
    """The manifest; its files in `work`, unless only to be read: each as the manifest says, and nothing else."""
    try:
        with tarfile.open(file, "r:gz") as packed:
            head = packed.next()
            told = packed.extractfile(head) if head is not None and head.name == _MANIFEST else None
            if told is None:
                raise CannotBackUp(f"{file} is no backup of tocsin")
            manifest: dict[str, object] = json.loads(told.read(16 * 1024**2))
            wanted = manifest["files"]
            assert isinstance(wanted, dict)
            left = dict(wanted)
            while (entry := packed.next()) is not None:
                said = left.pop(entry.name, None)
                if said is None or not entry.isreg() or not _is_plain(entry.name):
                    raise CannotBackUp(f"{file} holds what no backup of ours does: {ascii(entry.name)[:80]}")
                _unpack(packed, entry, work / entry.name if keep else Path(os.devnull), said)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, AssertionError) as error:
        raise CannotBackUp(f"{file} cannot be read: {error}") from None
    if left or FILE_NAME not in wanted:
        raise CannotBackUp(f"{file} is not whole: {', '.join(sorted(left)) or FILE_NAME} is missing")
    if keep:
        _check(work / FILE_NAME)
    return manifest


def _unpack(packed: tarfile.TarFile, entry: tarfile.TarInfo, target: Path, said: dict[str, object]) -> None:
    source, digest = packed.extractfile(entry), hashlib.sha256()
    assert source is not None
    target.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    with open(target, "wb", opener=_private) as file:
        while piece := source.read(1024**2):
            digest.update(piece)
            file.write(piece)
        file.flush()
        if target != Path(os.devnull):
            os.fsync(file.fileno())
    if digest.hexdigest() != said["sha256"]:
        raise CannotBackUp(f"{entry.name} in the backup is not as it was written")


def _is_plain(name: str) -> bool:
    """Whether it is a name of ours, that leads nowhere else."""
    first, *rest = name.split("/")
    if rest:
        return first == FOLDER and all(part not in ("", ".", "..") for part in rest)
    return first == FILE_NAME or first in _SECRETS


def _in_doubt(database: Path) -> None:
    """What waited to be sent may have been sent since: it is looked for first."""
    store = sqlite3.connect(database, isolation_level=None)
    try:
        store.execute("PRAGMA synchronous=FULL")
        if store.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone():
            store.execute(_DOUBT)
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        raise CannotBackUp(f"the database in it cannot be used: {error}") from None
    finally:
        store.close()


def _make_room(directory: Path, into: Path) -> None:
    """Raises CannotBackUp where the copy and the packed file would not leave enough for the store to go on."""
    size = sum(each.stat().st_size for each in directory.glob(f"{FILE_NAME}*") if each.is_file())
    size += sum(each.stat().st_size for each in _attached(directory))
    if free(into) < 2 * size + _SPARE:
        lacking = f"it needs {(2 * size + _SPARE) // 1024**2} MiB, {free(into) // 1024**2} MiB are free"
        raise CannotBackUp(f"there is too little space in {into}: {lacking}")


@contextlib.contextmanager
def _workshop(place: Path) -> Iterator[Path]:
    """A directory of ours for the time; what one that was killed left there days ago goes."""
    with tempfile.TemporaryDirectory(prefix=_SHOP, dir=place) as made:
        began = Path(made).stat().st_mtime
        for each in place.glob(f"{_SHOP}*"):
            if began - each.stat().st_mtime > _STALE:
                shutil.rmtree(each, ignore_errors=True)
        yield Path(made)


@contextlib.contextmanager
def _failures(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotBackUp(f"{error.filename or place}: {(error.strerror or str(error)).lower()}") from None
    except sqlite3.Error as error:
        raise CannotBackUp(f"the database cannot be copied: {error}") from None


def _kept_like(place: Path, file: Path) -> None:
    """What root makes in another's directory is theirs."""
    if os.geteuid() == 0:
        there = place.stat()
        os.chown(file, there.st_uid, there.st_gid, follow_symlinks=False)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _stamp(now: int) -> str:
    return datetime.fromtimestamp(now // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
