"""Saved views of the ticket queue: kept, changed and removed; memory holds what the disk holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from agent.store.saved_views import SavedView, remove_view, save_view, saved_views
from agent.store.writer import Writer
from checks.text import visible

PREFIX = "views."
LONGEST_NAME, LONGEST_QUERY, MOST_OF_ONE = 60, 1000, 50
Key = tuple[str, str]  # who, name


class CannotKeep(Exception):
    """It cannot be kept, or changed, like that; the text is for the person who asked."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request: the name, and what it is to be from now on; None leaves it as it is."""

    name: str
    to: str | None
    query: str | None
    shared: bool | None


class SavedViews:
    """Everything is written before it counts; one change at a time."""

    def __init__(self, writer: Writer, agent: str) -> None:
        self._writer, self._agent = writer, agent
        self._book: Mapping[Key, SavedView] = {}
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Remember what was stored."""
        found = await self._writer.write(lambda connection: saved_views(connection, self._agent))
        self._book = {(each.who, each.name): each for each in found}

    @property
    def all(self) -> list[SavedView]:
        """By who and name."""
        return [self._book[key] for key in sorted(self._book)]

    async def answer(self, command: str, arguments: Mapping[str, Any], who: str) -> Any:
        """`views.save`, `views.change` and `views.remove`: what is done to a view of that person. Raises CannotKeep."""
        acts: Mapping[str, Callable[[_Asked, str], SavedView | None]] = {
            "views.save": self._saved, "views.change": self._changed, "views.remove": self._removed,
        }  # fmt: skip
        act = acts.get(command)
        if act is None:
            raise CannotKeep(f"unknown command {command[:40]}")
        asked = _read(arguments)
        async with self._turn:
            after = act(asked, who)
            await self._keep((who, asked.name), after)
        return {"name": asked.name if after is None else after.name, "shared": bool(after and after.shared)}

    def _saved(self, asked: _Asked, who: str) -> SavedView:
        if asked.query is None:
            raise CannotKeep("query: is missing")
        mine = [each for each in self._book.values() if each.who == who]
        if (who, asked.name) not in self._book and len(mine) >= MOST_OF_ONE:
            raise CannotKeep(f"you have {MOST_OF_ONE} views already: remove one first")
        return SavedView(who, asked.name, asked.query, bool(asked.shared))

    def _changed(self, asked: _Asked, who: str) -> SavedView:
        before = self._own(asked.name, who)
        name = asked.to or before.name
        if name != before.name and (who, name) in self._book:
            raise CannotKeep(f'you have a view "{name}" already')
        shared = before.shared if asked.shared is None else asked.shared
        return replace(before, name=name, query=asked.query or before.query, shared=shared)

    def _removed(self, asked: _Asked, who: str) -> None:
        self._own(asked.name, who)

    def _own(self, name: str, who: str) -> SavedView:
        found = self._book.get((who, name))
        if found is None:
            raise CannotKeep(f'you have no view "{name}"')
        return found

    async def _keep(self, before: Key, after: SavedView | None) -> None:
        def write(connection: Connection) -> None:
            if after is None or after.name != before[1]:
                remove_view(connection, self._agent, *before)
            if after is not None:
                save_view(connection, self._agent, after)

        await self._writer.write(write)
        book = {key: each for key, each in self._book.items() if key != before}
        self._book = book if after is None else {**book, (after.who, after.name): after}


def _read(arguments: Mapping[str, Any]) -> _Asked:
    name, query, shared = arguments.get("name"), arguments.get("query"), arguments.get("shared")
    if query is not None and (not isinstance(query, str) or len(query) > LONGEST_QUERY):
        raise CannotKeep(f"query: expected at most {LONGEST_QUERY} characters")
    if shared is not None and not isinstance(shared, bool):
        raise CannotKeep("shared: expected true or false")
    to = arguments.get("to")
    return _Asked(_name(name), None if to is None else _name(to), query, shared)


def _name(said: Any) -> str:
    if not isinstance(said, str) or not said.strip() or len(said) > LONGEST_NAME:
        raise CannotKeep(f"a view has a name of at most {LONGEST_NAME} characters")
    return visible(said.strip(), LONGEST_NAME)
