"""What is wrong with a condition, and where."""

from __future__ import annotations

_BEFORE, _AFTER = 60, 40


class ConditionError(ValueError):
    """A mistake in a condition: `position` is an offset into `text`, from 0 to its length.

    `hint` is a whole remark such as `did you mean latency?`, or None.
    `str()` gives the message, then the text with a caret under the wrong word.
    """

    def __init__(self, message: str, position: int, hint: str | None, text: str) -> None:
        super().__init__(message, position, hint, text)
        self.message = message
        self.position = max(0, min(position, len(text)))
        self.hint = hint
        self.text = text

    def __str__(self) -> str:
        line, column = _window(self.text, self.position)
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.message}{hint}\n  {line}\n  {' ' * column}^"


def _window(text: str, position: int) -> tuple[str, int]:
    """One line around the position, however long or broken the text is, and the column in it."""
    start, end = max(0, position - _BEFORE), position + _AFTER
    cut = "".join(char if char.isprintable() else " " for char in text[start:end])
    before, after = ("..." if start else ""), ("..." if end < len(text) else "")
    return before + cut + after, len(before) + position - start
