"""How much one evaluation may look at, so that no body and no condition can make it slow."""

from __future__ import annotations

# With this, 100 kB of the worst answer and the worst condition end in under 10 ms where a turn takes 40 ns.
_SPARE = 80_000
_PER_CHARACTER = 0.75


class TooMuchWork(Exception):
    """More would have to be looked at than the size of the answer allows; the text says what is too much."""


class Work:
    """The steps that are left, each about one turn of an empty loop (40 ns), and by name what was paid for already."""

    __slots__ = ("left", "paid")

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.paid: set[str] = set()

    def spend(self, steps: int) -> None:
        """Steps that are taken as they come. Raises TooMuchWork when none are left."""
        self.left -= steps
        if self.left < 0:
            self.left = 0
            raise TooMuchWork("this would look at more than the size of the answer allows")

    def reserve(self, steps: int) -> None:
        """Steps that are taken in any case, and so from the beginning."""
        self.left = max(0, self.left - steps)

    def spend_once(self, name: str, steps: int) -> None:
        """The same for what is needed again and again, and had at once the second time."""
        if name not in self.paid:
            self.spend(steps)
            self.paid.add(name)

    def afford(self, steps: int, what: str) -> None:
        """Steps known beforehand: what cannot be paid is not begun, and leaves the rest to others."""
        if steps > self.left:
            raise TooMuchWork(what)
        self.left -= steps


def work_for(characters: int) -> Work:
    """The steps of one evaluation; they grow with the size of the answer and with nothing else."""
    return Work(_SPARE + int(_PER_CHARACTER * characters))
