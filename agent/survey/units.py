"""systemd units of note: those that start with the host, and that people know by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

MOST = 15
_MOST_READ = 2000
_ENABLED = "etc/systemd/system"
_BOOTED = "run/systemd/system"
# Of these the unit itself is what runs: those that only stand for others, such as postgresql.service, are left out.
_KNOWN = re.compile(
    r"(?:apache2|asterisk|bind9|caddy|containerd|cron|crond|docker|dovecot|exim4|fail2ban|gitlab-runsvdir|grafana-server"
    r"|haproxy|httpd|jenkins|libvirtd|mariadb|mongod|mosquitto|mysql|mysqld|named|nfs-server|nginx|php[0-9.]*-fpm"
    r"|prometheus|rabbitmq-server|redis|redis-server|rsyslog|slapd|smbd|squid|tomcat[0-9]*|unbound|varnish|vsftpd"
    r"|wg-quick@[\w.-]{1,30}|zabbix-agent2?)\.service"
)
_KEEPS_TIME = re.compile(r"(?:chrony|chronyd|ntp|ntpd|ntpsec|openntpd|systemd-timesyncd)\.service")


def units(root: Path) -> tuple[tuple[str, ...], bool]:
    """The names of those of note, and whether one of all keeps the clock; none where systemd does not run."""
    if not (root / _BOOTED).is_dir():
        return (), False
    names = sorted(set(islice(_enabled(root), _MOST_READ)))
    return tuple(filter(_KNOWN.fullmatch, names))[:MOST], any(map(_KEEPS_TIME.fullmatch, names))


def _enabled(root: Path) -> Iterator[str]:
    """The links of all targets; a name that cannot be one of those asked for is passed over later."""
    for pattern in ("*.target.wants", "*.target.requires"):
        for folder in islice((root / _ENABLED).glob(pattern), _MOST_READ):
            try:
                yield from (path.name for path in folder.iterdir() if _is_there(root, path))
            except OSError:
                continue


def _is_there(root: Path, link: Path) -> bool:
    """A package that was removed may leave the link of its unit, or a mask."""
    own = root / _ENABLED / link.name
    if own.is_symlink() and str(own.readlink()) == os.devnull:
        return False
    return (
        not link.is_symlink()
        or (root / str(link.parent.relative_to(root) / link.readlink()).lstrip("/")).exists()
    )
