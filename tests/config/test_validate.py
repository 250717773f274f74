"""`tocsin validate` and `tocsin schema` as they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")
GOOD = "services: {web: {checks: {home: {type: http, url: 'http://localhost/'}}}}\n"
BAD = """\
services:
  web:
    checks:
      home: {type: http, url: 'http://localhost/', every: 5s, down: latncy > 1s, evry: 2s}
"""


def _run(folder: Path, content: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "tocsin.yaml").write_text(content)
    command = [str(TOCSIN), *arguments, "--config", "tocsin.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_good_file_is_summed_up_in_one_line(tmp_path: Path) -> None:
    done = _run(tmp_path, GOOD, "validate")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok: 1 service, 1 check in 1 file\n", "")


def test_mistakes_go_to_stderr_with_a_count_at_the_end(tmp_path: Path) -> None:
    done = _run(tmp_path, BAD, "validate")
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.splitlines() == [
        'error: tocsin.yaml:4:69: services.web.checks.home.down: no value is called "latncy", at column 1 of: '
        "latncy > 1s (did you mean latency?)",
        "  latncy > 1s",
        "  ^",
        'error: tocsin.yaml:4:82: services.web.checks.home.evry: unknown key "evry" (did you mean "every"?)',
        "warning: tocsin.yaml:4:52: services.web.checks.home.every: every (5s) is shorter than timeout (10s): slow "
        "looks will be skipped (raise every or lower timeout)",
        "2 errors, 1 warning",
    ]


def test_json_is_one_document_as_the_contract_says(tmp_path: Path) -> None:
    done = _run(tmp_path, BAD, "validate", "--json")
    assert (done.returncode, done.stderr) == (78, "")
    document = json.loads(done.stdout)
    assert list(document) == ["ok", "errors", "warnings", "secrets"]
    assert document["ok"] is False
    assert [list(problem) for problem in (*document["errors"], *document["warnings"])] == [
        ["file", "line", "column", "path", "message", "hint"]
    ] * 3
    assert document["errors"][1] == {
        "file": "tocsin.yaml",
        "line": 4,
        "column": 82,
        "path": "services.web.checks.home.evry",
        "message": 'unknown key "evry"',
        "hint": 'did you mean "every"?',
    }


def test_json_of_a_good_file_and_of_a_missing_one(tmp_path: Path) -> None:
    good = _run(tmp_path, GOOD, "validate", "--json")
    assert (good.returncode, json.loads(good.stdout)) == (
        0,
        {"ok": True, "errors": [], "warnings": [], "secrets": []},
    )
    command = [str(TOCSIN), "validate", "--json", "--config", "nowhere.yaml"]
    missing = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert missing.returncode == 78
    assert json.loads(missing.stdout)["errors"] == [
        {
            "file": "nowhere.yaml",
            "line": None,
            "column": None,
            "path": None,
            "message": "no such file",
            "hint": None,
        }
    ]


def test_schema_is_one_json_document(tmp_path: Path) -> None:
    done = subprocess.run([str(TOCSIN), "schema"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["title"] == "Tocsin configuration"


SECRETS = """\
services:
  web:
    checks:
      home:
        type: http
        url: http://localhost/
        headers: {X-A: "${env:TOKEN_A}", X-B: "${env:TOKEN_B} ${env:TOKEN_A}", X-C: "${env:TOKEN_C}"}
      again: {type: http, url: http://localhost/again, headers: {X-C: "${env:TOKEN_C}"}}
"""


def test_each_secret_is_said_to_be_set_or_unset_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_A", "canary-of-a")
    monkeypatch.setenv("TOKEN_B", "")
    monkeypatch.delenv("TOKEN_C", raising=False)
    done = _run(tmp_path, SECRETS, "validate")
    where = "services.web.checks.home.headers"
    assert done.stderr.splitlines()[-2:] == [
        "secrets set: ${env:TOKEN_A}",
        f"secrets unset: ${{env:TOKEN_B}} ({where}.X-B), ${{env:TOKEN_C}} ({where}.X-C and 1 other place)",
    ]
    shown = _run(tmp_path, SECRETS, "validate", "--json").stdout
    assert json.loads(shown)["secrets"][:3] == [
        {"reference": "${env:TOKEN_A}", "path": f"{where}.X-A", "set": True},
        {"reference": "${env:TOKEN_B}", "path": f"{where}.X-B", "set": False},
        {"reference": "${env:TOKEN_A}", "path": f"{where}.X-B", "set": True},
    ]
    assert "canary" not in done.stdout + done.stderr + shown


def test_too_many_mistakes_are_counted_as_such(tmp_path: Path) -> None:
    services = "".join(f"  s{number}: {{titel: x}}\n" for number in range(600))
    done = _run(tmp_path, f"services:\n{services}", "validate")
    assert len(done.stderr.splitlines()) == 502
    assert done.stderr.endswith("more mistakes follow; they are not listed\n500 errors and more\n")
