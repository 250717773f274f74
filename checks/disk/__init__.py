"""The `disk` kind: space, inodes, time until full, and whether a file system can be written to."""

from checks.disk.kind import KIND, DiskSpec, sample

__all__ = ["KIND", "DiskSpec", "sample"]
