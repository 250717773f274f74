"""The `ftp` kind: does a file server greet, take a login, and list a directory?"""

from checks.ftp.kind import KIND, FtpSpec

__all__ = ["KIND", "FtpSpec"]
