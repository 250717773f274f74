"""Disk: how full is the file system that holds a path, when will it be full, can it be written to?

The figures are those of `df`: space kept back for root counts neither as used nor as available. They are
taken from the file system that holds the path at that moment, found by its number in the mount table and
not by its name, so that a mount hidden under another is never taken for it. A path that lies on no mount
of its own belongs to the file system above it; where that would be a mistake, ask: `down: mount != "/data"`.

With `path: all` every local file system is judged by itself, each device once, however often it is mounted:
disks, and every tmpfs that can be written to. The reading is that of the worst one; the message names each
that is not well, the notes the others, and those that the service may not look at: name one of these in a check of
its own to be told of it. Images that are always full (ISO, snap), network file systems and the
layers of containers are left out: name such a path in a check of its own.

`full_in` needs 5 samples over 5 minutes, or 20 over one; up to 60 of at least the last hour are kept, and the line
through them is not bent by a few odd ones. The bounds show how sure it is: far apart, or without
`full_in_most`, the growth comes and goes. So `full_in_most < 12h` is cautious, `full_in_least < 2h` anxious.

`read_only` is that of the file system itself: a read-only bind mount of a writable one does not set it.
`write: true` tries it: a small file without a name is written, synced, read back and forgotten. That finds
a full quota, a disk that fails and a server that hangs; the service's user must be allowed to write there,
and the service's own confinement too (`ReadWritePaths=` in the unit), else `writable` is unknown.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from checks.base import Context, Kind, Observation, Spec, Value
from checks.disk.every import sample_all
from checks.disk.file_system import sample_one
from checks.forecast import FULL_IN
from checks.paths import absolute

ALL = "all"


def _path_or_all(text: str) -> str:
    return text if text == ALL else absolute(text)


class DiskSpec(Spec):
    """Which file system."""

    path: Annotated[str, AfterValidator(_path_or_all)] = Field(
        "/",
        description="any path on the file system, usually where it is mounted; or `all`: every local one",
        examples=["/var"],
    )
    exclude: tuple[str, ...] = Field(
        (),
        description="with `all`: mount points (with `*`) and types of file systems to leave out",
        examples=[["/media/*", "tmpfs"]],
    )
    write: bool = Field(False, description="also try to write a small file there")

    @model_validator(mode="after")
    def _exclude_leaves_out_of_all(self) -> Self:
        if self.exclude and self.path != ALL:
            raise ValueError("exclude: only path: all can leave anything out")
        return self


def probe(spec: DiskSpec, context: Context) -> Observation:
    """Look once, now."""
    return sample(spec, context.memo, context.now)


def sample(spec: DiskSpec, memo: Any, at: float) -> Observation:
    """What the file system says at the moment `at` (Unix seconds), with the forecast from `memo`."""
    if spec.path == ALL:
        return sample_all(spec.exclude, memo, at, write=spec.write)
    return sample_one(spec.path, memo, at, write=spec.write)


KIND = Kind(
    name="disk",
    summary="looks at file systems: space, inodes, when they will be full, whether they can be written to",
    spec=DiskSpec,
    probe=probe,
    values=(
        Value("used", "ratio", "share of the space that is used, as `df` shows it"),
        Value("free", "bytes", "space that programs not run by root can still use"),
        Value("total", "bytes", "size of the file system"),
        Value(
            "inodes_used", "ratio", "share of the inodes that are used; absent where there are none to count"
        ),
        *FULL_IN,
        Value("read_only", "", "whether the file system is mounted read-only, or became so after an error"),
        Value(
            "writable", "", "whether a file could be written and read back; absent unless `write` asks for it"
        ),
        Value("mount", "", "where the file system is mounted", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: disk\npath: /var\ndegraded: used > 85%\ndown: used > 95% or full_in < 6h\n",
    blocking=True,
    down="used > 97% or read_only == true or writable == false",
    degraded="used > 90% or inodes_used > 90%",
)
