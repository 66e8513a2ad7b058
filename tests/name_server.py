"""A name server for a cluster that has none: answers with what a function says."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

__all__ = ["NameServer"]

_RESPONSE = 0x8180  # an answer, recursion desired and available
_NO_SUCH_NAME = 3
_ADDRESS, _INTERNET = 1, 1


class NameServer:
    """Answers questions for IPv4 addresses over UDP until it is left.

    Args:
        address: where it listens, on port 53: a resolver cannot be told another.
        find: the first word of a name -> its address, or None.
    """

    def __init__(self, address: str, find: Callable[[str], str | None]) -> None:
        self._find = find
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._socket.settimeout(0.2)
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._leave.is_set():
            try:
                question, sender = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            self._socket.sendto(self._answer(question), sender)

    def _answer(self, message: bytes) -> bytes:
        number = message[:2]
        end = message.index(b"\0", 12) + 5
        question = message[12:end]
        (kind,) = struct.unpack("!H", question[-4:-2])
        found = self._find(question[1 : 1 + question[0]].decode())
        code = _RESPONSE | (0 if found else _NO_SUCH_NAME)
        if found is None or kind != _ADDRESS:
            return number + struct.pack("!5H", code, 1, 0, 0, 0) + question
        answer = struct.pack("!HHHLH", 0xC00C, _ADDRESS, _INTERNET, 1, 4) + socket.inet_aton(found)
        return number + struct.pack("!5H", code, 1, 1, 0, 0) + question + answer
