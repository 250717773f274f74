"""Status page: why nothing can be said of the vendor."""

from __future__ import annotations


class Unreadable(Exception):
    """The document says nothing that can be relied on; the message is one line with the remedy."""
