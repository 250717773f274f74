"""Rules of severity as they are written: in several files, and of services that targets made."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from config.loader import Loaded

Look = Callable[[str], Loaded]


def test_rules_of_several_files_follow_one_another(look: Look, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("severity:\n  - {match: {level: down}, raise_by: 1}\n")
    found = look(
        """\
        include: more.yaml
        services: {shop: {checks: {c: {type: cpu}}}}
        severity:
          - {match: {affected: 20%, services: 3, level: [down, degraded]}, severity: high}
        """
    )
    assert found.errors == []
    assert found.config is not None
    first, second = found.config.severity
    assert (first.match.affected, first.match.services, first.severity) == (Fraction(1, 5), 3, "high")
    assert (second.match.level, second.raise_by) == (("down",), 1)


def test_a_rule_for_what_targets_made_is_for_each_of_them(look: Look) -> None:
    found = look(
        """\
        services: {web: {targets: [a.example, b.example], checks: {c: {type: http, url: "https://${target}/"}}}}
        severity:
          - {match: {service: web}, severity: high}
        """
    )
    assert found.errors == []
    assert found.config is not None
    assert set(found.config.severity[0].match.service) == set(found.config.services)
