"""A real Dovecot on free ports of loopback, for IMAP and POP3, with the mailboxes in a directory of its own."""

from __future__ import annotations

import contextlib
import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.checks.looks import AUTH, AUTHORITY

_AS_ROOT = os.geteuid() == 0
_CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap pop3
listen = {address}
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = {uid}
first_valid_gid = 0
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = {only_tls}
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and where its mail lies."""

    home: Path
    address: str
    imap: int
    imaps: int
    pop3: int
    pop3s: int

    def deliver(self, mail: bytes, user: str = AUTH["user"]) -> None:
        """Put a mail into the INBOX, as a delivery agent does: written aside, then moved into its place."""
        for part in ("", "cur", "new", "tmp"):
            (self.home / "mail" / user / part).mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns()}.{os.getpid()}.here"
        aside = self.home / "mail" / user / "tmp" / name
        aside.write_bytes(mail.replace(b"\r\n", b"\n"))
        _own(self.home / "mail")
        aside.rename(self.home / "mail" / user / "new" / name)

    def mails(self, user: str = AUTH["user"]) -> list[bytes]:
        """What lies in the INBOX."""
        found = (self.home / "mail" / user).glob("*/*.here*")
        return [path.read_bytes() for path in found]


@contextlib.contextmanager
def dovecot(program: Path, ports: tuple[int, int, int, int], *, only_tls: bool = False) -> Iterator[Dovecot]:
    """Dovecot running until the end of the block; `only_tls`: no password without TLS."""
    # Its processes run as users of their own, who must come to this directory.
    home = Path(tempfile.mkdtemp(prefix="dovecot-"))
    home.chmod(0o755)
    # A client with the server's own address is trusted, so the strict one has another.
    running = Dovecot(home, "127.0.0.2" if only_tls else "127.0.0.1", *ports)
    leaf = AUTHORITY.issue_cert(running.address)
    leaf.private_key_pem.write_to_path(str(home / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(home / "cert.pem"))
    (home / "users").write_text(f"{AUTH['user']}:{AUTH['password']}\n")
    (home / "mail").mkdir()
    _own(home / "mail")
    (home / "dovecot.conf").write_text(_config(running, only_tls=only_tls))
    process = subprocess.Popen(
        [program, "-F", "-c", home / "dovecot.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        for port in ports:
            _answers(process, (running.address, port))
        yield running
    finally:
        process.terminate()
        process.communicate(timeout=20)
        shutil.rmtree(home)


def _config(running: Dovecot, *, only_tls: bool) -> str:
    uid, gid = _mail_owner()
    mine = (getpass.getuser(), grp.getgrgid(os.getegid()).gr_name, getpass.getuser())
    internal, group, login = ("dovecot", "dovecot", "dovenull") if _AS_ROOT else mine
    return _CONFIG.format(
        home=running.home,
        address=running.address,
        internal=internal,
        group=group,
        login=login,
        uid=uid,
        gid=gid,
        only_tls="yes" if only_tls else "no",
        imap=running.imap,
        imaps=running.imaps,
        pop3=running.pop3,
        pop3s=running.pop3s,
    )


def _mail_owner() -> tuple[int, int]:
    """Dovecot gives no mailbox to root."""
    if not _AS_ROOT:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _own(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            os.chown(path, *_mail_owner())


def _answers(process: subprocess.Popen[bytes], place: tuple[str, int]) -> None:
    """Wait until the port is listened at."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise AssertionError(f"dovecot ended: {process.stderr.read().decode()}")  # type: ignore[union-attr]
        with contextlib.suppress(OSError), socket.create_connection(place, 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at {place}")
