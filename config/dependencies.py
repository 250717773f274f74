"""`depends_on`: whether each name leads somewhere, and circles, through services, checks and groups of either."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias

from config.friendly import nearest, shown
from config.models import Config, Service
from config.places import Where
from config.sources import Sources

# Notes a service that there is not.
KnownService: TypeAlias = Callable[[Where, str], None]
Needs: TypeAlias = tuple[tuple[str, ...], ...]
_OPTION = "depends_on"
# Behind a service's name: what all its checks depend on with it. No id has a space.
_ITS_OWN = " "


def look_at_dependencies(sources: Sources, config: Config, known: KnownService) -> None:
    """Note mistakes in `sources`."""
    for where, needs in _all_needs(config):
        for place, name in _named(sources.tree, (*where, _OPTION), needs):
            look_at_name(sources, place, name, known)
    for circle in circles(_parents(sources, config)):
        shortened = _for_people(circle)
        sources.blame(_closing(circle, config), f"depends on itself: {' -> '.join(shortened)}")


def _all_needs(config: Config) -> Iterator[tuple[Where, Needs]]:
    """What each service and each check depends on, by the place of its block."""
    for service in config.services.values():
        yield ("services", service.name), service.depends_on
        for check in service.checks.values():
            yield ("services", service.name, "checks", check.name), check.depends_on


def _named(tree: Any, where: Where, needs: Needs) -> Iterator[tuple[Where, str]]:
    """Each name with its place."""
    written = _written(tree, where) if needs else None
    for number, group in enumerate(needs):
        listed = isinstance(written, list)
        entry = written[number] if isinstance(written, list) else written
        place = (*where, number) if listed else where
        for alternative, name in enumerate(group):
            if name not in group[:alternative]:
                yield (*place, "any_of", alternative) if isinstance(entry, dict) else place, name


def _written(tree: Any, where: Where) -> Any:
    for part in where:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def look_at_name(sources: Sources, where: Where, name: str, known: KnownService) -> None:
    """Note a service or check that there is not."""
    service, _, check = name.partition(".")
    known(where, service)
    sources.make(len(sources.groups.get(name) or sources.groups.get(service, ())), where)
    if not check or name in sources.groups:
        return
    made = sources.groups.get(service, (service,))  # they all have the same checks
    blocks = sources.tree["services"]
    for block in [blocks[each] for each in made if blocks.get(each) is not None][:1]:
        checks = block.get("checks") if isinstance(block, dict) else None
        if check not in (checks if isinstance(checks, dict) else {}):
            hint = nearest(check, checks) if isinstance(checks, dict) else None
            sources.blame(where, f"service {service} has no check {shown(check)}", hint)


def _parents(sources: Sources, config: Config) -> dict[str, Collection[str]]:
    """What each node leads to.

    A service is as good as its checks, a check needs what it says itself and what its service says. A check that
    says nothing itself is no node of its own: what its service depends on stands for it.
    """
    found: dict[str, Collection[str]] = {}
    for service in config.services.values():
        found.update(_of_service(service, config))
    for name, made in sources.groups.items():
        found[name] = made if name not in config.services else [*found[name], *made]
    for each in [node for nodes in list(found.values()) for node in nodes]:
        service_name, dot, check = each.partition(".")
        if dot and service_name in sources.groups and each not in found:
            found[each] = [_node(f"{made}.{check}", config) for made in sources.groups[service_name]]
    return found


def _of_service(service: Service, config: Config) -> dict[str, Collection[str]]:
    own = f"{service.name}{_ITS_OWN}"
    saying = [check for check in service.checks.values() if check.depends_on]
    return {
        service.name: [own, *(check.address for check in saying)],
        own: _nodes(service.depends_on, config),
        **{check.address: [own, *_nodes(check.depends_on, config)] for check in saying},
    }


def _nodes(needs: Needs, config: Config) -> list[str]:
    return [_node(name, config) for group in needs for name in group]


def _node(name: str, config: Config) -> str:
    """The node of a name as written."""
    service_name, dot, check_name = name.partition(".")
    service = config.services.get(service_name)
    if not dot or service is None:
        return name
    check = service.checks.get(check_name)
    return name if check is not None and check.depends_on else f"{service_name}{_ITS_OWN}"


def _for_people(circle: list[str]) -> list[str]:
    """The names along the circle, each once in a row."""
    names = [node.removesuffix(_ITS_OWN) for node in circle]
    short = [name for number, name in enumerate(names) if number == 0 or name != names[number - 1]]
    return short if len(short) > 1 else [*short, *short]


def _closing(circle: list[str], config: Config) -> Where:
    """Where the last one along the circle says what it depends on."""
    for node in reversed(circle[:-1]):
        service, dot, check = node.partition(".")
        if node.endswith(_ITS_OWN):
            return ("services", node.removesuffix(_ITS_OWN), _OPTION)
        if dot and service in config.services:
            return ("services", service, "checks", check, _OPTION)
    raise AssertionError(circle)  # a service or group alone leads to no other


def circles(parents: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Each circle once, as the names along it with the first repeated; a walk without recursion."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                path.popitem()
                done.add(name)
            elif name in path:
                names = list(path)
                found.append([*names[names.index(name) :], name])
            elif name not in done:
                path[name] = None
                stack.append((name, True))
                stack.extend((parent, False) for parent in dict.fromkeys(parents.get(name, ())))
    return found
