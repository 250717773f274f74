"""What the README and docs/ say is so: links lead somewhere, examples load, commands and metrics exist."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agent.app import build
from agent.cli.reference import commands, page
from agent.self_checks import with_own_kind
from alerting.connectors.registry import all_connectors
from checks.metric_names import metric
from checks.registry import KINDS, all_kinds
from config.loader import examine, load
from config.sources import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
# The pages of the kinds have a test of their own: tests/checks/test_pages.py.
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/decisions").glob("*.md")),
]
COMMANDS = dict(commands())
# Further words of a line that belong to the shell, or after `--` to another command.
SHELL = {"|", ">", ">>", "&&", ";", "#", "…", "--"}
METRICS = ROOT / "docs" / "metrics.md"
ROW = re.compile(r"\| `(tocsin_\w+)` \| (\w+) \| (?:`([^`]*)`)? ?\|")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_page = pytest.mark.parametrize("path", PAGES, ids=_name)


def _blocks(path: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_reference_of_commands_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == page(), "run python -m agent.cli.reference"


def test_every_command_says_what_it_does_and_shows_an_example() -> None:
    lacking = [name for name, command in COMMANDS.items() if "Example: " + name not in (command.help or "")]
    assert lacking in ([], ["tocsin version"])


@each_page
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), f"{target} does not exist"
        assert not anchor or anchor in _anchors(file), f"{target} is no heading"


def _configurations() -> Iterator[Any]:
    for path in PAGES:
        for number, block in enumerate(_blocks(path, "yaml")):
            if set(yaml.safe_load(block)) <= set(SECTIONS):
                yield pytest.param(block, id=f"{_name(path)}-{number}")


@pytest.mark.parametrize("block", list(_configurations()))
def test_every_configuration_shown_loads_without_a_mistake(block: str, tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text(block, encoding="utf-8")
    assert [str(problem) for problem in examine(file, all_kinds(), all_connectors()).errors] == []


def test_there_are_configurations_in_the_docs() -> None:
    assert len(list(_configurations())) >= 5


def _command_lines(path: Path) -> Iterator[str]:
    """Lines of indented and fenced blocks, and code within sentences, that begin with the command."""
    text = path.read_text(encoding="utf-8")
    yield from re.findall(r"^ {4,}(?:sudo )?(tocsin .+)$", text, re.MULTILINE)
    yield from re.findall(r"`(?:sudo )?(tocsin [^`]+)`", text)


def _words(line: str) -> list[str]:
    words = []
    for word in shlex.split(line, comments=True):
        if word in SHELL:
            break
        words.append(word)
    return words


def _parsed(line: str) -> tuple[Any, list[str]]:
    """The command of a line, and the words that follow its name. Fails when there is no such command."""
    words = _words(line)
    for size in range(len(words), 0, -1):
        name = " ".join(words[:size])
        if name in COMMANDS:
            return COMMANDS[name], words[size:]
    raise AssertionError(f"{line}: no such command")


@each_page
def test_every_command_line_names_a_command_and_options_that_exist(path: Path) -> None:
    for line in _command_lines(path):
        if not re.match(r"tocsin [a-z]", line):
            continue
        command, rest = _parsed(line)
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        for word in rest:
            assert not word.startswith("-") or word in known, f"{line}: {word} is no option"


def test_command_lines_are_found() -> None:
    assert sum(len(list(_command_lines(path))) for path in PAGES) > 20


async def _families(config: Path) -> dict[str, tuple[str, set[str]]]:
    """What a daemon of that configuration exposes: type and labels by family."""
    app = build(load(config, all_kinds()))
    await app.start()
    try:
        text = (await asyncio.to_thread(app.metrics.page)).decode()
    finally:
        await app.stop()
    found = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels)
    return found


def test_every_metric_family_is_in_the_docs_with_its_type_and_labels(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.yaml"
    config.write_text(
        f"agent: {{listen: 127.0.0.1:0, state_dir: {tmp_path / 'state'}}}\n"
        "services: {host: {checks: {load: {type: load}}}}\n"
    )
    values = {
        metric(kind.name, value)[0]
        for kind in with_own_kind(KINDS).values()
        for value in kind.values
        if not value.text
    }
    exposed = {name: seen for name, seen in asyncio.run(_families(config)).items() if name not in values}
    rows = ROW.findall(METRICS.read_text(encoding="utf-8"))
    told = {
        name: (kind, {label.strip() for label in labels.split(",")} - {""}) for name, kind, labels in rows
    }
    assert set(told) == set(exposed)
    for name, (kind, labels) in exposed.items():
        assert told[name][0] == kind, name
        # Families of figures that nobody has yet have no sample, hence no label to be seen.
        assert labels in (told[name][1], set()), name


def _json_blocks() -> Iterator[Any]:
    for number, block in enumerate(_blocks(ROOT / "docs" / "json.md", "json")):
        yield pytest.param(block, id=str(number))


@pytest.mark.parametrize("block", list(_json_blocks()))
def test_every_json_shown_is_json(block: str) -> None:
    assert yaml.safe_load(block)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_readme_lists_every_kind_of_check(kind: str) -> None:
    assert f"(docs/checks/{kind}.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
