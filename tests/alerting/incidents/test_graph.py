"""The graph of dependencies: the topmost broken parent, alternatives, doubt."""

from __future__ import annotations

from alerting.incidents.graph import Graph


def causes(graph: Graph, name: str, *broken: str, bare: tuple[str, ...] = ()) -> list[str]:
    return sorted(graph.causes(name, lambda each: each in broken, lambda each: each in bare))


CHAIN = Graph({"web": (("app",),), "app": (("db",),), "db": (("host",),)})
UPLINKS = Graph({"web": (("isp-1", "isp-2"),), "isp-1": (("mast",),), "isp-2": (("mast",),)})


def test_without_a_broken_parent_there_is_no_cause() -> None:
    assert causes(CHAIN, "web.home") == []
    assert causes(CHAIN, "web.home", "other") == []


def test_the_cause_is_the_topmost_of_a_broken_chain() -> None:
    assert causes(CHAIN, "web.home", "app") == ["app"]
    assert causes(CHAIN, "web.home", "app", "db", "host") == ["host"]


def test_a_well_parent_between_breaks_the_chain() -> None:
    assert causes(CHAIN, "web.home", "host", "db") == []
    assert causes(CHAIN, "web.home", "app", "host") == ["app"]


def test_a_parent_that_nobody_looks_at_is_looked_through() -> None:
    assert causes(CHAIN, "web.home", "host", bare=("app", "db")) == ["host"]


def test_a_group_is_broken_when_all_its_alternatives_are() -> None:
    assert causes(UPLINKS, "web.home", "isp-1") == []
    assert causes(UPLINKS, "web.home", "isp-1", "isp-2") == ["isp-1", "isp-2"]
    assert causes(UPLINKS, "web.home", "isp-1", "isp-2", "mast") == ["mast"]


def test_a_check_depends_on_what_it_names_and_on_what_its_service_names() -> None:
    graph = Graph({"web": (("host",),), "web.home": (("web.tls",),)})
    assert causes(graph, "web.home", "web.tls") == ["web.tls"]
    assert causes(graph, "web.home", "host") == ["host"]
    assert causes(graph, "web.tls", "host") == ["host"]


def test_doubt_reaches_up_the_chain_and_ends_where_an_alternative_is_well_for_sure() -> None:
    assert sorted(CHAIN.doubtful("web.home", lambda _: False, lambda _: False)) == ["app", "db", "host"]
    assert CHAIN.doubtful("web.home", lambda _: False, lambda name: name == "app") == ["db", "host"]
    assert UPLINKS.doubtful("web.home", lambda _: False, lambda name: name == "isp-2") == ["mast"]


def test_what_is_broken_is_in_no_doubt() -> None:
    assert CHAIN.doubtful("web.home", lambda name: name == "app", lambda _: False) == ["db", "host"]


def test_what_is_reached_by_two_ways_is_asked_once_and_counts_for_both() -> None:
    graph = Graph({"web": (("app",), ("queue",)), "queue": (("app",),), "app": (("host",),)})
    assert causes(graph, "web.home", "app", "queue", "host") == ["host"]
