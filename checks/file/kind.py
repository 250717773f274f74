"""File: is a file there, how old and how large is it, whose is it, and has it changed?

For a directory the files in it are looked at: `age` and `size` are those of the newest one (is the backup
fresh?), `oldest` is the age of the oldest one and `count` their number (does a queue pile up?). In a directory
without any, `age` is that of the directory itself. Directories, links and sockets in it are not counted; names that
begin with a dot only where `match` does. A link given as `path` is followed.

No such file, or none that fits `match`, is down beside your own `down`, unless `missing: ok`; an empty directory
without `match` is not missing. What may not be looked at is unknown.

Age goes by the time of modification. Where that lies more than a minute in the future (`ahead`), it would make the
file look fresh for ever: then the moment of the inode's last change counts, which cannot be set by hand.

Under the unit that is shipped `/tmp`, `/var/tmp` and `/dev` are the service's own: what others have there is
missing to this check.

`changed` compares with the last look and needs `hash: true`; `sha256` can be compared with a value of your own.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Callable
from typing import Any

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.file.content import NotRead, sha256
from checks.file.folder import Folder, Found, TooMany, below, by_name, survey
from checks.file.spec import FileSpec, when_missing
from checks.paths import BROKEN, MISSING, refusal
from checks.text import visible

# What two clocks of one network may differ by.
_SKEW = 60.0
_LARGEST = 2**63
_TYPES: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISCHR, "device"),
)


def probe(spec: FileSpec, context: Context) -> Observation:
    """Look once, now."""
    try:
        seen = os.stat(spec.path)  # noqa: PTH116 - pathlib would write the path anew, without its last /
        folder = _survey(spec, context) if stat.S_ISDIR(seen.st_mode) else None
        return _seen(spec, context, seen, folder)
    except TooMany as error:
        why = f"{visible(spec.path, 120)}: {error}"
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=context.memo)
    except OSError as error:
        return _not_seen(spec, context, error)


def _survey(spec: FileSpec, context: Context) -> Folder:
    fits = by_name(spec.match)
    return survey(
        spec.path,
        fits,
        lambda seen: _written(seen, context.now),
        deep=spec.recursive,
        seconds=context.timeout * 0.9,
    )


def _seen(spec: FileSpec, context: Context, seen: os.stat_result, folder: Folder | None) -> Observation:
    now = context.now
    shown = folder.newest.stat if folder and folder.newest else seen
    size = (folder.size if folder else seen.st_size, 0 if folder else seen.st_ino)
    digest, notes = _digest(spec, context)
    ahead = max(0.0, shown.st_mtime - now)
    if ahead > _SKEW:
        notes.append("modified in the future: compare the clocks of this host and of the one that wrote it")
    if folder and spec.match and not folder.count:
        notes.append(f"no file in {visible(spec.path, 120)} fits {visible(spec.match, 60)}")
    values: dict[str, Scalar] = {
        "present": folder is None or folder.count > 0 or spec.match is None,
        "age": max(0.0, round(now - _written(shown, now), 3)),
        "oldest": _age(folder.oldest, now) if folder else None,
        "ahead": round(ahead, 3),
        "size": _size(seen, folder),
        "count": folder.count if folder else 1,
        "total": size[0],
        "growth": _growth(context, size),
        "changed": _changed(context.memo, digest),
        "sha256": digest,
        "newest": visible(below(folder.newest.path, spec.path)) if folder and folder.newest else None,
        **_whose(seen),
    }
    memo = {
        "at": now,
        "size": size[0],
        "inode": size[1],
        "sha256": digest or _remembered_digest(context.memo),
    }
    return Observation(values=values, notes=tuple(notes), memo=memo)


def _written(seen: os.stat_result, now: float) -> float:
    """When its content was last written, as far as that can be true."""
    return seen.st_mtime if seen.st_mtime <= now + _SKEW else seen.st_ctime


def _age(found: Found | None, now: float) -> float | None:
    return max(0.0, round(now - _written(found.stat, now), 3)) if found else None


def _size(seen: os.stat_result, folder: Folder | None) -> int | None:
    if folder is None:
        return seen.st_size
    return folder.newest.stat.st_size if folder.newest else None


def _growth(context: Context, size: tuple[int, int]) -> float | None:
    """Bytes a second since the last look; None for another file than then."""
    memo: Any = context.memo if isinstance(context.memo, dict) else {}
    at, before = memo.get("at"), memo.get("size")
    if type(at) not in (int, float) or type(before) is not int or memo.get("inode") != size[1]:
        return None
    if not 0 <= before < _LARGEST:
        return None
    return (size[0] - before) / (context.now - at) if context.now > at else None


def _digest(spec: FileSpec, context: Context) -> tuple[str | None, list[str]]:
    """The content's number, and why there is none."""
    if not spec.hash:
        return None, []
    try:
        return sha256(spec.path, int(spec.hash_limit), context.timeout * 0.9), []
    except NotRead as error:
        return None, [f"not compared: {error}"]


