"""A program that writes numbered lines and rotates them at random while somebody reads; started by its tests.

    python generator.py LOG SEED ROTATIONS FORMAT     FORMAT takes {number} and {stamp}

Prints how many lines it wrote. Nothing is written between a copy and the truncation that belongs to it: whoever does
that loses lines before anybody could have read them.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sys
import time
from pathlib import Path

KEEP = 400


def main(live: Path, seed: int, rotations: int, written: str) -> None:
    chance, number = random.Random(seed), 0
    file = live.open("ab", buffering=0)
    for _ in range(rotations):
        for _ in range(chance.randint(0, 400)):
            stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
            line = written.format(number=number, stamp=stamp).encode() + b"\n"
            cut = chance.randint(1, len(line) - 1) if chance.random() < 0.02 else len(line)
            file.write(line[:cut])
            if cut < len(line):
                file.write(line[cut:])
            number += 1
            if chance.random() < 0.01:
                time.sleep(chance.random() / 100)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):  # several at once leave empty files
            how = chance.choice(("rename", "copytruncate", "replace", "late"))
            shift(live)
            if how in ("rename", "late"):
                live.rename(f"{live}.1")
                if how == "late":  # the old file gets a few more lines before it is let go
                    for _ in range(3):
                        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
                        file.write(written.format(number=number, stamp=stamp).encode() + b"\n")
                        number += 1
            else:
                shutil.copyfile(live, f"{live}.1")
            if how == "copytruncate":
                os.truncate(live, 0)
                continue
            file.close()
            if how == "replace":  # ext4 gives the new file the old one's inode
                live.unlink()
            file = live.open("ab", buffering=0)
        if chance.random() < 0.5:
            pack(Path(f"{live}.{chance.choice((1, 2))}"))
    file.close()
    print(number)


def shift(live: Path) -> None:
    names = {path.name for path in live.parent.iterdir()}
    for count in range(KEEP, 0, -1):
        for packing in ("", ".gz"):
            name = f"{live.name}.{count}{packing}"
            if name in names:
                live.with_name(name).rename(live.with_name(f"{live.name}.{count + 1}{packing}"))


def pack(path: Path) -> None:
    """As gzip does: written beside, made as old as the plain file, which goes at last."""
    if not path.exists():
        return
    data = gzip.compress(path.read_bytes())
    packed = Path(f"{path}.gz")
    with packed.open("wb", buffering=0) as file:
        for begin in range(0, len(data), 1000):
            file.write(data[begin : begin + 1000])
    status = path.stat()
    os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
