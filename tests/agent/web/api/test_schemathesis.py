"""The API is what its description says: nothing breaks, and no answer comes that is not described."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from tests.agent.web.api.test_changing import asking

pytestmark = pytest.mark.anyio
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("scope", ["look", "administer"])
async def test_answers_are_those_that_are_described(tmp_path: Path, scope: str) -> None:
    async with asking(tmp_path, scope) as api:
        token = api.client.headers["authorization"]
        url = f"{api.there.address}/api/v1"
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url, "--header",
            f"Authorization: {token}", "--checks", _CHECKS, "--max-examples", "3", "--seed", "1", "--no-color",
            "--continue-on-failure", "--generation-database", "none", "--phases", "examples,coverage,fuzzing",
        ]  # fmt: skip
        passing = asyncio.create_task(_passing(api.there.clock))
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, env={**os.environ, "NO_PROXY": "*"}, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        passing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await passing
        said = out.decode("utf-8", "replace")
        assert process.returncode == 0, said[-6000:]
        assert "generated" in said, said
        assert "mostly returned 429" not in said, said[-3000:]


async def _passing(clock: object) -> None:
    """Time goes by, so that nobody has to wait for changing too often."""
    while True:
        clock.move(20.0)  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
