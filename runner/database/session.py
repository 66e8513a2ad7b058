"""What a session calls itself to the server: floor 4. Pure text; no SQLAlchemy, so that the cheap probe can use it.

`application_name` is the one thing that every other session, whatever its role, can see of ours. It holds four
words: tool, release, pod and revision, "-" standing for what is not known. PostgreSQL cuts it at 63 bytes, so each
word has its share.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NO_WORD", "PLAIN_NAME", "SessionName", "parse_application_name"]

NO_WORD = "-"
_LONGEST = 63  # NAMEDATALEN - 1
_TOOL, _TOOL_AND_RELEASE, _POD = 24, 27, 20
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+:@()-")
"""What can be written into SQL without quoting and read back as one word."""


@dataclass(frozen=True, kw_only=True, eq=False)  # each method it does without is a faster start
class SessionName:
    """The four words, as they were before they were cut."""

    tool: str = "revision-runner"
    release: str = NO_WORD
    pod: str = NO_WORD
    revision: str = NO_WORD

    def text(self) -> str:
        """Return the name as PostgreSQL gets it, 63 characters at most, all of them ASCII.

        The pod's word does not depend on the others, so that a session can be recognised by it.
        """
        tool = _word(self.tool)[:_TOOL]
        release = _word(self.release)[: max(1, _TOOL_AND_RELEASE - len(tool))]
        start = f"{tool} {release} {self.pod_word()} "
        return start + _word(self.revision)[: _LONGEST - len(start)]

    def tool_word(self) -> str:
        """Return the tool's word as it is in the name."""
        return _word(self.tool)[:_TOOL]

    def pod_word(self) -> str:
        """Return the pod's word: a long name keeps its end, where pods differ, and a digest of the whole."""
        pod = _word(self.pod)
        if len(pod) <= _POD:
            return pod
        import zlib  # cheaper to import than a better digest, and this one need only tell a few pods apart

        return f"{zlib.crc32(self.pod.encode()) & 0xFFFF:04x}~{pod[5 - _POD :]}"


PLAIN_NAME = SessionName()
"""Nothing but the tool."""


def parse_application_name(text: str | None) -> SessionName | None:
    """Return the words of an application_name that a runner set (words may have been cut), None for any other.

    Example:
        >>> parse_application_name("revision-runner 1.4.2 shop-7f9c ae10").revision
        'ae10'
    """
    words = (text or "").split(" ")
    if len(words) != 4 or not all(words):
        return None
    tool, release, pod, revision = words
    return SessionName(tool=tool, release=release, pod=pod, revision=revision)


def _word(text: str) -> str:
    return "".join(sign if sign in _SAFE else "_" for sign in text) or NO_WORD
