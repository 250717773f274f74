"""Numbers out of a memo: data from a disk, believed only when it can be reckoned with."""

from __future__ import annotations

import math
from typing import Any, TypeGuard


def is_number(part: Any) -> TypeGuard[int | float]:
    """A finite number that a float can hold; a truth is none."""
    if isinstance(part, bool) or not isinstance(part, (int, float)):
        return False
    try:
        return math.isfinite(part)
    except OverflowError:  # of a whole number with hundreds of digits
        return False
