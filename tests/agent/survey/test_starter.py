"""From a host to a first configuration: it is right for the host, and valid whatever is found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.survey import answers as taken
from agent.survey.answers import Answers, Unfit
from agent.survey.found import Binding, FileSystem, Host, Listener, WebServer, fit_to_write
from agent.survey.host import survey
from agent.survey.known_ports import SERVERS, TLS_SERVERS
from agent.survey.proposal import MOST_SITES, proposal
from agent.survey.starter import NOTHING_SAID, starter
from agent.survey.units import MOST
from alerting.connectors.registry import all_connectors
from checks.registry import KINDS
from config.loader import examine, load
from config.models import Check, Config

MakeHost = Callable[..., Path]
HEAD = "  sl  local_address rem_address   st\n"
EVERYWHERE = "00000000"


def _tcp(*ports: int, address: str = EVERYWHERE) -> str:
    lines = (
        f"   {n}: {address}:{port:04X} 00000000:0000 0A 0:0 00:0 0 0 0 1 1 0 1 0 0 1 0\n"
        for n, port in enumerate(ports)
    )
    return HEAD + "".join(lines)


def _written(host: Host, directory: Path, answers: Answers = NOTHING_SAID) -> Config:
    """The configuration proposed for the host; fails on any mistake or warning in it."""
    path = directory / "tocsin.yaml"
    path.write_text(starter(host, proposal(host, answers.address), KINDS, answers), encoding="utf-8")
    loaded = examine(path, KINDS, all_connectors())
    assert [str(problem) for problem in (*loaded.errors, *loaded.warnings)] == []
    assert loaded.config is not None
    return loaded.config


def _check(config: Config, address: str) -> Check:
    return next(check for check in config.checks() if check.address == address)


def test_a_whole_host_is_found(make_host: MakeHost, tmp_path: Path) -> None:
    root = make_host(
        {
            "proc/self/mountinfo": (
                "27 1 254:0 / / rw - ext4 /dev/vda1 rw\n"
                "30 27 254:16 / /srv/my\\040data rw - xfs /dev/vdb rw\n"
            ),
            "proc/net/tcp": _tcp(22, 80, 443) + _tcp(5432, 6379, 4567, 40000, address="0100007F"),
            "etc/nginx/sites-enabled/shop": (
                "server { listen 80; server_name shop.example; return 301 https://$host$request_uri; }\n"
                "server { listen 443 ssl; server_name shop.example;\n"
                "  access_log /var/log/shop/access.log; }\n"
            ),
            "etc/nginx/sites-enabled/old": "server { listen 8088; server_name old.example; }",
            "var/log/shop/access.log": "",
            "var/log/nginx/access.log": "",
        },
        directories=("/srv/my data",),
    )
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Africa/Johannesburg")
    host = survey(root)
    config = _written(host, tmp_path)
    assert {check.address: check.kind for check in config.checks()} == {
        "host.ssh": "tcp", "host.disk": "disk", "host.disk-srv-my-data": "disk", "host.cpu": "cpu",
        "host.memory": "memory", "host.load": "load", "shop-example.home": "http", "postgresql.port": "tcp",
        "redis.port": "tcp", "shop-example.log": "access_log", "shop-example.log-2": "access_log",
    }  # fmt: skip
    assert config.agent.timezone == "Africa/Johannesburg"
    assert _check(config, "host.disk-srv-my-data").spec.path == "/srv/my data"
    home = _check(config, "shop-example.home").spec
    assert (home.url, home.resolve) == ("https://shop.example/", "127.0.0.1")
    assert host.access_logs == ("/var/log/shop/access.log", "/var/log/nginx/access.log")
    text = (tmp_path / "tocsin.yaml").read_text()
    assert "log: {type: access_log, path: /var/log/shop/access.log}" in text
    assert "#   old.example" in text
    assert "#   127.0.0.1 port 4567" in text
    assert "40000" not in text


def test_an_empty_host_still_has_processors_and_memory(make_host: MakeHost, tmp_path: Path) -> None:
    config = _written(survey(make_host({}, directories=("etc",))), tmp_path)
    assert [check.address for check in config.checks()] == ["host.cpu", "host.memory", "host.load"]
    assert config.agent.timezone == "UTC"


def test_this_very_host_has_a_valid_proposal(tmp_path: Path) -> None:
    config = _written(survey(), tmp_path)
    assert {"host.cpu", "host.memory", "host.load"} <= {check.address for check in config.checks()}


def test_a_web_server_without_a_site_is_asked_for_any_answer(tmp_path: Path) -> None:
    ports = (Listener("0.0.0.0", 80), Listener("::", 443), Listener("192.0.2.7", 8080))
    config = _written(Host(listeners=ports, ipv6=True), tmp_path)
    specs = {check.service: check.spec for check in config.checks() if check.kind == "http"}
    assert {name: spec.url for name, spec in specs.items()} == {
        "web-80": "http://127.0.0.1/",
        "web-443": "https://[::1]/",
        "web-8080": "http://192.0.2.7:8080/",
    }
    assert [spec.tls.verify for spec in specs.values()] == [True, False, True]


def test_a_site_on_its_own_port_keeps_it(tmp_path: Path) -> None:
    server = WebServer("nginx", ("_", "*.wild.example", "~^re", "app.example"), (Binding("", 8443, True),))
    config = _written(Host(listeners=(Listener("0.0.0.0", 8443),), web_servers=(server,)), tmp_path)
    assert _check(config, "app-example.home").spec.url == "https://app.example:8443/"
    assert "web-8443" not in config.services


@pytest.mark.parametrize(
    ("bound", "asked"),
    [("192.0.2.8", "192.0.2.8"), ("*", "127.0.0.1"), ("::", "127.0.0.1"), ("localhost", "127.0.0.1")],
)
def test_a_site_is_asked_at_the_address_it_is_bound_to(bound: str, asked: str, tmp_path: Path) -> None:
    server = WebServer("apache", ("app.example",), (Binding(bound, 80, False),))
    config = _written(Host(listeners=(Listener("0.0.0.0", 80),), web_servers=(server,)), tmp_path)
    assert _check(config, "app-example.home").spec.resolve == asked


def test_sites_whose_names_look_alike_are_kept_apart(tmp_path: Path) -> None:
    names = ("a.b.example", "a-b.example", "host.x", "web-80.x")
    servers = tuple(WebServer("nginx", (name,), (Binding("", 80, False),)) for name in names)
    config = _written(Host(listeners=(Listener("0.0.0.0", 80),), web_servers=servers), tmp_path)
    assert set(config.services) == {"host", "a-b-example", "a-b-example-2", "host-x", "web-80-x"}


def test_a_great_many_sites_are_capped(tmp_path: Path) -> None:
    servers = tuple(WebServer("nginx", (f"s{n}.example",), (Binding("", 80, False),)) for n in range(500))
    config = _written(Host(listeners=(Listener("0.0.0.0", 80),), web_servers=servers), tmp_path)
    assert len(config.services) == MOST_SITES + 1


def test_every_known_server_gets_a_check_that_loads(tmp_path: Path) -> None:
    config = _written(Host(listeners=tuple(Listener("127.0.0.1", port) for port in SERVERS)), tmp_path)
    assert {check.spec.port for check in config.checks() if check.kind == "tcp"} == set(SERVERS)
    redis = _check(config, "redis.port").spec
    assert redis.send.reveal() == "PING\r\n"


def test_what_cannot_be_read_is_said(make_host: MakeHost) -> None:
    root = make_host({"etc/nginx/conf.d/a.conf": "server { listen 80; }"})
    (root / "etc/nginx/conf.d/b.conf").write_bytes(b"\xff\xfe\0")
    os.mkfifo(root / "etc/nginx/conf.d/c.conf")
    host = survey(root)
    assert len(host.web_servers) == 1
    assert [remark.partition("conf.d/")[2].partition(":")[0] for remark in host.remarks] == [
        "b.conf",
        "c.conf",
    ]


def test_a_log_that_is_no_file_or_does_not_exist_is_passed_over(make_host: MakeHost) -> None:
    config = "".join(
        f"access_log {path};"
        for path in ("/dev/log", "/gone.log", "off", "syslog:server=x", "/a/b.log", "/x/../a/b.log")
    )
    root = make_host({"etc/nginx/nginx.conf": config, "a/b.log": ""}, directories=("dev/log",))
    assert "/a/b.log" in survey(root).access_logs
    assert not {"/dev/log", "/gone.log", "off"} & set(survey(root).access_logs)


def test_a_host_with_systemd_has_its_daemons_clock_and_updates_looked_at(
    make_host: MakeHost, tmp_path: Path
) -> None:
    wants = "etc/systemd/system/multi-user.target.wants"
    units = [
        "nginx.service",
        "php8.2-fpm.service",
        "chrony.service",
        "nobody-knows.service",
        "e\nvil.service",
    ]
    root = make_host(
        {"var/lib/apt/lists/deb.example_dists_stable_main_binary-amd64_Packages": ""},
        directories=("run/systemd/system", wants, "etc/systemd/system/a.target.wants", "lib/systemd/system"),
    )
    for unit in [*units, "redis.service", "squid.service"]:
        (root / wants / unit).symlink_to(f"/lib/systemd/system/{unit}")
    # Of a package that was removed its link may be left, and of one that is masked.
    for unit in [*units, "squid.service"]:
        (root / "lib/systemd/system" / unit).touch()
    (root / "etc/systemd/system/squid.service").symlink_to("/dev/null")
    host = survey(root)
    config = _written(host, tmp_path)
    assert host.units == ("nginx.service", "php8.2-fpm.service")
    assert {check.address: check.kind for check in config.checks()} == {
        "host.cpu": "cpu", "host.memory": "memory", "host.load": "load", "host.clock": "time_sync",
        "host.updates": "updates", "host.units": "systemd_unit", "daemons.nginx": "systemd_unit",
        "daemons.php8-2-fpm": "systemd_unit",
    }  # fmt: skip
    assert not _check(config, "host.units").counts_for_uptime


def test_without_systemd_its_leftovers_say_nothing(make_host: MakeHost) -> None:
    wants = "etc/systemd/system/multi-user.target.wants"
    host = survey(make_host({f"{wants}/nginx.service": "", f"{wants}/chrony.service": ""}))
    assert (host.units, host.keeps_time, host.systemd) == ((), False, False)


def test_a_great_many_units_are_capped(make_host: MakeHost) -> None:
    wants = "etc/systemd/system/multi-user.target.wants"
    files = {f"{wants}/wg-quick@w{number}.service": "" for number in range(100)}
    assert len(survey(make_host(files, directories=("run/systemd/system",))).units) == MOST


UNIX = "0000000000000000: 00000002 00000000 {flags} 0001 01 41 {path}\n"


def test_databases_that_listen_in_the_file_system_alone_are_found(
    make_host: MakeHost, tmp_path: Path
) -> None:
    lines = "".join(
        UNIX.format(flags="00010000", path=path)
        for path in (
            "/run/postgresql/.s.PGSQL.5432", "/var/run/redis/redis-server.sock", "/run/mysqld/mysqld.sock",
            "/run/mysqld/mysqld.sock.lock", "/tmp/a\nb", "@/run/redis/redis.sock",
        )
    )  # fmt: skip
    files = {"proc/net/unix": f"Num RefCount Protocol Flags Type St Inode Path\n{lines}"}
    config = _written(survey(make_host({**files, "proc/net/tcp": _tcp(3306)})), tmp_path)
    found = {check.address: check.kind for check in config.checks() if check.service != "host"}
    assert found == {"mysql.port": "tcp", "postgresql.process": "process", "redis.process": "process"}
    assert "It listens on /run/postgresql/.s.PGSQL.5432 alone" in (tmp_path / "tocsin.yaml").read_text()
    config = _written(survey(make_host({**files, "proc/net/tcp": _tcp()})), tmp_path)
    pattern = _check(config, "mysql.process").spec.command_line
    assert re.search(pattern, "/usr/sbin/mariadbd") and not re.search(pattern, "/bin/sh /usr/bin/mysqld_safe")


def test_a_socket_that_nobody_listens_on_is_no_server(make_host: MakeHost) -> None:
    lines = UNIX.format(flags="00000000", path="/run/postgresql/.s.PGSQL.5432")
    assert survey(make_host({"proc/net/unix": lines})).sockets == ()


def test_certificates_of_local_tls_servers_are_looked_at(tmp_path: Path) -> None:
    config = _written(Host(listeners=tuple(Listener("0.0.0.0", port) for port in TLS_SERVERS)), tmp_path)
    found = {check.spec.port: check.spec.verify for check in config.checks() if check.kind == "tls"}
    assert found == dict.fromkeys(TLS_SERVERS, False)


def test_more_configuration_than_a_person_writes_is_not_read_and_that_is_said_in_the_file(
    make_host: MakeHost, tmp_path: Path
) -> None:
    comment = "# x\n" * 900_000
    files = {f"etc/nginx/conf.d/{number}.conf": f"server {{ listen 80; }}\n{comment}" for number in range(6)}
    host = survey(make_host(files))
    assert len(host.web_servers) == 4
    assert host.remarks[-1].endswith("4.conf and what comes after it: too much to be read")
    _written(host, tmp_path)
    assert "#   " + host.remarks[-1][:20] in (tmp_path / "tocsin.yaml").read_text()


def test_a_file_name_that_is_no_text_is_said_and_harms_nothing(make_host: MakeHost, tmp_path: Path) -> None:
    root = make_host({}, directories=("etc/nginx/conf.d",))
    for name in (b"\xff\xfe.conf", b"a\nservices: {}\n.conf", b"${env:HOME}.conf"):
        with open(os.path.join(os.fsencode(root), b"etc/nginx/conf.d", name), "wb") as file:  # noqa: PTH118, PTH123
            file.write(b"\0")
    host = survey(root)
    assert len(host.remarks) == 3
    assert set(_written(host, tmp_path).services) == {"host"}


def test_answers_stand_in_the_file(tmp_path: Path) -> None:
    said = Answers("web-01", "Africa/Johannesburg", "https://shop.example/", "ops@shop.example", "localhost")
    config = _written(Host(), tmp_path, said)
    assert (config.agent.id, config.agent.timezone, config.agent.emergency) == (
        "web-01", "Africa/Johannesburg", "mail",
    )  # fmt: skip
    assert _check(config, "shop-example.home").spec.url == "https://shop.example/"
    mail = config.helpdesks["mail"].own
    assert (mail.to, mail.sender, mail.server, mail.tls) == (
        ("ops@shop.example",), "tocsin@shop.example", "localhost", "none",
    )  # fmt: skip
    assert config.routes[0].send_to == ("mail",)


def test_an_address_that_was_found_already_is_watched_once(tmp_path: Path) -> None:
    server = WebServer("nginx", ("shop.example",), (Binding("", 443, True),))
    host = Host(listeners=(Listener("0.0.0.0", 443),), web_servers=(server,))
    config = _written(host, tmp_path, Answers(address="https://shop.example/"))
    assert set(config.services) == {"host", "shop-example"}


@pytest.mark.parametrize(
    ("server", "tls"),
    [
        ("localhost", "none"), ("127.0.0.1:2525", "none"), ("smtp.example.org:465", "tls"),
        ("smtp.example.org", "starttls"), ("smtp.example.org:25", "starttls"),
    ],
)  # fmt: skip
def test_mail_is_protected_unless_it_stays_here(server: str, tls: str) -> None:
    assert taken.tls_of(taken.server(server)) == tls


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (taken.name, "Web 01"), (taken.zone, "Mars/Olympus"), (taken.address, "ftp://x.example/"),
        (taken.address, "https://x/${env:HOME}"), (taken.mail, "not an address"), (taken.mail, 'a"\n@x.example'),
        (taken.server, "smtp example"), (taken.server, ""), (taken.server, "smtp.example.org:99999"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_taken_are_refused(look: Callable[[str], str], text: str) -> None:
    with pytest.raises(Unfit, match=r".+"):
        look(text)


texts = st.text(max_size=60) | st.sampled_from(
    [
        "${env:HOME}",
        "a: b",
        "# x",
        "a\nb: c",
        "'",
        '"',
        "\\",
        "{a}",
        "[x",
        "-",
        "~",
        "no",
        "1:2",
        "*a",
        "&a",
        "!x",
        "%",
        "@",
        "`",
        "\u2028",
        "\x85",
        "\ufeff",
    ]
)
addresses = st.sampled_from(["0.0.0.0", "::", "127.0.0.1", "2001:db8::1", "fe80::1"])
ports = st.sampled_from([22, 53, 80, 443, 5432, 1234])
paths = texts.map("/".__add__).filter(fit_to_write)
names = st.lists(texts | st.just("a.example"), max_size=3).map(tuple)
bindings = st.lists(st.builds(Binding, texts, ports, st.booleans()), max_size=2).map(tuple)
hosts = st.builds(
    Host,
    file_systems=st.lists(st.builds(FileSystem, paths, st.just("ext4")), max_size=4).map(tuple),
    listeners=st.lists(st.builds(Listener, addresses, ports), max_size=4).map(tuple),
    sockets=st.lists(texts | st.just("/run/mysqld/mysqld.sock"), max_size=2).map(tuple),
    web_servers=st.lists(st.builds(WebServer, st.just("nginx"), names, bindings), max_size=3).map(tuple),
    access_logs=st.lists(paths, max_size=3).map(tuple),
    ipv6=st.booleans(),
    systemd=st.booleans(),
    keeps_time=st.booleans(),
    has_packages=st.booleans(),
    remarks=st.lists(texts, max_size=2).map(tuple),
)


@given(hosts)
def test_whatever_a_host_calls_its_things_the_file_is_valid_and_says_them_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, host: Host
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.yaml"
    path.write_text(starter(host, proposal(host), KINDS), encoding="utf-8")
    config = load(path, KINDS)
    disks = sorted(check.spec.path for check in config.checks() if check.kind == "disk")
    assert disks == sorted(each.point for each in host.file_systems)
