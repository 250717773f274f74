"""`confirm: 3 of 5` and `flapping: off` as people write them; from which share on a check flaps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, GetPydanticSchema, PlainValidator
from pydantic_core import core_schema

from config.conditions import MAX_HOLD_COUNT, Hold
from config.friendly import shown
from config.slips import plain_number

MOST_IN_A_ROW = 100
_CONFIRM_FORM = r"^\s*[0-9]+\s+of\s+[0-9]+\s*$"
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_SHARE = re.compile(r"([0-9]{1,6})\s+of\s+([0-9]{1,6})")
_LIKE_A_SHARE = re.compile(r"([0-9]{1,6})\s*(?:of|out\s+of|in|from|/|:|,)\s*([0-9]{1,6})", re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(r"[-+]?[0-9][0-9.eE]*")
_NO, _YES = frozenset({"off", "no", "false"}), frozenset({"on", "yes", "true"})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Of the last readings, the share that changed: flapping begins above `enter`, and ends below `leave`."""

    enter: Fraction = Fraction(30, 100)
    leave: Fraction = Fraction(25, 100)


USUAL = Thresholds()


def _confirm(given: Any) -> int | Hold:
    """A whole number, or `M of N`; raises ValueError with a remedy."""
    text = str(given).strip() if isinstance(given, (str, int)) and not isinstance(given, bool) else ""
    share = _SHARE.fullmatch(text)
    if share is not None:
        return _among(int(share[1]), int(share[2]), text)
    if _WHOLE.fullmatch(text):
        return _in_a_row(int(text))
    raise ValueError(f"expected a whole number, got {shown(given)}{_near(text)}")


def _among(count: int, of: int, text: str) -> Hold:
    if not 1 <= count <= of <= MAX_HOLD_COUNT:
        near = f" (did you mean {of} of {count}?)" if 1 <= of < count <= MAX_HOLD_COUNT else ""
        raise ValueError(f"M of N needs 1 <= M <= N <= {MAX_HOLD_COUNT}, got {shown(text)}{near}")
    return Hold(count=count, of=of)


def _in_a_row(count: int) -> int:
    if not 1 <= count <= MOST_IN_A_ROW:
        bound = "at least 1" if count < 1 else f"at most {MOST_IN_A_ROW}"
        raise ValueError(f"must be {bound}, got {shown(count)}")
    return count


def _near(text: str) -> str:
    """What the text was to be, in brackets; nothing where nobody knows."""
    share, number = _LIKE_A_SHARE.fullmatch(text), plain_number(text)
    if share is not None:
        return f" (did you mean {share[1]} of {share[2]}?)"
    if number != text and _WHOLE.fullmatch(number):
        return f" (did you mean {number}?)"
    return "" if _LIKE_A_NUMBER.fullmatch(text) else " (write 3, or 3 of 5)"


def flapping_words(given: Any) -> Any:
    """`off` is a share that no readings reach, `on` the usual ones; a mapping says them itself."""
    if not isinstance(given, (str, bool)):
        return given
    word = str(given).strip().lower()
    if word in _NO:
        return {"enter": "100%", "leave": "100%"}
    if word in _YES:
        return {}
    raise ValueError(
        f"expected on, off or shares of change, got {shown(given)} (write {{enter: 30%, leave: 25%}})"
    )


# What stands for a share of readings is made by `_confirm` alone: pydantic need not look into it.
_Share = Annotated[Hold, GetPydanticSchema(lambda _source, _handler: core_schema.any_schema())]
Confirm = Annotated[
    int | _Share,
    PlainValidator(
        _confirm,
        json_schema_input_type=Annotated[int, Field(ge=1, le=MOST_IN_A_ROW)]
        | Annotated[str, Field(pattern=_CONFIRM_FORM)],
    ),
]
