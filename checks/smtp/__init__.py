"""The `smtp` kind: does a mail server answer, take a login, and bring a mail to its mailbox in time?"""

from checks.smtp.kind import KIND
from checks.smtp.spec import SmtpSpec

__all__ = ["KIND", "SmtpSpec"]
