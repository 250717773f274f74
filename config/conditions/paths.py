"""JSON paths of RFC 9535, evaluated within a bound of work that grows only with the body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

MAX_DESCENTS = 2


class PathError(ValueError):
    """What is wrong with a path; `offset` counts from its `$`."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class TooMuchWork(Exception):
    """The path would visit more nodes than the body's size allows."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path; `text` starts with `$`."""

    text: str
    _compiled: Any = field(repr=False, compare=False)

    def select(self, document: object, limit: int) -> list[object]:
        """The values selected, in document order; at most `limit` nodes are visited, else TooMuchWork."""
        from config.conditions.path_walk import select

        return select(self._compiled, document, limit)


def compile_path(text: str) -> Path:
    """Raises PathError for anything that is not a path of RFC 9535, or asks for too much."""
    from jsonpath import JSONPathError

    try:
        compiled: Any = _environment().compile(text)
        tree = list(_segments(compiled))
    except JSONPathError as error:
        raise _path_error(error, text) from None
    except (RecursionError, ValueError):
        raise PathError("this path cannot be read", 0) from None
    if sum(type(segment).__name__ == "JSONPathRecursiveDescentSegment" for segment in tree) > MAX_DESCENTS:
        raise PathError(f'more than {MAX_DESCENTS} ".." in one path', 0)
    return Path(text, compiled)


def _path_error(error: Any, text: str) -> PathError:
    message = str(error.args[0] if error.args else error).splitlines()[0]
    offset = getattr(getattr(error, "token", None), "index", None)
    if not isinstance(offset, int) or not 0 <= offset <= len(text):
        offset = len(text)
    hint = None
    if "'match'" in message or "'search'" in message:
        hint = "match() and search() are not offered in paths; compare with matches outside the path"
    return PathError(f"not a JSON path: {message.replace('TOKEN_', '').lower()}", offset, hint)


@cache
def _environment() -> Any:
    """RFC 9535 to the letter, without the two functions that would run patterns on Python's engine."""
    from jsonpath import JSONPathEnvironment

    environment = JSONPathEnvironment(strict=True, filter_caching=False)
    for name in ("match", "search"):
        environment.function_extensions.pop(name, None)
    return environment


def _segments(path: Any) -> Iterator[Any]:
    """The segments of a path and of every query in its filters, which are made to count their work."""
    from config.conditions.path_walk import counted

    for segment in path.segments:
        yield segment
        for selector in segment.selectors:
            pending = [selector.expression] if hasattr(selector, "expression") else []
            while pending:
                expression = pending.pop()
                if hasattr(expression, "path"):
                    yield from _segments(expression.path)
                    expression.path = counted(expression.path)
                else:
                    pending.extend(expression.children())
