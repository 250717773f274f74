"""SSH: exchange keys, see which host key the server proves to have, and log in. The only user of asyncssh."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, reason
from checks.ssh.spec import SshLogin
from checks.text import visible
from config.secrets import Secret, SecretError, mask

# Those that cost little: a server that chooses the group itself could hold up the loop for seconds.
_EXCHANGES = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group14-sha1",
)
# Nothing of this host's own SSH is used.
_OWN = {"compression_algs": ("none",), "agent_path": None, "gss_auth": False, "gss_kex": False}
_GOODBYE = 1.0  # seconds for the server to part
# The sorts of host keys, each with the names that it is asked for by.
FAMILIES = {
    "ed25519": ("ssh-ed25519",),
    "ecdsa": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "rsa": ("rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """An address that has just been connected to, its name for people, and until when to speak to it."""

    address: str
    port: int
    where: str
    deadline: Deadline


@dataclass(slots=True)
class Met:
    """The fingerprint of the key that the server proved to have, and whether it let us in."""

    fingerprint: str | None = None
    login: bool = False


def families(names: Sequence[str]) -> list[str]:
    """The sorts of host keys among these algorithms."""
    return [family for family, algorithms in FAMILIES.items() if set(algorithms) & set(names)]


async def meet(target: Target, family: str, believed: frozenset[str] | None, auth: SshLogin | None) -> Met:
    """Exchange keys by a host key of this family; with `auth` log in, but only where the key is believed.

    `believed` None believes any. Raises Fault.
    """
    met = Met()
    try:
        async with asyncio.timeout(target.deadline.left):
            # Importing it takes a third of a second, for which the loop must not stand still.
            await asyncio.to_thread(import_module, "asyncssh")
            if auth is None:
                met.fingerprint = await _shown_key(target, FAMILIES[family])
            else:
                await _log_in(target, FAMILIES[family], (believed, auth), met)
    except TimeoutError:
        what = "no key exchange" if met.fingerprint is None else "no answer to the login"
        text = f"{what} with {target.where} within {target.deadline}"
        raise Fault(text, ErrorKind.TIMEOUT) from None
    return met


async def _shown_key(target: Target, algorithms: Sequence[str]) -> str:
    """The fingerprint of the key, which the server has signed the exchange with: copying it is not enough."""
    import asyncssh

    with _faults(target, ""):
        ours = await asyncssh.SSHClientConnectionOptions.construct(**_OWN, username="", client_keys=None)
        key = await asyncssh.get_server_host_key(
            target.address, target.port, options=ours, **_exchange(algorithms)
        )
    assert key is not None  # there is none only for exchanges by GSS
    return key.get_fingerprint("sha256")


async def _log_in(
    target: Target, algorithms: Sequence[str], trust: tuple[frozenset[str] | None, SshLogin], met: Met
) -> None:
    import asyncssh

    believed, auth = trust

    class Client(asyncssh.SSHClient):
        def validate_host_public_key(  # its names and their order are asyncssh's
            self,
            host: str,  # noqa: ARG002
            addr: str,  # noqa: ARG002
            port: int,  # noqa: ARG002
            key: asyncssh.SSHKey,
        ) -> bool:
            met.fingerprint = key.get_fingerprint("sha256")
            return believed is None or met.fingerprint in believed

    with _faults(target, auth.user):
        try:
            connection = await asyncssh.connect(
                target.address,
                target.port,
                client_factory=Client,
                known_hosts=([], [], []),
                login_timeout=target.deadline.whole + 1,  # ours ends first, with the better reason
                **_exchange(algorithms),
                **_OWN,
                **await _proof(auth),
            )
        except asyncssh.HostKeyNotVerifiable:
            if met.fingerprint is None:
                raise
            return  # it is another one, and the caller will say so
    met.login = True
    connection.close()
    try:
        async with asyncio.timeout(_GOODBYE):
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()


def _exchange(algorithms: Sequence[str]) -> dict[str, Any]:
    return {
        "config": None,
        "server_host_key_algs": list(algorithms),
        "kex_algs": _EXCHANGES,
        "client_version": "Tocsin",
    }


@contextmanager
def _faults(target: Target, user: str) -> Iterator[None]:
    import asyncssh

    try:
        yield
    except asyncssh.PermissionDenied:
        raise Fault(f"{target.where} refused the login of {user}", ErrorKind.AUTH) from None
    except asyncssh.Error as error:
        raise _failed(target, error) from None
    except TimeoutError:
        raise
    except OSError as error:
        raise reason(error, target.where) from None


async def _proof(auth: SshLogin) -> dict[str, Any]:
    """What asyncssh is to log in with. Raises Fault when it is of no use."""
    if auth.password is not None:
        ways = ("password", "keyboard-interactive")
        password = _revealed(auth.password)
        return {
            "username": auth.user,
            "password": password,
            "client_keys": None,
            "preferred_auth": ways,
        }
    key = await asyncio.to_thread(_key, auth)
    return {"username": auth.user, "client_keys": [key], "preferred_auth": ("publickey",)}


def _key(auth: SshLogin) -> Any:
    import asyncssh

    passphrase = _revealed(auth.passphrase) if auth.passphrase is not None else None
    path = auth.key or ""
    try:
        return asyncssh.read_private_key(path, passphrase)
    except OSError as error:
        raise Fault(visible(f"cannot read the key {path}: {error.strerror}"), ErrorKind.LOCAL) from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        why = visible(mask(str(error)), 100)
        raise Fault(visible(f"no usable private key in {path}: {why}"), ErrorKind.LOCAL) from None


def _revealed(secret: Secret) -> str:
    try:
        return secret.reveal()
    except SecretError as error:
        raise Fault(str(error), ErrorKind.LOCAL) from None


def _failed(target: Target, error: Exception) -> Fault:
    why = visible(mask(str(error)), 120)
    return Fault(f"SSH with {target.where} failed: {why}", ErrorKind.PROTOCOL)
