"""Helpdesks and channels as written -> complete: the type found, its own options read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.friendly import nearest, shown
from config.models import ConnectorInfo, Helpdesk, HelpdeskOptions
from config.places import Where
from config.reader import Reader

_ENVELOPE = frozenset(HelpdeskOptions.model_fields)
_NONE = "this version keeps tickets in its own desk only"


def read_helpdesks(
    reader: Reader, section: str, blocks: Mapping[str, object], types: Mapping[str, ConnectorInfo]
) -> dict[str, Helpdesk]:
    """Those of the section that can be made out; mistakes are noted."""
    found = {name: _read(reader, (section, name), block, types) for name, block in blocks.items()}
    return {name: helpdesk for name, helpdesk in found.items() if helpdesk is not None}


def _read(reader: Reader, where: Where, block: Any, types: Mapping[str, ConnectorInfo]) -> Helpdesk | None:
    named = block.get("type") if isinstance(block, dict) else None
    if named is None:
        reader.sources.blame(where, "is missing type:", key=True)
        return None
    kind = types.get(named) if isinstance(named, str) else None
    if kind is None:
        hint = nearest(str(named), types) or (f"known types: {', '.join(sorted(types))}" if types else _NONE)
        reader.sources.blame((*where, "type"), f"unknown type {shown(named)}", hint)
        for reason in getattr(types, "refused", ()):
            reader.sources.warn((*where, "type"), reason)
        return None
    around = _ENVELOPE - frozenset(kind.options.model_fields)
    envelope = {key: value for key, value in block.items() if key in around}
    options = reader.model(HelpdeskOptions, {**envelope, "type": kind.name}, where)
    rest = {key: value for key, value in block.items() if key not in around}
    own = reader.model(kind.options, rest, where, also=_ENVELOPE)
    return None if options is None or own is None else Helpdesk(str(where[-1]), options, own)
