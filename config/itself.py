"""The daemon as a service: what an operator may say of it, and that nothing else is called so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from config.making import KEYS
from config.models import ITSELF, LEAVES_ALL_UNWATCHED, Service
from config.places import Block, Where, laid_over
from config.service_reader import ServiceReader
from config.sources import Sources

_WHERE: Where = ("services", ITSELF)
_ONE = "there is one daemon, and this is its name"
_OTHER_NAME = f"{ITSELF} is the daemon itself: give a service of yours another name"
_LEAVE_OUT = "leave the line out"
# What cannot be said of it: why, and what to do instead.
_NOT_SAID: Mapping[str, tuple[str, str]] = {
    "checks": ("it looks at itself, and at nothing else under this name", _OTHER_NAME),
    "targets": (_ONE, _OTHER_NAME),
    "targets_file": (_ONE, _OTHER_NAME),
    "disabled": ("it cannot do without itself", "with agent.self_service: false it does not look at itself"),
    "depends_on": ("it needs nothing but this host", _LEAVE_OUT),
    "active": ("it is always at work", _LEAVE_OUT),
    "down_when": ("it is down when any of its parts is", _LEAVE_OUT),
    "blind_after": ("it is never blind to itself", _LEAVE_OUT),
}


def refuse_targets(sources: Sources, blocks: dict[str, Any]) -> dict[str, Any]:
    """The blocks of services; one that makes several of the daemon is noted, and makes one."""
    block = blocks.get(ITSELF)
    return {**blocks, ITSELF: _without(sources, block, KEYS)} if isinstance(block, dict) else blocks


def read_itself(reader: ServiceReader, block: Any) -> Service:
    """The service `tocsin`: how critical it is, whose, with which target and labels is the operator's to say."""
    said = _without(reader.sources, block, _NOT_SAID) if isinstance(block, dict) else block
    read = reader.read(ITSELF, Block() if said is None else said) or reader.read(ITSELF, Block())
    assert read is not None  # an empty block has no mistake
    told = said if isinstance(said, dict) else {}
    return replace(
        read,
        title=(told.get("title") and read.title) or "Tocsin itself",
        criticality=read.criticality if told.get("criticality") else LEAVES_ALL_UNWATCHED,
    )


def _without(sources: Sources, block: dict[str, Any], keys: Mapping[str, Any] | tuple[str, ...]) -> Block:
    left = laid_over({}, block)
    for key in keys:
        if left.pop(key, None) is not None:
            why, hint = _NOT_SAID[key]
            sources.blame((*_WHERE, key), f"cannot be said of {ITSELF}: {why}", hint, key=True)
    return left
