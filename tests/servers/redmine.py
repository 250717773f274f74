"""Debian's Redmine on a free loopback port, with a SQLite database of its own in a temporary directory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PATIENCE = 120.0
_HOME = Path("/usr/share/redmine")
# The empty database that the package's own set-up made: making one takes half a minute.
_SEED = Path("/var/lib/dbconfig-common/sqlite3/redmine/instances/default/redmine_default")
_DATABASE = "production: {{adapter: sqlite3, database: {directory}/redmine.sqlite, timeout: 10000}}\n"
# The field of the key; a user that we are and a person, both managers; one that may do little; and one with no role.
_PEOPLE = """\
Redmine::DefaultData::Loader.load("en") if Redmine::DefaultData::Loader.no_data?
Setting.rest_api_enabled = "1"
Setting.notified_events = []
IssueCustomField.create!(name: "AlertKey", field_format: "string", is_for_all: true, is_filter: true,
                         trackers: Tracker.all)
Role.create!(name: "Outsider", permissions: [:view_issues, :add_issues])
keys = {"admin" => nil, "tocsin" => nil, "two" => nil, "little" => nil, "stranger" => nil}.map do |login, _|
  user = User.find_by_login(login) || User.new(firstname: "Agent", lastname: login.capitalize,
                                               mail: "#{login}@example.org", admin: false)
  user.login = login
  user.must_change_passwd = false
  user.save!(validate: false)
  Token.where(user_id: user.id, action: "api").delete_all
  [login, [user.id, Token.create!(user: user, action: "api").value]]
end
roles = Role.givable.map { |role| [role.name, role.id] }
File.write(ENV["FACTS"], {people: keys.to_h, roles: roles.to_h, field: IssueCustomField.first.id}.to_json)
"""


class Redmine:
    """One real server.

    `keys` are API keys: of `admin`, `tocsin` (we), `two` (a person), `little` (may see and add issues), and `stranger`
    (who has no role).
    """

    def __init__(self, puma: Path, directory: Path) -> None:
        self._puma, self._directory, self._port = puma, directory, _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._projects = 0
        self._prepare()
        self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def new_project(self, *, public: bool = True) -> str:
        """The identifier of an empty project."""
        self._projects += 1
        name = f"alerts-{self._projects}"
        project = {
            "name": name,
            "identifier": name,
            "is_public": public,
            "enabled_module_names": ["issue_tracking"],
            "tracker_ids": [1, 2, 3],
        }
        self.ask("POST", "/projects.json", {"project": project})
        for who, role in (("tocsin", "Manager"), ("two", "Manager"), ("little", "Outsider")):
            member = {"user_id": self.users[who], "role_ids": [self._roles[role]]}
            self.ask("POST", f"/projects/{name}/memberships.json", {"membership": member})
        return name

    def ask(self, method: str, path: str, body: object = None, who: str = "admin") -> Any:
        """What it answers to somebody."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Redmine-API-Key": self.keys[who], "Content-Type": "application/json"},
        )
        with _DIRECT.open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    def formatting(self, name: str) -> None:
        """Sets how texts are read: `textile`, `common_mark`. A server reads its settings anew with each request."""
        with closing(sqlite3.connect(self._directory / "redmine.sqlite", timeout=30)) as database, database:
            database.execute("DELETE FROM settings WHERE name = 'text_formatting'")
            moment = "strftime('%Y-%m-%d %H:%M:%S.999999', 'now', '+1 second')"
            insert = f"INSERT INTO settings (name, value, updated_on) VALUES ('text_formatting', ?, {moment})"
            database.execute(insert, (name,))

    def page(self, path: str) -> str:
        """A page as a person sees it."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"X-Redmine-API-Key": self.keys["two"]})
        with _DIRECT.open(request, timeout=60) as answer:
            return str(answer.read().decode())

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def _prepare(self) -> None:
        for name in ("config", "log", "tmp/cache", "files", "public"):
            (self._directory / name).mkdir(parents=True)
        database = _DATABASE.format(directory=self._directory)
        (self._directory / "config" / "database.yml").write_text(database, encoding="utf-8")
        (self._directory / "config" / "secret_key.txt").write_text("0" * 64, encoding="utf-8")
        if os.access(_SEED, os.R_OK):
            shutil.copy(_SEED, self._directory / "redmine.sqlite")
        else:
            self._run("bin/rake", "db:migrate")
        self._run("bin/rails", "runner", _PEOPLE)
        facts = json.loads((self._directory / "facts").read_text(encoding="utf-8"))
        self.users = {name: pair[0] for name, pair in facts["people"].items()}
        self.keys = {name: pair[1] for name, pair in facts["people"].items()}
        self._roles, self.field = facts["roles"], facts["field"]

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            ["ruby", *command],
            cwd=_HOME,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def _environment(self) -> dict[str, str]:
        own = {
            "RAILS_ENV": "production",
            "RAILS_LOG_LEVEL": "error",
            "LANG": "C.UTF-8",
            "BUNDLE_GEMFILE": str(_HOME / "Gemfile"),
            "BUNDLER_VERSION": "2.3.15",
            "HOME": str(self._directory),
            # Joined to its own folder of instances: so far up, and then down to ours.
            "REDMINE_INSTANCE": f"../../../../../..{self._directory}",
            "SCHEMA": "/dev/null",
            "FACTS": str(self._directory / "facts"),
        }
        return {**os.environ, **own}

    def _start(self) -> None:
        bind = f"tcp://127.0.0.1:{self._port}"
        command = [str(self._puma), "-q", "-e", "production", "-t", "2:4", "-b", bind, "config.ru"]
        with (self._directory / "log" / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=_HOME, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )
        until = time.monotonic() + _PATIENCE
        while not self._is_ready():
            assert time.monotonic() < until, "no Redmine"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        assert self._process is not None
        log = self._directory / "log" / "server.log"
        assert self._process.poll() is None, log.read_text(encoding="utf-8")
        try:
            self.ask("GET", "/users/current.json")
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
