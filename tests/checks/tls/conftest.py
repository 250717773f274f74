"""What the tests of TLS share: a house of certificates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checks.tls.authorities import Certified, Wish, authority, issued


@dataclass(frozen=True, slots=True)
class House:
    """A root, an intermediate, the file of the root, and a directory to write in."""

    root: Certified
    middle: Certified
    ca: str
    directory: Path

    def leaf(self, *names: str, **wishes: Any) -> Certified:
        return issued(Wish(names or ("127.0.0.1",), **wishes), self.middle)


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    directory, root = tmp_path_factory.mktemp("tls"), authority()
    (directory / "ca.pem").write_bytes(root.pem)
    return House(root, authority("Test Middle", root), str(directory / "ca.pem"), directory)
