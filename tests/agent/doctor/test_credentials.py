"""What the unit's files load is read as systemd reads it; each name of the configuration is found there or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor.looks.credentials import judged
from agent.doctor.unit import credentials

UNIT = """\
# /etc/systemd/system/tocsin.service
[Service]
# LoadCredential=no:/etc/no
LoadCredential=jira:/etc/tocsin/jira
LoadCredential=stored
SetCredential=site:a:b
LoadCredentialEncrypted=mail:/etc/tocsin/mail.cred
ImportCredential=tocsin.*
"""


def test_what_the_files_of_the_unit_load() -> None:
    assert credentials(UNIT) == {
        "jira": "/etc/tocsin/jira", "stored": "", "site": "a:b", "mail": "/etc/tocsin/mail.cred", "tocsin.*": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "state", "text"),
    [
        ("jira", "fail", "which is not there"),
        ("dir_token", "warn", "from its next start on"),
        ("stored", "warn", "from its next start on"),
        ("tocsin.mail", "warn", "from its next start on"),
        ("other", "fail", "the unit does not load it"),
    ],
)
def test_each_name_is_looked_for(name: str, state: str, text: str, tmp_path: Path) -> None:
    loaded = {"jira": f"{tmp_path}/gone", "dir": f"{tmp_path}", "stored": "", "tocsin.*": ""}
    found = judged(name, loaded)
    assert (found.what, found.state) == (name, state) and text in found.text
