"""JSON paths of RFC 9535: read by a library, walked by us, since only so their work is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from config.conditions.path_below import Below
from config.conditions.work import Work

if TYPE_CHECKING:
    from config.conditions.path_walk import Segment


class PathError(ValueError):
    """What is wrong with a path; `offset` counts from its `$`."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path; `text` starts with `$`."""

    text: str
    _segments: tuple[Segment, ...] = field(repr=False, compare=False)

    @property
    def descends(self) -> int:
        """How often the document must be gone through for it: for `$..` once, twice to descend from elsewhere."""
        if ".." not in self.text:
            return 0
        return 1 if self.text.rindex("..") == 1 else 2

    def select(self, document: object, work: Work, below: Below | None = None) -> list[object]:
        """The values selected, in document order. Raises TooMuchWork."""
        from config.conditions.path_walk import Walk, walk

        return walk(self._segments, document, Walk(document, work, below or Below(document), {}))


def compile_path(text: str) -> Path:
    """Raises PathError for anything that is not a path of RFC 9535."""
    from jsonpath import JSONPathError

    from config.conditions.path_reader import read_segments

    try:
        return Path(text, read_segments(_environment().compile(text)))
    except JSONPathError as error:
        raise _path_error(error, text) from None
    except PathError:
        raise
    except (RecursionError, ValueError, OverflowError):
        raise PathError("this path cannot be read", 0) from None


def _path_error(error: Any, text: str) -> PathError:
    message = str(error.args[0] if error.args else error).splitlines()[0]
    offset = getattr(getattr(error, "token", None), "index", None)
    if not isinstance(offset, int) or not 0 <= offset <= len(text):
        offset = len(text)
    return PathError(f"not a JSON path: {message.replace('TOKEN_', '').lower()}", offset)


@cache
def _environment() -> Any:
    """RFC 9535 to the letter."""
    from jsonpath import JSONPathEnvironment

    return JSONPathEnvironment(strict=True, filter_caching=False)
