"""One more file's sections into the merged tree: named blocks side by side, lists one after another."""

from __future__ import annotations

from typing import Any

from config.errors import Problem, one_line
from config.places import Block, Listing, Where, dotted
from config.sources import INCLUDE, LISTS, NAMED, Sources


def merge(sources: Sources, tree: Block) -> None:
    for section, content in tree.items():
        known = sources.tree.get(section)
        if section == INCLUDE or content is None:
            if section not in sources.tree:
                sources.tree.write(section, None, tree.places[section])
        elif known is None:
            sources.tree.write(section, _copy(content), tree.places[section])
        elif section in NAMED and isinstance(known, Block) and isinstance(content, Block):
            _merge_named(sources, (section,), known, content)
        elif section in LISTS and isinstance(known, Listing) and isinstance(content, Listing):
            known.extend(content)
            known.places.extend(content.places)
        else:
            sources.note(_twice(sources.tree, (section,), tree))


def _copy(content: Any) -> Any:
    """What later files add to must not be what an anchor in this file refers to."""
    if isinstance(content, Block):
        block = Block()
        block.update(content)
        block.places = dict(content.places)
        return block
    if isinstance(content, Listing):
        listing = Listing()
        listing.extend(content)
        listing.places = list(content.places)
        return listing
    return content


def _merge_named(sources: Sources, where: Where, known: Block, content: Block) -> None:
    for name, block in content.items():
        if name in known:
            sources.note(_twice(known, (*where, name), content))
        else:
            known.write(name, block, content.places.get(name))


def _twice(known: Block, where: Where, again: Block) -> Problem:
    """`where` ends in a key that stands in both blocks."""
    name = str(where[-1])
    first, second = known.places[name], again.places[name]
    hint = "first at {0}:{3}:{4}".format(*first)
    message = f'"{one_line(name, 60)}" is defined twice'
    path = one_line(dotted(where), 200)
    return Problem(message, second[0], second[3], second[4], path, hint)
