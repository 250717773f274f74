"""axe-core, which looks for what keeps people from using a page: fetched by npm into a cache, never kept here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

_VERSION = "4.10.3"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tocsin-tests" / f"axe-{_VERSION}"
_SCRIPT = _CACHE / "node_modules" / "axe-core" / "axe.min.js"
_WORDS = "needs axe-core: npm (apt-get install npm), and once a way to its registry"
# What counts as an obstacle: the rules of WCAG 2.2 AA, and of these only what is serious.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_SERIOUS = ("serious", "critical")


def script() -> str:
    """Its text; fetched where it is not here yet."""
    if not _SCRIPT.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(_WORDS)
        _CACHE.mkdir(parents=True, exist_ok=True)
        wanted = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", f"axe-core@{_VERSION}"]
        done = subprocess.run(
            [npm, "install", "--prefix", str(_CACHE), *wanted], capture_output=True, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip(f"{_WORDS}: {done.stderr.decode('utf-8', 'replace')[-300:]}")
    return _SCRIPT.read_text(encoding="utf-8")


async def obstacles(page: Page) -> list[str]:
    """What it finds: the rule, how bad, and where."""
    session = await page.context.new_cdp_session(page)
    await session.send("Runtime.evaluate", {"expression": script()})  # beside the page's policy, which stays
    await session.detach()
    found: dict[str, Any] = await page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", _RULES
    )
    return [
        f"{each['id']} ({each['impact']}): {' '.join(map(str, node['target']))}: {node['failureSummary'][:300]}"
        for each in found["violations"]
        if each["impact"] in _SERIOUS
        for node in each["nodes"][:3]
    ]
