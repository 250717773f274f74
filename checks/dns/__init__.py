"""DNS: does a name get the right answer, from whom, how fast, and do the name servers agree?"""

from checks.dns.kind import KIND

__all__ = ["KIND"]
