"""HTTP: what an answer has wrong, in one line: where, what stands there, what the schema wants."""

from __future__ import annotations

import json
from typing import Any

from checks.masking import is_private, masked_value
from checks.text import visible
from config.secrets import HIDDEN

_NAMES = {bool: "true or false", dict: "an object", list: "a list", str: "a text", type(None): "null"}
_WANTED = {"object": "an object", "array": "a list", "string": "a text", "number": "a number",
           "integer": "a whole number", "boolean": "true or false", "null": "null"}  # fmt: skip


def words_for(error: Any) -> str:
    """`at $.items[2].price: is a text ("12"), not a number`. `error` is the library's; private values are hidden."""
    path, seen, wanted = visible(error.json_path, 120), error.instance, error.validator_value
    say = _SAYINGS.get(str(error.validator))
    said = say(seen, wanted, error, _shown(seen, path)) if say else _otherwise(error, _shown(seen, path))
    return f"at {path}: {said}"


def _type(seen: Any, wanted: Any, _error: Any, shown: str) -> str:
    listed = wanted if isinstance(wanted, list) else [wanted]
    expected = " or ".join(_WANTED.get(str(each), str(each)) for each in listed)
    if isinstance(seen, (dict, list, bool, type(None))):
        return f"is {_NAMES[type(seen)]}, not {expected}"
    return f"is {_NAMES.get(type(seen), 'a number')} ({shown}), not {expected}"


def _required(seen: Any, wanted: Any, _error: Any, _shown: str) -> str:
    lacking = [str(name) for name in wanted if name not in seen]
    return visible(f"lacks {', '.join(lacking)}", 120)


def _additional(_seen: Any, wanted: Any, error: Any, shown: str) -> str:
    if wanted is not False:
        return f"is not as additionalProperties wants it: {shown}"
    return f"has {visible(error.message, 60)}, which the schema does not know"


def _enum(_seen: Any, wanted: Any, _error: Any, shown: str) -> str:
    return f"is {shown}, not one of {_cut(wanted)}"


def _const(_seen: Any, wanted: Any, _error: Any, shown: str) -> str:
    return f"is {shown}, not {_cut(wanted)}"


def _otherwise(error: Any, shown: str) -> str:
    if error.validator is None:
        return "nothing may stand here"
    wanted = error.validator_value
    rule = f" {_cut(wanted)}" if isinstance(wanted, (str, int, float)) else ""
    return f"breaks {error.validator}{rule} with {shown}"


def _shown(seen: Any, path: str) -> str:
    """What stands there, short; nothing where its name says that it is nobody's business."""
    last = path.rpartition(".")[2]
    if isinstance(seen, dict):
        return f"an object of {len(seen)}"
    if isinstance(seen, list):
        return f"a list of {len(seen)}"
    if isinstance(seen, str):
        seen = seen[:400]
    return HIDDEN if is_private(last) and isinstance(seen, str) else _cut(masked_value(seen))


def _cut(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False, default=str), 60)


_SAYINGS = {
    "type": _type,
    "required": _required,
    "additionalProperties": _additional,
    "enum": _enum,
    "const": _const,
}
