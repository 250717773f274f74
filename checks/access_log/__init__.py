"""Access logs: what web servers and proxies wrote down of the requests they answered."""

from checks.access_log.kind import KIND

__all__ = ["KIND"]
