"""Logins: who tries to get in, how often in vain, and who got in from where nobody came before?"""

from checks.logins.kind import KIND

__all__ = ["KIND"]
