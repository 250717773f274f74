"""Pages served on loopback as an exporter would, and looks at them: by the probe, or by the installed command."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checks.base import Context, Observation, Reading
from checks.judge import Rules, judge
from checks.metrics.kind import KIND, probe
from checks.metrics.spec import MetricsSpec
from checks.network import Network
from config.conditions import parse
from tests.checks.http.web import Answer, Asked, answer, serving

TEXT = "Content-Type: text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
NOW = 1_700_000_000.0
TOCSIN = Path(sys.executable).with_name("tocsin")


def shows(page: str | bytes, content_type: str = TEXT) -> Answer:
    content = page.encode() if isinstance(page, str) else page
    return lambda _asked: answer(content, content_type)


def in_turn(*pages: str) -> Answer:
    """One page after the other; the last one stays."""
    left = list(pages)
    return lambda _asked: answer((left.pop(0) if len(left) > 1 else left[0]).encode(), TEXT)


async def observed(url: str, *, memo: Any = None, timeout: float = 10.0, **options: Any) -> Observation:
    network = Network()
    try:
        context = Context(timeout=timeout, network=network, now=NOW, memo=memo)
        return await probe(MetricsSpec.model_validate({"url": url, **options}), context)
    finally:
        await network.aclose()


def scraped(reply: Answer, *, memo: Any = None, **options: Any) -> tuple[Observation, list[Asked]]:
    """One look at an exporter, and what it was asked."""

    async def run() -> tuple[Observation, list[Asked]]:
        async with serving(reply) as web:
            return await observed(web.url("/metrics"), memo=memo, **options), web.asked

    return asyncio.run(run())


def seen(page: str, **options: Any) -> Observation:
    return scraped(shows(page), **options)[0]


def judged(observation: Observation, **conditions: str) -> Reading:
    rules = {level: (parse(text, others=True),) for level, text in conditions.items()}
    return judge(observation, Rules(KIND, rules.get("down", ()), rules.get("degraded", ())), 0, 0.1)


def some_time_ago(memo: Any, seconds: float) -> Any:
    """The memo of a look as if it had been so long ago."""
    return {**memo, "at": memo["at"] - seconds}


def reread(observation: Observation) -> Any:
    """The memo as it comes back from the disk."""
    return json.loads(json.dumps(observation.memo, allow_nan=False))


def by_the_command(checks: Mapping[str, Any], directory: Path) -> dict[str, dict[str, Any]]:
    """What the installed command prints of each check, by name; it ends for itself."""
    file = directory / "tocsin.yaml"
    file.write_text(json.dumps({"services": {"host": {"checks": dict(checks)}}}), encoding="utf-8")
    done = subprocess.run(
        [TOCSIN, "check", "--json", "--config", file],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return {each["check"]: each for each in json.loads(done.stdout)}
