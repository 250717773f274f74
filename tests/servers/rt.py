"""Debian's Request Tracker 5 on a free loopback port, with a SQLite database of its own in a temporary directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PATIENCE = 120.0
_LIBRARY = "/usr/share/request-tracker5"
_CONFIG = """\
Set($rtname, 'local');
Set($Organization, 'example.org');
Set($WebDomain, '127.0.0.1');
Set($WebPort, %(port)d);
Set($WebBaseURL, 'http://127.0.0.1:%(port)d');
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '%(directory)s/rt.sqlite');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($DatabaseAdmin, '');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToFile, undef);
Set($LogToSTDERR, 'error');
Set($Timezone, 'UTC');
Set($BcryptCost, 4);
Set($WebSessionClass, 'Apache::Session::File');
$RT::MasonDataDir = '%(directory)s/mason';
$RT::MasonSessionDir = '%(directory)s/session';
$RT::VarPath = '%(directory)s';
1;
"""
# A queue with the field of the key, and one without; the user that we are, a person, and one with fewer rights.
_PEOPLE = """\
use RT -init;
my $field = RT::CustomField->new(RT->SystemUser);
my ($ok, $said) = $field->Create(Name => 'AlertKey', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket');
die $said unless $ok;
my @queues;
for my $name ('Alerts of all', 'Keyless') {
  my $queue = RT::Queue->new(RT->SystemUser);
  ($ok, $said) = $queue->Create(Name => $name);
  die $said unless $ok;
  push @queues, $queue;
}
($ok, $said) = $field->AddToObject($queues[0]);
die $said unless $ok;
for my $name ('tocsin', 'agent-two', 'stranger') {
  my $user = RT::User->new(RT->SystemUser);
  ($ok, $said) = $user->Create(Name => $name, EmailAddress => "$name\\@example.org", Privileged => 1,
    Password => "password of $name");
  die $said unless $ok;
  my @rights = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket CommentOnTicket ReplyToTicket ModifyTicket
                  DeleteTicket OwnTicket SeeCustomField);
  push @rights, 'ModifyCustomField' if $name ne 'stranger';
  for my $place ($name eq 'agent-two' ? (RT->System) : @queues) {
    for my $right (@rights) {
      ($ok, $said) = $user->PrincipalObj->GrantRight(Right => $right, Object => $place);
      die $said unless $ok;
    }
  }
  my $token = RT::AuthToken->new(RT->SystemUser);
  ($ok, $said, my $secret) = $token->Create(Owner => $user->Id, Description => 'tests');
  die $said unless $ok;
  print "$secret\\n";
}
"""


class RequestTracker:
    """One real server with the queues "Alerts of all", whose tickets have a field AlertKey, and "Keyless".

    `bot`, `person` and `stranger` are tokens: ours, Agent Two's, and of one who may not
    change the field of the key."""

    def __init__(self, setup: Path, directory: Path, port: int) -> None:
        self._directory, self._port = directory, port
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare(setup)
        self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """What it answers to Agent Two, or to whoever has the token."""
        request = urllib.request.Request(
            f"{self.url}/REST/2.0{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {token or self.person}", "Content-Type": "application/json"},
        )
        with _DIRECT.open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    def _prepare(self, setup: Path) -> None:
        for name in ("conf.d", "mason", "session"):
            (self._directory / name).mkdir(parents=True)
        facts = {"port": self._port, "directory": self._directory}
        (self._directory / "RT_SiteConfig.pm").write_text(_CONFIG % facts, encoding="utf-8")
        (self._directory / "conf.d" / "00.pm").write_text("1;\n", encoding="utf-8")
        self._run(str(setup), "--action", "init", "--dba", "", "--dba-password", "", "--skip-create")
        said = self._run("perl", f"-I{_LIBRARY}/lib", "-e", _PEOPLE)
        self.bot, self.person, self.stranger = said.split()[-3:]

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def _environment(self) -> dict[str, str]:
        directory = self._directory
        own = {
            "RT_SITE_CONFIG": str(directory / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(directory / "conf.d"),
        }
        return {**os.environ, **own}

    def _start(self) -> None:
        command = ["perl", f"{_LIBRARY}/libexec/rt-server", "--server", "Starlet", "--host", "127.0.0.1"]
        command += ["--port", str(self._port), "--max-workers", "2"]
        with (self._directory / "rt.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=self._environment, start_new_session=True
            )
        until = time.monotonic() + _PATIENCE
        while not self._is_ready():
            assert time.monotonic() < until, "no Request Tracker"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "rt.log").read_text(encoding="utf-8")
        try:
            self.ask("GET", "/rt")
        except OSError:
            return False
        return True
