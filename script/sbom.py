#!/usr/bin/env python3
"""Prints what an environment is made of, as CycloneDX JSON: script/sbom.py SITE_PACKAGES LOCK."""

import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)[^\n]*((?:\n    --hash=\S+[^\n]*)*)", re.MULTILINE)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(place: str, lock: str) -> None:
    pinned = PIN.findall(Path(lock).read_text(encoding="utf-8"))
    hashes = {canonical(name): re.findall(r"sha256:(\w+)", pins) for name, _, pins in pinned}
    found = {canonical(each.metadata["Name"]): each for each in distributions(path=[place])}
    components = []
    for name, each in sorted(found.items()):
        said = each.metadata.get("License-Expression") or each.metadata.get("License") or ""
        lines = each.metadata.get_all("Classifier") or ()
        classified = [line.rpartition(" :: ")[2] for line in lines if "License" in line]
        licence = said if 0 < len(said) < 80 and "\n" not in said else "; ".join(classified) or "unknown"
        component = {
            "type": "library",
            "name": name,
            "version": each.version,
            "purl": f"pkg:pypi/{name}@{each.version}",
            "licenses": [{"license": {"name": licence}}],
        }
        if hashes.get(name):
            component["properties"] = [
                {"name": "lock:sha256", "value": value} for value in sorted(hashes[name])
            ]
        components.append(component)
    ours = next(each for each in components if each["name"] == "tocsin")
    components.remove(ours)
    ours["type"] = "application"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": ours},
        "components": components,
    }
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")


main(*sys.argv[1:])
