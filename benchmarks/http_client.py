"""A plain client for benchmarks: one kept-open connection, no more work than a load needs."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> str:
        """One header's value, '' when there is none."""
        for line in self.head.split(b"\r\n"):
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip().decode()
        return ""


class Client:
    """One connection to the server, opened again when the server has closed it."""

    def __init__(self, host: str, port: int, cookie: str) -> None:
        self._address = (host, port)
        self._common = f"Host: {host}:{port}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n"
        self._socket: socket.socket | None = None
        self._left = b""

    def get(self, path: str) -> Reply:
        """GET `path`."""
        return self._send(f"GET {path} HTTP/1.1\r\n{self._common}\r\n".encode())

    def post(self, path: str, body: bytes, content_type: str, *, extra: str = "") -> Reply:
        """POST `body` to `path`."""
        head = (
            f"POST {path} HTTP/1.1\r\n{self._common}{extra}"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return self._send(head.encode() + body)

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._left = b""

    def _send(self, request: bytes) -> Reply:
        for attempt in (1, 2):
            if self._socket is None:
                self._socket = socket.create_connection(self._address, timeout=30)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._socket.sendall(request)
                return self._receive()
            except (ConnectionError, BrokenPipeError):
                # A connection kept open may have been closed meanwhile; a fresh one is not.
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _receive(self) -> Reply:
        data = self._left
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        start = head.lower().find(b"content-length:")
        length = int(head[start + 15 : head.find(b"\r\n", start) if b"\r\n" in head[start:] else None])
        pieces = [body]
        have = len(body)
        while have < length:
            piece = self._more()
            pieces.append(piece)
            have += len(piece)
        body = b"".join(pieces)
        self._left = body[length:]
        if b"connection: close" in head.lower():
            self.close()
        return Reply(int(head[9:12]), head, body[:length])

    def _more(self) -> bytes:
        assert self._socket is not None
        piece = self._socket.recv(262_144)
        if not piece:
            raise ConnectionError("the server hung up")
        return piece
