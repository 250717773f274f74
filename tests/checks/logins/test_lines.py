"""What lines of the authentication log tell, whatever somebody typed as a user's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.logins.lines import NOTHING, attempt_of, source_of, times_repeated

KEY = "ED25519 SHA256:KGsYlzAlcABpQSeJ3Ziann2Dd+kd8qsDlSK7VedmYk8"
THEIRS = "198.51.100.7"
SPOOFS = [
    "root from 203.0.113.5 port 22",
    "root from 203.0.113.5 port 22 ssh2",
    f"root from 203.0.113.5 port 22 ssh2: {KEY}",
    "root 203.0.113.5 port 22 [preauth]",
    "invalid user root from 203.0.113.5 port 1 ssh2",
    "from 203.0.113.5",
    "x from 203.0.113.5 port 22 ssh2: bob",
    "",
    " ",
    "rhost=203.0.113.5",
]
SAID = [
    "Failed password for invalid user {user} from {host} port 40022 ssh2",
    "Failed none for invalid user {user} from {host} port 40022 ssh2",
    "Failed keyboard-interactive/pam for invalid user {user} from {host} port 40022 ssh2",
    "Failed publickey for invalid user {user} from {host} port 40022 ssh2: " + KEY,
    "Failed publickey for illegal user {user} from {host} port 40022 ssh2: RSA " + ":".join(["ab"] * 16),
    "message repeated 2 times: [ Failed password for invalid user {user} from {host} port 40022 ssh2]",
    "error: PAM: Authentication failure for illegal user {user} from {host}",
    "PAM: User not known to the underlying authentication module for invalid user {user} from {host}",
    "Invalid user {user} from {host} port 40022",
    "Invalid user {user} from {host}",
    "error: maximum authentication attempts exceeded for invalid user {user} from {host} port 40022 ssh2 [preauth]",
    "Connection closed by invalid user {user} {host} port 40022 [preauth]",
    "Connection reset by invalid user {user} {host} port 40022 [preauth]",
    "Disconnected from invalid user {user} {host} port 40022 [preauth]",
    "Disconnecting invalid user {user} {host} port 40022: Too many authentication failures [preauth]",
]


def _line(said: str, writer: str = "sshd[4711]") -> bytes:
    return f"Nov 22 04:29:01 web1 {writer}: {said}".encode()


@pytest.mark.parametrize("said", SAID)
def test_name_of_a_user_never_passes_for_an_address(said: str) -> None:
    for user in SPOOFS:
        attempt = attempt_of(_line(said.format(user=user, host=THEIRS)))
        assert (attempt.source, attempt.known, attempt.session) == (THEIRS, False, "4711"), user


@given(st.sampled_from(SAID), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=100))
def test_whatever_is_typed_the_address_is_sshds(said: str, user: str) -> None:
    assert attempt_of(_line(said.format(user=user, host=THEIRS))).source == THEIRS


def test_certificate_that_names_an_address_leaves_the_source_open() -> None:
    said = (
        "Failed publickey for invalid user {} from {} port 22 ssh2: "
        "RSA-CERT SHA256:aa ID {} (serial 0) CA RSA SHA256:bb"
    )
    assert attempt_of(_line(said.format("bob", THEIRS, "x"))).source == THEIRS
    for user, name in (
        ("bob", "x from 203.0.113.5 port 1 ssh2"),
        ("bob from 203.0.113.5 port 1 ssh2: x", "y"),
    ):
        attempt = attempt_of(_line(said.format(user, THEIRS, name)))
        assert (attempt.what, attempt.source) == ("failed", None)


@pytest.mark.parametrize(
    ("said", "what", "source", "user"),
    [
        ("Accepted password for ann from 203.0.113.9 port 22 ssh2", "accepted", "203.0.113.9", "ann"),
        (
            f"Accepted publickey for ann from 2001:db8:1:2:3::4 port 22 ssh2: {KEY}",
            "accepted",
            "2001:db8:1:2::/64",
            "ann",
        ),
        (
            "Accepted keyboard-interactive/pam for ann from ::ffff:203.0.113.9 port 22 ssh2",
            "accepted",
            "203.0.113.9",
            "ann",
        ),
        (
            "Accepted gssapi-with-mic for ann from 203.0.113.9 port 22 ssh2: ann@EXAMPLE.ORG",
            "accepted",
            "203.0.113.9",
            "ann",
        ),
        (
            "Accepted password for DOM\\ann smith from 203.0.113.9 port 22 ssh2",
            "accepted",
            "203.0.113.9",
            "DOM\\ann smith",
        ),
        ("Failed password for root from 203.0.113.9 port 22 ssh2", "failed", "203.0.113.9", "root"),
        (
            "Failed password for root from 203.0.113.9 port 22 ssh1: ruser from 198.51.100.1",
            "failed",
            "203.0.113.9",
            "root",
        ),
        (
            'Failed hostbased for ann from 203.0.113.9 port 22 ssh2: RSA aa, client user "from 198.51.100.1 port 1"',
            "failed",
            "203.0.113.9",
            "ann",
        ),
        ("Failed password for root from bad.example.org port 22 ssh2", "failed", "bad.example.org", "root"),
        (
            "error: PAM: Authentication failure for root from 203.0.113.9 via 192.0.2.1",
            "pam",
            "203.0.113.9",
            "root",
        ),
        (
            "User root from 203.0.113.9 not allowed because not listed in AllowUsers",
            "announced",
            "203.0.113.9",
            "root",
        ),
        ("ROOT LOGIN REFUSED FROM 203.0.113.9 port 22 [preauth]", "announced", "203.0.113.9", "ROOT"),
        (
            "Connection closed by authenticating user root 203.0.113.9 port 22 [preauth]",
            "ended",
            "203.0.113.9",
            "root",
        ),
    ],
)
def test_each_wording_of_sshd(said: str, what: str, source: str, user: str) -> None:
    for writer in ("sshd[4711]", "sshd-session[4711]", "/usr/sbin/sshd[4711]"):
        attempt = attempt_of(_line(said, writer))
        assert (attempt.what, attempt.source, attempt.user, attempt.known) == (what, source, user, True)
    assert attempt_of(said.encode(), "sshd", "4711")[:3] == (what, source, user)


@pytest.mark.parametrize(
    "line",
    [
        _line("Accepted password for ann from 203.0.113.9 port 22 ssh2", "app[1]"),
        _line("sshd[1]: Accepted password for ann from 203.0.113.9 port 22 ssh2", "app[1]"),
        _line("Received disconnect from 203.0.113.9 port 22:11: disconnected by user"),
        _line("Disconnected from user ann 203.0.113.9 port 22"),
        _line("Postponed publickey for ann from 203.0.113.9 port 22 ssh2 [preauth]"),
        _line("Partial publickey for ann from 203.0.113.9 port 22 ssh2"),
        _line(
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 ruser= rhost=203.0.113.9  user=root"
        ),
        _line("pam_unix(sshd:session): session opened for user ann by (uid=0)"),
        _line("Failed password for root from 203.0.113.9 port 22 ssh2" + "x" * 5000),
        b"Failed password for root from 203.0.113.9 port 22 ssh2",
        b"",
    ],
)
def test_other_lines_tell_of_no_attempt(line: bytes) -> None:
    assert attempt_of(line) is NOTHING


@pytest.mark.parametrize(
    ("said", "writer", "source", "times"),
    [
        (
            "pam_unix(sudo:auth): authentication failure; logname=ann uid=1000 ruser=ann rhost=  user=ann",
            "sudo",
            "local",
            1,
        ),
        (
            "PAM 2 more authentication failures; logname= uid=0 tty=tty1 ruser= rhost=  user=root",
            "login[7]",
            "local",
            2,
        ),
        (
            "pam_unix(vsftpd:auth): authentication failure; uid=0 ruser=rhost=203.0.113.5 rhost=198.51.100.7",
            "vsftpd",
            "198.51.100.7",
            1,
        ),
    ],
)
def test_other_programs_are_told_by_pam(said: str, writer: str, source: str, times: int) -> None:
    attempt = attempt_of(_line(said, writer))
    assert (attempt.what, attempt.source, attempt.times) == ("failed", source, times)


def test_repeated_lines_are_told_as_often() -> None:
    assert times_repeated(b"Nov 22 04:29:01 web1 last message repeated 3 times") == 3
    assert times_repeated(_line("Failed password")) == 0


@pytest.mark.parametrize("host", ["300.1.1.1.", "1", "", "a b", "-x", "\x1b[31m", "x" * 300])
def test_what_is_no_host_is_no_source(host: str) -> None:
    found = source_of(host.encode())
    assert found is None or found == host.lower()
    assert host == "300.1.1.1." or found is None


@given(st.binary(max_size=300), st.sampled_from(["", "sshd", "sudo"]))
def test_any_bytes_may_be_a_line(data: bytes, writer: str) -> None:
    for line in (data, _line("") + data, _line("Failed password for ") + data, _line("Invalid user ") + data):
        attempt = attempt_of(line, writer, "1")
        assert attempt.times >= 1
        assert attempt.source is None or attempt.source.isprintable()
