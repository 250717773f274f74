"""Following files that grow and rotate: every line once, none lost, the position in the check's memo."""

from checks.tail.follower import Chunk, Follower

__all__ = ["Chunk", "Follower"]
