"""From a host to a first configuration: it is right for the host, and valid whatever is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.survey.found import Binding, FileSystem, Host, Listener, WebServer, fit_to_write
from agent.survey.host import survey
from agent.survey.known_ports import SERVERS
from agent.survey.proposal import MOST_SITES, proposal
from agent.survey.starter import starter
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


def _written(host: Host, directory: Path) -> Config:
    """The configuration proposed for the host; fails on any mistake or warning in it."""
    path = directory / "tocsin.yaml"
    path.write_text(starter(host, proposal(host), KINDS), encoding="utf-8")
    loaded = examine(path, KINDS)
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
    web_servers=st.lists(st.builds(WebServer, st.just("nginx"), names, bindings), max_size=3).map(tuple),
    access_logs=st.lists(paths, max_size=3).map(tuple),
    ipv6=st.booleans(),
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
