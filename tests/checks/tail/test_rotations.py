"""Hundreds of seeded rotations of every sort between and during looks: each line once, none lost."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.checks.tail.rotating import Reader, Writer

SEED = 20261122
LIMITS = (1 << 30, 1 << 30, 50, 1000)


class Story:
    """One log through a random life; looks are frequent enough that no file is gone before it was read."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.writer = Writer(directory / "access.log", keep=self.chance.choice((3, 5, 20)))
        self.reader = Reader(directory / self.chance.choice(("access.log", "access.log*", "*.log")))
        self.pack_at = self.chance.choice((0, 1, 2))
        self.unseen = 0
        self.reader.look()

    def live(self) -> None:
        for _ in range(self.chance.randint(20, 80)):
            self.chance.choice((self.write, self.write, self.look, self.rotate))()
        for _ in range(3):
            self.reader.look()
        self.writer.close()

    def write(self) -> None:
        for _ in range(self.chance.choice((1, 3, 30, 200))):
            self.writer.write(padding=self.chance.choice((0, 10, 300)))

    def look(self) -> None:
        limit = self.chance.choice(LIMITS)
        self.reader.look(limit)
        self.unseen = 0 if limit == LIMITS[0] else self.unseen

    def rotate(self) -> None:
        if self.unseen >= 2:  # else a file could be gone before it was read
            self.reader.look()
            self.unseen = 0
        self.unseen += 1
        kind = self.chance.choice(
            (self.renamed, self.copied, self.copied_slowly, self.writer.copy_and_replace)
        )
        kind()
        if self.chance.random() < 0.3:
            self.reader.look(self.chance.choice(LIMITS))
        if self.pack_at:
            self.writer.pack(self.pack_at)

    def renamed(self) -> None:
        self.writer.rename(goes_on=self.chance.random() < 0.5)

    def copied(self) -> None:
        self.writer.shift()
        shutil.copyfile(self.writer.live, self.writer.number(1))
        if self.chance.random() < 0.5:
            self.reader.look(self.chance.choice(LIMITS))
        os.truncate(self.writer.live, 0)

    def copied_slowly(self) -> None:
        """A look falls into the middle of the copying, which goes by blocks."""
        self.writer.shift()
        data = self.writer.live.read_bytes()
        blocks = self.chance.randint(0, len(data) // 4096) * 4096
        with self.writer.number(1).open("wb", buffering=0) as copy:
            copy.write(data[:blocks])
            self.reader.look()
            copy.write(data[blocks:])
        os.truncate(self.writer.live, 0)


@pytest.mark.parametrize("part", range(4))
def test_every_line_is_read_once_whatever_rotation_does(tmp_path: Path, part: int) -> None:
    assert_each_once(tmp_path, range(SEED + part * 15, SEED + part * 15 + 15))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_every_line_is_read_once_in_a_thousand_lives(tmp_path: Path, part: int) -> None:
    assert_each_once(tmp_path, range(part * 50, part * 50 + 50))


def assert_each_once(directory: Path, seeds: range) -> None:
    for seed in seeds:
        (directory / str(seed)).mkdir()
        story = Story(directory / str(seed), seed)
        story.live()
        last = story.reader.look()
        assert story.reader.wrong(story.writer.written) == {}, f"seed {seed}"
        assert (last.behind, last.problems) == (0, ())
