"""What must never be shown: every secret that was revealed in this process is masked in texts."""

from __future__ import annotations

HIDDEN = "***"
_WORTH_MASKING = 6
_seen: set[str] = set()
_plain: set[str] = set()
_longest_first: tuple[str, ...] = ()


def remember(secret: str) -> None:
    """Mask this text from now on. Very short ones would only mask what is no secret."""
    global _longest_first  # noqa: PLW0603 - one process, one memory of what was revealed
    if len(secret) >= _WORTH_MASKING and secret not in _seen and secret not in _plain:
        _seen.add(secret)
        # A secret may hold another: the longer one goes first, or its rest would stay.
        _longest_first = tuple(sorted(_seen, key=len, reverse=True))


def forget(secret: str) -> None:
    """Mask this text no more: it was good for an hour, and a daemon that runs for years sees many such."""
    global _longest_first  # noqa: PLW0603 - one process, one memory of what was revealed
    if secret in _seen:
        _seen.discard(secret)
        _longest_first = tuple(sorted(_seen, key=len, reverse=True))


def leave_plain(text: str) -> None:
    """This text stands where a secret may stand, but is none (`Accept: application/json`)."""
    if text not in _seen:
        _plain.add(text)


def mask(text: str) -> str:
    """The text without any secret that was ever revealed in this process."""
    for secret in _longest_first:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def longest() -> int:
    """How many characters the longest of these secrets has."""
    return len(_longest_first[0]) if _longest_first else 0
