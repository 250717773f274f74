"""Which version answers: the headers that tell of one, so that a release shows itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from checks.masking import is_private, secretless
from checks.text import visible

_MOST = 10
_LONGEST = 100
_TELLS = re.compile(
    r"(?i)^(?:server|x-powered-by|x-generator)$|version|release|revision|commit|(?:^|-)build(?:-|$)|deploy"
)
_NONE: Mapping[str, str] = {}


def versions(headers: Sequence[tuple[str, str]] | None) -> Mapping[str, str]:
    """By name in small letters, without secrets; the first ten of them."""
    if not headers:
        return _NONE
    found: dict[str, str] = {}
    for name, value in headers:
        if _TELLS.search(name) and not is_private(name):
            found[visible(name.lower(), _LONGEST)] = visible(secretless(value[: 10 * _LONGEST]), _LONGEST)
            if len(found) == _MOST:
                break
    return found
