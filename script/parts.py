"""What an environment is made of, from its own metadata and pip's report on what was fetched for it.

python script/parts.py bom SITE_PACKAGES REPORT          CycloneDX 1.6, JSON
python script/parts.py copyright SITE_PACKAGES REPORT    who made it and under which licence, for people
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

SELF = "tocsin"
_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
# Licences that are named by their classifier alone. https://spdx.org/licenses/
_SPDX = {
    "Apache License, Version 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+-]+)*")
_COPYRIGHT = """\
Tocsin, under the Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0

/opt/tocsin also holds these libraries as their makers published them, each under its own licence. The texts are
in {place}, in the directory NAME-VERSION.dist-info of each.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One distribution; `sha256` is that of the file it was installed from, empty for our own."""

    name: str
    version: str
    licence: str
    home: str
    sha256: str
    needs: tuple[str, ...]

    @property
    def ref(self) -> str:
        """https://github.com/package-url/purl-spec"""
        return f"pkg:pypi/{self.name}@{self.version}"


def parts(place: Path, report: Path) -> dict[str, Part]:
    """By name, in its order."""
    fetched = _fetched(json.loads(report.read_text(encoding="utf-8")))
    found = {_canonical(each.metadata["Name"]): each for each in distributions(path=[str(place)])}
    return {name: _part(name, found, fetched) for name in sorted(found)}


def _fetched(report: Any) -> dict[str, str]:
    """Name -> hash. https://pip.pypa.io/en/stable/reference/installation-report/"""
    return {
        _canonical(each["metadata"]["name"]): each["download_info"]["archive_info"]["hashes"]["sha256"]
        for each in report["install"]
    }


def _part(name: str, found: Mapping[str, Distribution], fetched: Mapping[str, str]) -> Part:
    one = found[name]
    needs = {_canonical(re.split(r"[^\w.-]", line)[0]) for line in one.requires or ()}
    return Part(
        name,
        one.version,
        _licence(one),
        _home(one),
        "" if name == SELF else fetched[name],
        tuple(sorted(needs & found.keys() - {name})),
    )


def _licence(one: Distribution) -> str:
    """As an SPDX expression where it is known to be one, else in the maker's words."""
    said = _first(one, "License-Expression") or _first(one, "License")
    classified = [
        line.rpartition(" :: ")[2]
        for line in one.metadata.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    if _EXPRESSION.fullmatch(said):
        return said
    named = [said] if said in _SPDX else classified or [said or "unknown"]
    return " OR ".join(_SPDX[each] for each in named) if set(named) <= _SPDX.keys() else "; ".join(named)


def _home(one: Distribution) -> str:
    said = [line.partition(", ") for line in one.metadata.get_all("Project-URL") or ()]
    urls: dict[str, str] = {label: url for label, _, url in said}
    by_label = {label.lower(): url for label, url in urls.items()}
    for label in ("homepage", "source", "repository", "source code", "code", "github"):
        if label in by_label:
            return by_label[label]
    return _first(one, "Home-page") or next(iter(urls.values()), "")


def _first(one: Distribution, field: str) -> str:
    said: list[str] = one.metadata.get_all(field) or [""]
    return said[0].strip()


def bom(found: Mapping[str, Part], made: datetime) -> dict[str, Any]:
    """The document; the same parts at the same moment give the same one."""
    body: dict[str, Any] = {
        "components": [_component(each, "library") for each in found.values() if each.name != SELF],
        "dependencies": [
            {"ref": each.ref, "dependsOn": [found[name].ref for name in each.needs]}
            for each in found.values()
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([found[SELF].ref, body]))
    return {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": f"{made:%Y-%m-%dT%H:%M:%SZ}",
            "component": _component(found[SELF], "application"),
        },
        **body,
    }


def _component(part: Part, kind: str) -> dict[str, Any]:
    known = _EXPRESSION.fullmatch(part.licence) and part.licence != "unknown"
    licence: dict[str, Any] = {"expression": part.licence} if known else {"license": {"name": part.licence}}
    return {
        "type": kind,
        "bom-ref": part.ref,
        "name": part.name,
        "version": part.version,
        "purl": part.ref,
        "licenses": [licence],
        **({"hashes": [{"alg": "SHA-256", "content": part.sha256}]} if part.sha256 else {}),
        **({"externalReferences": [{"type": "website", "url": part.home}]} if part.home else {}),
    }


def copyright_page(found: Mapping[str, Part], place: str) -> str:
    """What Debian keeps as /usr/share/doc/tocsin/copyright."""
    rows = [(f"{each.name} {each.version}", each.licence, each.home) for each in found.values()]
    lines = (f"{what:<34} {licence:<28} {home}" for what, licence, home in rows if not what.startswith(SELF))
    return "\n".join([_COPYRIGHT.format(place=place), *(line.rstrip() for line in lines)]) + "\n"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(what: str, place: str, report: str) -> None:
    """Print one of the two."""
    found = parts(Path(place), Path(report))
    if what == "bom":
        made = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
        print(json.dumps(bom(found, made), indent=1))
    else:
        print(copyright_page(found, place[place.index("/opt/") :]), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
