"""Uptime by requests: how many of them were answered well, shown beside the figure by time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from alerting.slo.figures import PLACES, percent


def by_requests(checks: Mapping[str, tuple[int, int]]) -> dict[str, object]:
    """What `tocsin uptime --json` says of them: `{"requests": {…}}`, or nothing where none is known.

    `checks` holds, by the name of the check that counted them, the requests and those of them that were good.
    """
    valid = sum(each for each, _ in checks.values())
    good = sum(each for _, each in checks.values())
    if not valid:
        return {}
    share = Fraction(good, valid)
    listed = [{"check": name, "valid": checks[name][0], "good": checks[name][1]} for name in sorted(checks)]
    return {
        "requests": {
            "valid": valid,
            "good": good,
            "uptime": f"{share.numerator}/{share.denominator}",
            "uptime_percent": percent(share, PLACES),
            "checks": listed,
        }
    }
