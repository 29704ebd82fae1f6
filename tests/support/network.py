"""The network is closed while tests run: whatever reaches beyond this machine fails the test.

Connections over loopback and over Unix sockets stay open: databases, live server and browser use them.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_sendto = socket.socket.sendto
_getaddrinfo = socket.getaddrinfo

attempts: list[str] = []


class NetworkIsClosed(ConnectionError):
    """A test, or the code under it, reached for another machine."""


def close_network() -> None:
    """Refuse every way out of this process except loopback and Unix sockets, and note each attempt."""
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign,assignment]  # the very point
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign,assignment]  # the very point
    socket.socket.sendto = _guarded_sendto  # type: ignore[method-assign,assignment]  # the very point
    socket.getaddrinfo = _guarded_getaddrinfo


def take_attempts() -> list[str]:
    """The attempts since the last call: also those that the code under test swallowed."""
    taken = list(attempts)
    attempts.clear()
    return taken


def _is_here(host: object) -> bool:
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def _refuse(target: object) -> None:
    attempts.append(str(target))
    raise NetworkIsClosed(f"the network is closed in tests; something reached for {target}")


def _check(this: socket.socket, address: Any) -> None:
    if this.family in {socket.AF_INET, socket.AF_INET6} and not _is_here(address[0]):
        _refuse(address)


def _guarded_connect(this: socket.socket, address: Any) -> None:
    _check(this, address)
    _connect(this, address)


def _guarded_connect_ex(this: socket.socket, address: Any) -> int:
    _check(this, address)
    return _connect_ex(this, address)


def _guarded_sendto(this: socket.socket, data: Any, *rest: Any) -> int:
    _check(this, rest[-1])
    return _sendto(this, data, *rest)


def _guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    if not _is_here(host):
        _refuse(host)
    return _getaddrinfo(host, *args, **kwargs)
