"""Writes lines and renames its file now and then; prints how many of them were errors."""

from __future__ import annotations

import os
import random
import sys
import time


def main(path: str, count: int) -> None:
    rng, errors, rotated = random.Random(7), 0, 0
    file = open(path, "a", buffering=1)  # noqa: SIM115, PTH123  # reopened below
    for number in range(count):
        bad = rng.random() < 0.3
        errors += bad
        file.write(f"{'ERROR' if bad else 'fine'} {number} {'x' * rng.randrange(200)}\n")
        if rng.random() < 0.01:
            rotated += 1
            os.rename(path, f"{path}.{rotated}")  # noqa: PTH104
            file.close()
            file = open(path, "a", buffering=1)  # noqa: SIM115, PTH123
            time.sleep(0.02)  # no program rotates twice in one tick of the clock of file systems
    file.close()
    print(errors)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
