"""`was:` and `id:`: what is refused, word for word, and what the accepted ones mean."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from checks.registry import all_kinds
from config.loader import Loaded, load

Look = Callable[[str], Loaded]
CHECKS = "services:\n  web:\n    checks:\n      home: {type: cpu, %s}\n      old: {type: cpu%s}\n  shop: {checks: {front: {type: cpu}}}\n"
HOME = "services.web.checks.home"

WRONG = [
    (CHECKS % ("was: old", ""), f"4:30: {HOME}.was: web.old still exists (remove that check, or leave its name out here)"),
    (CHECKS % ("was: [older, old]", ""), f"4:38: {HOME}.was.1: web.old still exists (remove that check, or leave its name out here)"),
    (CHECKS % ("was: shop.front", ""), f"4:30: {HOME}.was: shop.front still exists (remove that check, or leave its name out here)"),
    (CHECKS % ("was: old", ", disabled: no longer wanted"), f"4:30: {HOME}.was: web.old still exists (remove that check, or leave its name out here)"),
    (CHECKS % ("id: home", ""), f"4:29: {HOME}.id: web.home is its own name (name what it was called before)"),
    (CHECKS % ("was: a", ", was: a"), "5:29: services.web.checks.old.was: web.a is taken over by web.home already (leave it out here)"),
    (CHECKS % ("was: a, id: a", ""), f"4:37: {HOME}.id: web.a is taken over by web.home already (leave it out here)"),
    (CHECKS % ("was: My Home", ""), f'4:30: {HOME}.was: "My Home" is no id (lower-case letters, digits, - and _, at most 63 characters; such as my-home)'),
    (CHECKS % ("was: a.b.c", ""), f'4:30: {HOME}.was: "a.b" is no id (lower-case letters, digits, - and _, at most 63 characters; such as a-b)'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), WRONG, ids=[told.partition(": ")[2][:60] for _, told in WRONG])
def test_a_wrong_old_name_is_a_mistake(look: Look, text: str, told: str) -> None:
    assert [str(problem) for problem in look(text).errors] == [f"tocsin.yaml:{told}"]


def test_names_of_the_same_service_and_of_others(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(CHECKS % ("was: [older, gone.front], id: first", ""))
    home = load(path, all_kinds()).services["web"].checks["home"]
    assert home.earlier == (("web", "older"), ("gone", "front"), ("web", "first"))


def test_the_same_old_name_in_two_services_means_two_checks(look: Look) -> None:
    """As when a template says it."""
    text = "templates: {t: {checks: {c: {type: cpu, was: a}}}}\nservices: {x: {use: t}, y: {use: t}}\n"
    assert look(text).errors == []
