"""Disk I/O: how busy are the disks, how much do they read and write, and how long do requests wait?

The figures are over the time since the check's last run; on the first one it looks twice, 0.2 s apart. With
`device: all` every disk is judged by itself: those that lie on others (LVM, encryption, software RAID),
partitions, loop devices, RAM disks and optical drives are left out, since the disks below tell of them. The
reading is that of the worst disk.

A device named here that was there at the last run and has gone is down; one that was never there is a
mistake in the configuration, and unknown.

`util` is the share of the time in which at least one request was under way. A disk that serves many at once
(flash, RAID) can be at 100% and still take more: look at `await` then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Value
from checks.pressure import read_pressure
from checks.pressure import values as pressure_values
from checks.proc import unreadable
from checks.rates import Counters, Meter, Passed, known_before, passed
from checks.text import visible

ALL = "all"
_SECTOR = 512  # of /proc/diskstats, whatever the disk's own is
_MILLISECONDS = 1 << 32  # the kernel prints times as 32 bits
_NO_DISK = ("loop", "ram", "zram", "sr", "fd")
_FIELDS = {
    "reads": 0,
    "sectors_read": 2,
    "read_ms": 3,
    "writes": 4,
    "sectors_written": 6,
    "write_ms": 7,
    "busy_ms": 9,
}
_TIMES = ("read_ms", "write_ms", "busy_ms")


class DiskIoSpec(Spec):
    """Which disks."""

    device: str = Field(
        ALL,
        description="a block device as the kernel or LVM calls it, with or without `/dev/`; or `all`: every disk",
        examples=["sda", "/dev/mapper/vg-root"],
        min_length=1,
        max_length=200,
    )
    exclude: tuple[str, ...] = Field(
        (), description="with `all`: names to leave out, with `*`", examples=[["nbd*"]]
    )

    @model_validator(mode="after")
    def _exclude_leaves_out_of_all(self) -> Self:
        if self.exclude and self.device != ALL:
            raise ValueError("exclude: only device: all can leave anything out")
        return self


async def probe(spec: DiskIoSpec, context: Context) -> Observation:
    """Compare with the counters of the last run, or look twice."""
    meter = Meter(lambda: _counters(spec), dict.fromkeys(_TIMES, _MILLISECONDS))
    try:
        moved = await passed(meter, context)
    except OSError as error:
        return unreadable(error, context.memo)
    if not moved.after.counters:
        return _nothing(spec, context)
    return observe(moved, Path("/proc/pressure/io"))


def observe(moved: Passed, pressure_file: Path) -> Observation:
    """One part for each disk, the busiest first."""
    pressure, unread = read_pressure(pressure_file, "some", "full")
    disks = {name: figures(moved, name) for name in moved.after.counters}
    busiest = sorted(disks.items(), key=lambda disk: -float(disk[1]["util"] or 0))
    parts = {
        visible(name): Observation(values={**seen, **pressure, "device": visible(name)}, unread=unread)
        for name, seen in busiest
    }
    return Observation(parts=parts, memo=moved.memo, notes=moved.gone)


def figures(moved: Passed, name: str) -> dict[str, Scalar]:
    """Of one disk; None when it came only now, or its counters began anew."""
    grown = moved.moved(name)
    if grown is None or moved.seconds <= 0:
        return dict.fromkeys(("util", "await", "iops", "read_rate", "write_rate"))
    requests = grown["reads"] + grown["writes"]
    return {
        "util": min(1.0, grown["busy_ms"] / 1000 / moved.seconds),
        "await": (grown["read_ms"] + grown["write_ms"]) / 1000 / requests if requests else None,
        "iops": requests / moved.seconds,
        "read_rate": grown["sectors_read"] * _SECTOR / moved.seconds,
        "write_rate": grown["sectors_written"] * _SECTOR / moved.seconds,
    }


def parse(text: str) -> Counters:
    """/proc/diskstats by device; a line with too few fields is left out (iostats of the kernel)."""
    found = {}
    for words in (line.split() for line in text.splitlines()):
        numbers = words[3:]
        if len(numbers) > max(_FIELDS.values()) and all(each.isdecimal() for each in numbers):
            found[words[2]] = {name: int(numbers[place]) for name, place in _FIELDS.items()}
    return found


def disks(names: Iterable[str], block: Path = Path("/sys/block")) -> list[str]:
    """Those that are whole disks and lie on no others."""
    return [
        name for name in names if not name.startswith(_NO_DISK) and _is_disk(block / name.replace("/", "!"))
    ]


def _is_disk(directory: Path) -> bool:
    """Partitions have no directory here; `slaves` names what a device is made of."""
    try:
        return directory.is_dir() and not any((directory / "slaves").glob("*"))
    except OSError:
        return False


def _counters(spec: DiskIoSpec) -> Counters:
    every = parse(Path("/proc/diskstats").read_text())
    if spec.device != ALL:
        name = kernel_name(spec.device, every)
        return {name: every[name]} if name in every else {}
    wanted = (name for name in disks(every) if not any(fnmatchcase(name, each) for each in spec.exclude))
    return {name: every[name] for name in wanted}


def kernel_name(device: str, known: Mapping[str, object], block: Path = Path("/sys/block")) -> str:
    """`vg-root` and `/dev/mapper/vg-root` are `dm-3` or the like; every other name is the kernel's own.

    The device file itself is not asked: it is hidden from a confined service.
    """
    name = device.removeprefix("/dev/").removeprefix("mapper/")
    if name in known:
        return name
    for file in block.glob("dm-*/dm/name"):
        try:
            if file.read_text().strip() == name:
                return file.parent.parent.name
        except (OSError, UnicodeError):
            continue
    return name


def _nothing(spec: DiskIoSpec, context: Context) -> Observation:
    shown = visible(spec.device, 120)
    if spec.device == ALL:
        remedy = "check `exclude`" if spec.exclude else "a container? name a `device`"
        told = f"there is no disk to look at on this host ({remedy})"
    elif known_before(context.memo):
        why = f"{shown} has gone: it was there at an earlier look"
        return Observation(failure=why, error_kind=ErrorKind.UNREACHABLE, memo=context.memo)
    else:
        told = f"there is no block device {shown} on this host (see `lsblk`)"
    return Observation(blind=told, error_kind=ErrorKind.LOCAL, memo=context.memo)


KIND = Kind(
    name="disk_io",
    summary="measures how busy the disks of this host are and how long requests wait",
    spec=DiskIoSpec,
    probe=probe,
    values=(
        Value("util", "ratio", "share of the time in which a request was under way"),
        Value("await", "seconds", "mean time a request took, waiting included; absent when there was none"),
        Value("iops", "", "requests per second"),
        Value("read_rate", "bytes", "bytes read per second"),
        Value("write_rate", "bytes", "bytes written per second"),
        Value("device", "", "the disk that these figures are of", text=True),
        *pressure_values("a disk of this host", "some", "full"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: disk_io\ndevice: all\ndegraded: util > 90% and await > 100ms for 10m\n",
    degraded="util > 95% and await > 200ms for 10m",
)
