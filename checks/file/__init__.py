"""Files and directories: are they there, how old, how large, whose, and have they changed?"""

from checks.file.kind import KIND

__all__ = ["KIND"]
