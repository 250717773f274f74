"""A program that writes numbered lines and renames its log every few milliseconds; started by its tests.

    python storm.py LOG SEED ROTATIONS

Prints how many lines it wrote. It throws no file away.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path


def main(live: Path, seed: int, rotations: int) -> None:
    chance, number = random.Random(seed), 0
    file = live.open("ab", buffering=0)
    for rotation in range(1, rotations + 1):
        for _ in range(chance.randint(0, 5)):
            file.write(b"line %d of many\n" % number)
            number += 1
        for older in range(rotation - 1, 0, -1):
            Path(f"{live}.{older}").rename(f"{live}.{older + 1}")
        live.rename(f"{live}.1")
        file.close()
        file = live.open("ab", buffering=0)
        if chance.random() < 0.5:
            time.sleep(chance.random() / 200)
    file.close()
    print(number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
