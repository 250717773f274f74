"""HTTP: does the page answer, with what status, how fast, and is it the right page?"""

from checks.http.kind import KIND

__all__ = ["KIND"]
