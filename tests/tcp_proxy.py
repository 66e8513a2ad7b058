"""A TCP proxy for tests that understands the messages of PostgreSQL and MariaDB well enough to strike at one of them.

Every message of the client is shown to a function that decides what happens to it. Nothing is guessed with
sleeps: a fault happens at the n-th statement, before it reaches the server or after.

Source: PostgreSQL documentation, chapter Frontend/Backend Protocol, section Message Formats. MariaDB documentation,
Client/Server Protocol, sections Standard packet and COM_QUERY.
"""

from __future__ import annotations

import enum
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

__all__ = ["Action", "Message", "TcpProxy", "proxied"]

_CANCEL = 80877102
_START_UP = 196608
_MYSQL_QUERY = b"\x03"


class Action(enum.Enum):
    """What happens to a message.

    CUT_BEFORE: both connections are reset, the server never sees it. CUT_AFTER: it is passed on and the client's
    connection reset before an answer; once the server has answered, its connection is closed. STRAND: the same, but the
    server's connection stays, as in a partition. STALL: it is passed on and nothing comes back until the proxy ends.
    """

    PASS = "pass"
    CUT_BEFORE = "cut before"
    CUT_AFTER = "cut after"
    STRAND = "strand"
    STALL = "stall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of the client.

    Args:
        kind: its type byte, b"Q" or b"P" for statements; for MariaDB the command byte, which for statements is 3.
        sql: the statement; empty for other messages.
        session: counts the connections, from 1.
        number: counts the statements of all connections, from 1; that of the last one for other messages.
    """

    kind: bytes
    sql: str
    session: int
    number: int


Decide = Callable[[Message], Action]


class TcpProxy:
    """Listens on loopback and passes on to one server; `url` is how to come this way.

    Attributes:
        statements: what clients sent so far, in order.
        sessions: how many connections there were.
    """

    def __init__(self, url: str, decide: Decide) -> None:
        parts = urlsplit(url)
        self._is_mysql = parts.scheme.startswith(("mysql", "mariadb"))
        self._target = (parts.hostname or "127.0.0.1", parts.port or (3306 if self._is_mysql else 5432))
        self._decide = decide
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.sessions = 0
        self.statements: list[str] = []
        login = parts.netloc.rpartition("@")[0]
        port = self._listener.getsockname()[1]
        plain = "" if self._is_mysql else "sslmode=disable&gssencmode=disable"
        query = "&".join(filter(None, (parts.query, plain)))
        self.url = urlunsplit((parts.scheme, f"{login}@127.0.0.1:{port}", parts.path, query, ""))

    def serve(self) -> None:
        """Accept connections until the proxy is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self._attend, args=(client, self.sessions), daemon=True).start()

    def close(self) -> None:
        """End the listener and all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                _reset(one)

    def _attend(self, client: socket.socket, session: int) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            _reset(client)
            return
        with self._lock:
            self._sockets += [client, server]
        link = _Link(client, server)
        threading.Thread(target=link.answer, daemon=True).start()
        with suppress(OSError, EOFError):
            self._read_client(link, session)
        link.close()

    def _read_client(self, link: _Link, session: int) -> None:
        while not self._is_mysql and _pass_start_up(link) != _START_UP:
            pass  # a request for encryption, or to cancel
        read = _mysql_message if self._is_mysql else _message
        while True:
            kind, sql, raw = read(link.client)
            action = self._decide(self._described(kind, sql, session))
            if action is Action.CUT_BEFORE:
                link.reset()
                return
            if action is not Action.PASS:
                link.is_silent, link.ends_with_answer = True, action is Action.CUT_AFTER
            link.server.sendall(raw)
            if action in {Action.CUT_AFTER, Action.STRAND}:
                _reset(link.client)
                return

    def _described(self, kind: bytes, sql: str | None, session: int) -> Message:
        if sql is None:
            return Message(kind=kind, sql="", session=session, number=len(self.statements))
        with self._lock:
            self.statements.append(sql)
            return Message(kind=kind, sql=sql, session=session, number=len(self.statements))


class _Link:
    """The two connections of one session."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_silent = False
        self.ends_with_answer = False

    def answer(self) -> None:
        """Pass on what the server says, until it ends."""
        with suppress(OSError):
            while chunk := self.server.recv(65536):
                if not self.is_silent:
                    self.client.sendall(chunk)
                elif self.ends_with_answer:
                    _reset(self.server)
        if not self.is_silent:
            with suppress(OSError):
                self.client.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Cut both connections, as a network that has gone does."""
        _reset(self.client)
        _reset(self.server)

    def close(self) -> None:
        """Tell the server that the client has ended; one that was cut off stays unknown to it."""
        if not self.is_silent:
            with suppress(OSError):
                self.server.shutdown(socket.SHUT_WR)


def _pass_start_up(link: _Link) -> int:
    """Pass on the first message, which has no type byte, and return its code."""
    head = _exactly(link.client, 4)
    body = _exactly(link.client, struct.unpack("!I", head)[0] - 4)
    link.server.sendall(head + body)
    code: int = struct.unpack("!I", body[:4])[0]
    if code == _CANCEL:
        raise EOFError
    return code


def _message(client: socket.socket) -> tuple[bytes, str | None, bytes]:
    """Return the kind, the statement if it is one, and the bytes of PostgreSQL's next message."""
    kind, length = _exactly(client, 1), _exactly(client, 4)
    body = _exactly(client, struct.unpack("!I", length)[0] - 4)
    sql = body.split(b"\0")[0 if kind == b"Q" else 1].decode() if kind in (b"Q", b"P") else None
    return kind, sql, kind + length + body


def _mysql_message(client: socket.socket) -> tuple[bytes, str | None, bytes]:
    """Return the same of MariaDB's next packet; a command is the first of its conversation, so its number is 0."""
    head = _exactly(client, 4)
    body = _exactly(client, int.from_bytes(head[:3], "little"))
    kind = body[:1] if head[3] == 0 else b""
    return kind, body[1:].decode() if kind == _MYSQL_QUERY else None, head + body


def _exactly(source: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        chunk = source.recv(count - len(found))
        if not chunk:
            raise EOFError
        found += chunk
    return found


def _reset(one: socket.socket) -> None:
    """Close a socket so that the other side sees a reset, not an orderly end."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxied(url: str, decide: Decide = lambda _message: Action.PASS) -> Iterator[TcpProxy]:
    """Run a proxy in front of the server of `url` while the block runs."""
    proxy = TcpProxy(url, decide)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(timeout=10)
