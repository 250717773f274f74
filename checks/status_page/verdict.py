"""Status page: the state of the whole page, or of the components that were asked for, and what is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from checks.status_page.page import Component, Event, Indicator, Page, worst
from checks.status_page.unreadable import Unreadable

_MOST = 10_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What the vendor says. `affected` names the components that are not well, the worst first."""

    indicator: Indicator
    incident: Event | None
    maintenance: Event | None
    affected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find(page: Page, patterns: tuple[str, ...]) -> Finding:
    """What the page says of the components that match, or of everything without patterns. Raises Unreadable."""
    if len(page.components) > _MOST or len(page.events) > _MOST:
        raise Unreadable(f"the document lists more than {_MOST} components or incidents")
    return _of_some(page, patterns) if patterns else _of_all(page)


def _of_all(page: Page) -> Finding:
    found = worst(
        [*([page.indicator] if page.indicator else []), *_told(page.components), *_counting(page.events)]
    )
    strange = [_strange(each) for each in page.components if each.said]
    if found is None or found.badness < Indicator.DEGRADED.badness:
        if page.said:
            raise Unreadable(f'the page says "{page.said}", a word not known here')
        if strange and page.indicator is None:
            raise Unreadable(strange[0])
    if found is None:
        raise Unreadable("the document tells no state: give the address of another one of this page")
    return _finding(found, page.components, page.events, tuple(strange[:_SHOWN]))


def _of_some(page: Page, patterns: tuple[str, ...]) -> Finding:
    if page.lists_all and not page.components:
        raise Unreadable(
            "this document lists no components: give the address of the one that does (summary.json, components.json)"
        )
    chosen: dict[int, Component] = {}
    notes = []
    for pattern in patterns:
        matching = [(place, each) for place, each in enumerate(page.components) if _is_meant(each, pattern)]
        if not matching and page.lists_all:
            raise Unreadable(f'the page has no component "{pattern}" ({_nearest(page.components, pattern)})')
        if not matching and not any(_names(event, pattern) for event in page.events):
            notes.append(
                f'nothing is open on "{pattern}"; the page names only what is, so its spelling cannot be checked'
            )
        chosen.update(matching)
    events = [
        each for each in page.events if not each.components or any(_names(each, word) for word in patterns)
    ]
    base = [] if page.lists_all else [Indicator.OPERATIONAL]
    found = worst([*base, *_told(chosen.values()), *_counting(events)])
    untold = next((each for each in chosen.values() if each.indicator is None), None)
    if untold and (found is None or found.badness < Indicator.DEGRADED.badness):
        raise Unreadable(_strange(untold))
    return _finding(found or Indicator.OPERATIONAL, chosen.values(), events, tuple(notes))


def _finding(
    found: Indicator, components: Iterable[Component], events: Iterable[Event], notes: tuple[str, ...] = ()
) -> Finding:
    incidents = [each for each in events if each.impact is not Indicator.MAINTENANCE]
    hit = [each for each in components if each.indicator not in (Indicator.OPERATIONAL, None)]
    hit.sort(key=lambda each: -each.indicator.badness if each.indicator else 0)
    return Finding(
        indicator=found,
        incident=max(incidents, key=lambda each: each.impact.badness, default=None),
        maintenance=next((each for each in events if each.impact is Indicator.MAINTENANCE), None),
        affected=tuple(dict.fromkeys(f"{each.full_name} ({each.indicator})" for each in hit)),
        notes=notes,
    )


def _told(components: Iterable[Component]) -> list[Indicator]:
    return [each.indicator for each in components if each.indicator]


def _counting(events: Iterable[Event]) -> list[Indicator]:
    return [each.impact for each in events if each.counts]


def _is_meant(component: Component, pattern: str) -> bool:
    """By its name, by `group / name`, or by the group alone."""
    called = (component.name, component.full_name, component.group, *component.also)
    return any(_fits(name, pattern) for name in called if name)


def _names(event: Event, pattern: str) -> bool:
    return any(_fits(name, pattern) for name in event.components)


def _fits(name: str, pattern: str) -> bool:
    name, pattern = name.casefold(), pattern.casefold()
    return name == pattern or fnmatchcase(name, pattern)


def _nearest(components: tuple[Component, ...], pattern: str) -> str:
    """`did you mean "API"?`, or some of the names there are."""
    written = {each.name.casefold(): each.name for each in components if each.name}
    near = get_close_matches(pattern.casefold(), list(written)[:1000], _SHOWN, 0.5)
    if near:
        return "did you mean " + " or ".join(f'"{written[each]}"' for each in near) + "?"
    shown = ", ".join(f'"{name}"' for name in list(written.values())[:_SHOWN])
    return f"it has {shown}{' and others' if len(written) > _SHOWN else ''}"


def _strange(component: Component) -> str:
    if not component.said:
        return f'the page does not watch "{component.name}"'
    return f'the page says "{component.said}" of "{component.name}", a word not known here'