def _remembered_digest(memo: Any) -> str | None:
    known = memo.get("sha256") if isinstance(memo, dict) else None
    return known if isinstance(known, str) and len(known) == 64 else None


def _changed(memo: Any, digest: str | None) -> bool | None:
    known = _remembered_digest(memo)
    return None if digest is None or known is None else digest != known


def _whose(seen: os.stat_result) -> dict[str, Scalar]:
    """A number stands for a user or group without a name."""
    try:
        owner = pwd.getpwuid(seen.st_uid).pw_name
    except KeyError:
        owner = str(seen.st_uid)
    try:
        group = grp.getgrgid(seen.st_gid).gr_name
    except KeyError:
        group = str(seen.st_gid)
    kind = next((name for test, name in _TYPES if test(seen.st_mode)), "device")
    return {"owner": owner, "group": group, "mode": f"{stat.S_IMODE(seen.st_mode):04o}", "is_a": kind}


def _not_seen(spec: FileSpec, context: Context, error: OSError) -> Observation:
    if error.errno in MISSING:
        link = os.path.islink(spec.path)  # noqa: PTH114 - as above
        shown = visible(spec.path, 120)
        notes = (f"{shown} is a link to nothing" if link else f"there is no {shown}",)
        nothing: dict[str, Scalar] = dict.fromkeys(
            value.name for value in KIND.values if value.name != "took"
        )
        return Observation(values=nothing | {"present": False, "count": 0}, notes=notes, memo=context.memo)
    why = refusal(spec.path, error)
    if error.errno in BROKEN:
        return Observation(failure=why, error_kind=ErrorKind.UNREACHABLE, memo=context.memo)
    return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=context.memo)


KIND = Kind(
    name="file",
    summary="looks at a file or the files of a directory: presence, age, size, number, owner, content",
    spec=FileSpec,
    probe=probe,
    values=(
        Value("present", "", "whether there is such a file, or one that fits `match`"),
        Value("age", "seconds", "time since it was modified; of a directory's newest file"),
        Value("oldest", "seconds", "the same of a directory's oldest file"),
        Value("size", "bytes", "its size; of a directory's newest file"),
        Value("count", "", "how many files there are", whole=True, least=0),
        Value("total", "bytes", "their size, together"),
        Value(
            "growth", "bytes", "by how much `total` grew since the last look, in a second", least=-(2.0**63)
        ),
        Value("ahead", "seconds", "how far in the future it was modified"),
        Value("changed", "", "whether the content is another one than at the last look; needs `hash: true`"),
        Value("sha256", "", "the content's SHA-256; needs `hash: true`", text=True),
        Value("newest", "", "a directory's newest file", text=True),
        Value("owner", "", "the user it belongs to; of a directory, the directory's", text=True),
        Value("group", "", "the group it belongs to", text=True),
        Value("mode", "", "its permissions, such as `0640`", text=True),
        Value("is_a", "", "`file`, `directory`, `socket`, `pipe` or `device`", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: file\npath: /var/backups/db\nmatch: '*.sql.gz'\nevery: 10m\ndown: age > 26h or size < 10MiB\n",
    blocking=True,
    degraded="ahead > 5m",
    always_down=when_missing,
)
