"""Status page: what does the vendor itself say of its service?"""

from checks.status_page.kind import KIND

__all__ = ["KIND"]
