"""SSH against a real OpenSSH, and against servers that behave badly."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import uvloop
from pydantic import ValidationError

from checks.base import ErrorKind, Observation
from checks.ssh import SshSpec
from checks.ssh.offer import Offer, Version
from checks.ssh.weak import TERRAPIN, weak
from tests.checks.listeners import Serve, hangs_up, listening, says, stays_silent
from tests.checks.looks import against, look_at, seen_at
from tests.checks.ssh.conftest import Sshd, Start, make_key

OTHER = "SHA256:" + "A" * 43


def looked(sshd: Sshd, *, memo: Any = None, asked: tuple[str, ...] = (), **options: Any) -> Observation:
    return asyncio.run(look_at("ssh", {"port": sshd.port, **options}, memo=memo, asked=asked))


def test_greeting_and_algorithms_without_a_login(sshd: Sshd) -> None:
    seen = looked(sshd)
    assert (seen.failure, seen.blind) == (None, None)
    assert str(seen.values["banner"]).startswith("SSH-2.0-OpenSSH_")
    assert str(seen.values["software"]).startswith("OpenSSH_")
    assert seen.values["protocol"] == "2.0"
    assert "curve25519-sha256" in str(seen.values["kex"]).split(", ")
    assert set(str(seen.values["host_keys"]).split(", ")) == {"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"}
    assert "chacha20-poly1305" in str(seen.values["ciphers"]).split(", ")
    assert seen.values["weak_count"] == 0
    assert "host_key" not in seen.values
    assert set(seen.phases) == {"resolve", "connect", "greeting"}


def test_weak_algorithms_are_named(start: Start, tmp_path: Path, free_port: Callable[[], int]) -> None:
    more = ["KexAlgorithms=+diffie-hellman-group1-sha1", "Ciphers=+aes128-cbc", "MACs=+hmac-md5"]
    with start(tmp_path, free_port(), "ed25519", options=more) as sshd:
        seen = looked(sshd)
    assert seen.values["weak"] == "diffie-hellman-group1-sha1, aes128-cbc, hmac-md5"
    assert seen.values["weak_count"] == 3


def test_host_key_is_shown_where_a_condition_asks_for_it(sshd: Sshd) -> None:
    seen = looked(sshd, asked=("host_key",))
    assert (seen.failure, seen.values["host_key"]) == (None, sshd.fingerprint("ed25519"))


@pytest.mark.parametrize("sort", ["ed25519", "rsa"])
def test_right_host_key_of_any_sort_is_found(sshd: Sshd, sort: str) -> None:
    seen = looked(sshd, host_key=[OTHER, sshd.fingerprint(sort)])
    assert (seen.failure, seen.values["host_key"]) == (None, sshd.fingerprint(sort))


def test_other_host_key_is_down_and_nobody_logs_in(sshd: Sshd, user: str) -> None:
    seen = looked(sshd, host_key=OTHER, auth={"user": user, "key": str(sshd.home / "user")})
    assert (seen.error_kind, seen.values["login"]) == (ErrorKind.TLS, False)
    assert str(seen.failure).endswith(", which is none of those in host_key")


def test_login_with_a_key(sshd: Sshd, user: str) -> None:
    seen = looked(sshd, host_key=sshd.fingerprint("rsa"), auth={"user": user, "key": str(sshd.home / "user")})
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert seen.values["host_key"] == sshd.fingerprint("rsa")
    assert "key_exchange" in seen.phases


def test_login_with_a_key_that_has_a_passphrase(sshd: Sshd, user: str, tmp_path: Path) -> None:
    key = make_key(tmp_path / "locked", "ed25519", "open sesame")
    with (sshd.home / "authorized").open("a") as authorized:
        authorized.write(key.with_suffix(".pub").read_text())
    auth = {"user": user, "key": str(key), "passphrase": "open sesame"}
    assert looked(sshd, auth=auth).values["login"] is True
    seen = looked(sshd, auth={**auth, "passphrase": "shut barley"})
    assert (seen.failure, seen.error_kind) == (None, ErrorKind.LOCAL)
    assert "no usable private key in" in str(seen.blind)


@pytest.mark.parametrize("way", ["password", "key"])
def test_login_that_is_refused_is_told_apart_from_an_outage(
    sshd: Sshd, user: str, tmp_path: Path, way: str
) -> None:
    proof = "wrong one" if way == "password" else str(make_key(tmp_path / "stranger", "ed25519"))
    seen = looked(sshd, auth={"user": user, way: proof})
    assert (seen.error_kind, seen.values["login"]) == (ErrorKind.AUTH, False)
    assert str(seen.failure) == f"127.0.0.1:{sshd.port} refused the login of {user}"


def test_key_file_that_cannot_be_read_is_our_fault(sshd: Sshd, tmp_path: Path) -> None:
    seen = looked(sshd, auth={"user": "joe", "key": str(tmp_path / "none")})
    assert (seen.failure, seen.error_kind) == (None, ErrorKind.LOCAL)


def test_host_key_that_changed_is_noticed_from_look_to_look(
    start: Start, tmp_path: Path, free_port: Callable[[], int], user: str
) -> None:
    port, auth = free_port(), {"user": user, "key": str(tmp_path / "user")}
    with start(tmp_path, port, "ed25519") as sshd:
        first = looked(sshd, auth=auth)
        old = sshd.fingerprint("ed25519")
    assert (first.failure, first.memo["host_key"]) == (None, old)
    (tmp_path / "host_ed25519").unlink()
    with start(tmp_path, port, "ed25519") as sshd:
        second = looked(sshd, auth=auth, memo=first.memo)
        new = sshd.fingerprint("ed25519")
        third = looked(sshd, auth=auth, memo=second.memo, host_key=new)
    assert (second.error_kind, second.values["login"], second.memo) == (ErrorKind.TLS, False, first.memo)
    assert f"changed from {old} to {new} (if that is right: host_key: {new})" in str(second.failure)
    assert (third.failure, third.values["login"]) == (None, True)


@pytest.mark.parametrize("memo", [0, "x", [], {}, {"host_key": 1, "family": []}], ids=repr)
def test_no_memo_breaks_a_look(sshd: Sshd, memo: Any) -> None:
    seen = looked(sshd, memo=memo, asked=("host_key",))
    assert (seen.failure, seen.values["host_key"]) == (None, sshd.fingerprint("ed25519"))


def packet(payload: bytes) -> bytes:
    return struct.pack(">IB", len(payload) + 5, 4) + payload + b"\0" * 4


def kexinit(*lists: str) -> bytes:
    whole = (*lists, *[""] * (10 - len(lists)))
    return b"\x14" + b"c" * 16 + b"".join(struct.pack(">I", len(x)) + x.encode() for x in whole) + b"\0" * 5


GREETING = b"SSH-2.0-Test_1 a comment\r\n"
CIPHER, MAC = ("aes256-ctr", "aes256-ctr"), ("hmac-sha2-256", "hmac-sha2-256")
OFFER = packet(kexinit("curve25519-sha256", "ssh-ed25519", *CIPHER, *MAC, "none", "none"))
HOSTILE: list[tuple[str, Serve, ErrorKind, str]] = [
    ("closes", hangs_up, ErrorKind.PROTOCOL, "closed the connection instead of giving the greeting"),
    ("silent", stays_silent, ErrorKind.TIMEOUT, "no greeting from 127.0.0.1"),
    ("another protocol", says(b"220 ESMTP\r\n" * 100), ErrorKind.PROTOCOL, "no SSH greeting"),
    ("no version", says(b"SSH-two\r\n"), ErrorKind.PROTOCOL, "got: SSH-two"),
    ("old version", says(b"SSH-1.5-old\r\n"), ErrorKind.PROTOCOL, "speaks only version 1.5 of SSH"),
    ("long version", says(b"SSH-2.0-" + b"x" * 300 + b"\r\n"), ErrorKind.PROTOCOL, "no SSH greeting"),
    ("endless line", says(b"SSH-2.0-" + b"x" * 100_000), ErrorKind.PROTOCOL, "a line of more than 8KiB"),
    ("greets and no more", says(GREETING), ErrorKind.TIMEOUT, "no list of algorithms"),
    ("no packet", says(GREETING + b"hello, world"), ErrorKind.PROTOCOL, "sent no SSH packet"),
    ("huge packet", says(GREETING + b"\xff" * 100), ErrorKind.PROTOCOL, "sent no SSH packet"),
    (
        "says why it goes",
        says(GREETING + packet(b"\1\0\0\0\2\0\0\0\4busy")),
        ErrorKind.STATUS,
        "refused service: busy",
    ),
    (
        "lists cut off",
        says(GREETING + packet(b"\x14" + b"c" * 16 + b"\xff" * 8)),
        ErrorKind.PROTOCOL,
        "a list of algorithms that is cut off",
    ),
    (
        "something else first",
        says(GREETING + packet(b"\x15")),
        ErrorKind.PROTOCOL,
        "does not begin a key exchange",
    ),
    ("ignores for ever", says(GREETING + packet(b"\2x") * 50), ErrorKind.PROTOCOL, "does not begin"),
]


@pytest.mark.parametrize(
    ("serve", "kind", "text"), [case[1:] for case in HOSTILE], ids=[x[0] for x in HOSTILE]
)
def test_each_fault_has_its_own_reason(serve: Serve, kind: ErrorKind, text: str) -> None:
    seen = against("ssh", serve, timeout=1 if kind is ErrorKind.TIMEOUT else 20)
    assert text in str(seen.failure)
    assert seen.error_kind is kind


def test_server_that_is_full_says_so_in_its_own_words() -> None:
    async def full(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Exceeded MaxStartups\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    seen = against("ssh", full)
    assert seen.error_kind is ErrorKind.STATUS
    assert str(seen.failure).endswith("refused service: Exceeded MaxStartups")


def test_words_before_the_greeting_are_passed_over() -> None:
    seen = against("ssh", says(b"be nice\r\n" + GREETING + packet(b"\2x") + OFFER))
    assert (seen.failure, seen.values["software"]) == (None, "Test_1")
    assert (seen.values["ciphers"], seen.values["weak"]) == ("aes256-ctr", None)


def test_key_exchange_that_goes_wrong_ends_with_a_reason() -> None:
    seen = against("ssh", says(GREETING + OFFER + packet(b"\x1f" + b"garbage")), host_key=OTHER, timeout=20)
    assert seen.error_kind is ErrorKind.PROTOCOL
    assert str(seen.failure).startswith("SSH with 127.0.0.1:")


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_key_exchange_that_never_ends_is_given_up_and_leaves_nothing_open(run: Callable[..., Any]) -> None:
    async def looks() -> tuple[list[Observation], int]:
        async with listening(says(GREETING + OFFER)) as port:
            options = {"port": port, "host_key": OTHER}
            seen = [await look_at("ssh", options, timeout=1) for _ in range(3)]
            return seen, sum("asyncssh" in repr(task) for task in asyncio.all_tasks())

    seen, left = run(looks())
    assert {each.error_kind for each in seen} == {ErrorKind.TIMEOUT}
    assert str(seen[0].failure).startswith("no key exchange with 127.0.0.1:")
    assert left == 0


def test_key_that_is_shown_but_not_proved_is_not_believed(user: str) -> None:
    right = asyncssh.generate_private_key("ssh-ed25519")
    for options in ({"host_key": right.get_fingerprint("sha256")}, {"auth": {"user": user, "password": "x"}}):
        seen = at_impostor(right.public_data, **options)
        assert seen.error_kind is ErrorKind.PROTOCOL
        assert "Key exchange hash mismatch" in str(seen.failure)
        assert seen.memo is None


def test_key_that_cannot_be_read_is_down_even_where_any_is_believed(user: str) -> None:
    seen = at_impostor(b"no key at all", auth={"user": user, "password": "x"})
    assert seen.error_kind is ErrorKind.PROTOCOL
    assert (seen.values["login"], seen.memo) == (False, None)


def at_impostor(shown: bytes, **options: Any) -> Observation:
    """One look at a server that shows a key which it has not got."""

    async def run() -> Observation:
        (pair,) = asyncssh.load_keypairs(asyncssh.generate_private_key("ssh-ed25519"))
        pair.public_data = shown
        async with asyncssh.listen("127.0.0.1", 0, server_host_keys=[pair]) as server:
            return await look_at("ssh", {"port": server.get_port(), **options}, timeout=20)

    return asyncio.run(run())


def test_server_that_offers_nothing_is_down() -> None:
    seen = against("ssh", says(GREETING + packet(b"\x14" + bytes(16 + 10 * 4 + 5))), timeout=20)
    assert (seen.error_kind, "offers no algorithms" in str(seen.failure)) == (ErrorKind.PROTOCOL, True)


def test_name_that_does_not_resolve_is_down() -> None:
    seen = seen_at("ssh", 22, host="no-such-host.invalid")
    assert (seen.blind is None, seen.error_kind) in ((True, ErrorKind.DNS), (False, ErrorKind.LOCAL))


def offer(**lists: tuple[str, ...]) -> Offer:
    good = {
        "kex": ("curve25519-sha256", "kex-strict-s-v00@openssh.com"),
        "host_keys": ("ssh-ed25519",),
        "ciphers": ("chacha20-poly1305@openssh.com",),
        "macs": ("hmac-sha2-256-etm@openssh.com",),
    }
    return Offer(**{**good, **lists})


@pytest.mark.parametrize(
    ("lists", "wrong"),
    [
        ({}, ()),
        ({"kex": ("curve25519-sha256",)}, (TERRAPIN,)),
        ({"kex": ("ecdh-sha2-nistp256",), "ciphers": ("aes256-gcm@openssh.com",)}, ()),
        ({"host_keys": ("ssh-rsa", "ssh-dss", "rsa-sha2-256")}, ("ssh-rsa", "ssh-dss")),
        ({"macs": ("hmac-sha1-96", "hmac-sha1", "none")}, ("hmac-sha1-96", "none")),
    ],
)
def test_what_should_be_switched_off_is_known(
    lists: dict[str, tuple[str, ...]], wrong: tuple[str, ...]
) -> None:
    assert weak(Version("", "2.0", ""), offer(**lists)) == wrong


def test_old_protocol_beside_the_new_one_is_weak() -> None:
    assert weak(Version("", "1.99", ""), offer()) == ("SSH protocol 1",)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"host": "joe@h"}, "write the name alone"),
        ({"auth": {"key": "/x"}}, "user"),
        ({"auth": {"user": "joe"}}, "either password: or key:"),
        ({"auth": {"user": "joe", "password": "x", "key": "/x"}}, "either password: or key:"),
        ({"auth": {"user": "joe", "password": "x", "passphrase": "y"}}, "goes with key:"),
        ({"auth": {"user": "joe", "key": "key"}}, "expected a path from the root"),
        ({"host_key": "MD5:00:11"}, "expected a fingerprint like SHA256:"),
        ({"host_key": []}, "at least 1"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        SshSpec.model_validate({"host": "h", **options})
