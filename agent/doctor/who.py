"""The user that the service runs as, and how a child process becomes that user."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Who:
    """A user with all groups that the service has."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()


class NoSuchUser(Exception):
    """The text is for people."""


def user(name: str, more_groups: Iterable[str] = ()) -> Who:
    """By name, with the groups of the user database and `more_groups`, as the unit gives them. Raises NoSuchUser."""
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise NoSuchUser(f"this host has no user {name[:64]}") from None
    groups = {*os.getgrouplist(found.pw_name, found.pw_gid)}
    for each in more_groups:
        try:
            groups.add(grp.getgrnam(each).gr_gid)
        except (KeyError, ValueError):
            continue
    return Who(found.pw_name, found.pw_uid, found.pw_gid, tuple(sorted(groups)))


def ourselves() -> Who:
    """Whoever runs this."""
    uid = os.geteuid()
    return Who(user_of(uid), uid, os.getegid(), tuple(sorted({os.getegid(), *os.getgroups()})))


def user_of(uid: int) -> str:
    """The name of a user id, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_of(gid: int) -> str:
    """The name of a group id, or the number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def become(who: Who) -> None:
    """For good: real, effective and saved ids, and no privilege left. Nothing happens where we are that user."""
    if who.is_us:
        return
    os.setgroups(who.groups)
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)
