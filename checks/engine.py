"""libcurl on the event loop: transfers run side by side, their sockets watched through one epoll.

pycurl's own AsyncCurlMulti hands every socket of every transfer to the loop anew, which costs more than the
transfer; here the loop watches a single descriptor for as long as the engine lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from typing import Any

import pycurl

_INTEREST = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
# Connections kept for checks that want theirs kept; libcurl's own bound is four for each transfer under way.
_KEPT_CONNECTIONS = 1024


class Engine:
    """Runs transfers on the loop it is made on. Close it with `close`. Raises pycurl.error(code, text)."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: dict[pycurl.Curl, asyncio.Future[None]] = {}
        self._watched: set[int] = set()
        self._timer: asyncio.Handle | None = None
        self._multi: Any
        self._epoll, self._multi = _begun()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake_in)
        self._multi.setopt(pycurl.M_MAXCONNECTS, _KEPT_CONNECTIONS)
        self._loop.add_reader(self._epoll.fileno(), self._sockets_ready)

    async def perform(self, curl: pycurl.Curl) -> None:
        """Run one transfer to its end; raises pycurl.error(code, text). Cancelling takes it out at once."""
        ended: asyncio.Future[None] = self._loop.create_future()
        self._multi.add_handle(curl)
        self._running[curl] = ended
        try:
            await ended
        finally:
            if self._running.pop(curl, None) is not None:
                self._multi.remove_handle(curl)

    def close(self) -> None:
        """Cancel what runs, close all connections."""
        for curl, ended in self._running.items():
            self._multi.remove_handle(curl)
            ended.cancel()
        self._running.clear()
        self._multi.close()  # tells of the sockets it closes, and so comes before what they are told to
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        """libcurl says what it waits for on a socket."""
        if what == pycurl.POLL_REMOVE:
            self._watched.discard(descriptor)
            with contextlib.suppress(OSError):  # closed already, which has taken it out
                self._epoll.unregister(descriptor)
        elif descriptor in self._watched:
            self._epoll.modify(descriptor, _INTEREST[what])
        else:
            self._watched.add(descriptor)
            self._epoll.register(descriptor, _INTEREST[what])

    def _wake_in(self, milliseconds: int) -> None:
        """libcurl says when it wants to look at its deadlines; below zero means never."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds == 0:  # not from here: libcurl is not to be called from its own callbacks
            self._timer = self._loop.call_soon(self._time_has_come)
        elif milliseconds > 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._time_has_come)

    def _time_has_come(self) -> None:
        self._timer = None
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._hand_over()

    def _sockets_ready(self) -> None:
        for descriptor, events in self._epoll.poll(0):
            if descriptor in self._watched:  # an earlier one in this round may have ended it
                self._multi.socket_action(descriptor, _as_action(events))
        self._hand_over()

    def _hand_over(self) -> None:
        """Tell those who wait which transfers have ended."""
        left = 1
        while left:
            left, whole, failed = self._multi.info_read()
            for curl in whole:
                self._end(curl, None)
            for curl, code, text in failed:
                self._end(curl, pycurl.error(code, text))

    def _end(self, curl: pycurl.Curl, error: Exception | None) -> None:
        ended = self._running.pop(curl, None)
        if ended is None:
            return
        self._multi.remove_handle(curl)
        if ended.done():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)


def _as_action(events: int) -> int:
    action = 0
    if events & (select.EPOLLIN | select.EPOLLHUP):
        action |= pycurl.CSELECT_IN
    if events & select.EPOLLOUT:
        action |= pycurl.CSELECT_OUT
    if events & select.EPOLLERR:
        action |= pycurl.CSELECT_ERR
    return action


def _begun() -> tuple[select.epoll, Any]:
    """Both need files of ours; libcurl does not say what it lacked. Raises pycurl.error(code, text)."""
    try:
        return select.epoll(), pycurl.CurlMulti()
    except (OSError, pycurl.error) as error:
        text = f"no transfer can begin: {error} (too many open files here? raise LimitNOFILE= of the service)"
        raise pycurl.error(pycurl.E_FAILED_INIT, text) from None
