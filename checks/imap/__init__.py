"""The `imap` kind: does a mail server greet, take a login, and open a mailbox?"""

from checks.imap.kind import KIND, ImapSpec

__all__ = ["KIND", "ImapSpec"]
