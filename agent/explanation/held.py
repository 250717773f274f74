"""What suppressions are held against, where nothing is decided: the trouble of a rule as it is, or as it would be."""

from __future__ import annotations

from alerting.incidents.problem import Key, Problem
from alerting.incidents.severity import Facts, severity_of
from alerting.incidents.suppression import Subject
from checks.base import Status
from config.models import Config


def would_be(config: Config, key: Key, state: Status | None, problem: Problem | None) -> Subject:
    """As bad as its confirmed trouble is, by the operator's rules of severity; down while it is well.

    Its service is one of the configuration.
    """
    service = config.services[key[0]]
    check = service.checks.get(key[1])
    if problem is not None:
        facts = Facts(service, check, problem.level, problem.forecast, problem.share)
    else:
        facts = Facts(service, check, Status.DEGRADED if state is Status.DEGRADED else Status.DOWN)
    return Subject(service, key[1], check, severity_of(config.severity, facts)[0])
