"""Why a question went unanswered, in a few words. Never an exception's own text: it may hold a URL or a header."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx

from deployer.core.redact import first_line
from deployer.probe.answers import NoAnswer

# The first row that fits any exception of the chain; and whether a user's request would have been lost the same way.
# Without a route (`cannot connect`) nobody can say on whose side it is missing.
_WORDS: tuple[tuple[type[Exception], str, bool], ...] = (
    (TimeoutError, "timed out", True),
    (ssl.SSLError, "TLS failed", False),
    (ConnectionRefusedError, "connection refused", True),
    (ConnectionResetError, "connection reset", True),
    (httpx.InvalidURL, "not a URL that can be asked", False),
    (httpx.UnsupportedProtocol, "not a URL that can be asked", False),
    (httpx.RemoteProtocolError, "answer broken off, or not HTTP", True),
    (httpx.ConnectError, "cannot connect", False),
    (httpx.NetworkError, "connection lost", True),
)


def words_for(exc: Exception) -> tuple[str, bool]:
    """
    The words, and whether the question was lost, if it was sent.

    Anything that is not in the table was provoked by a stranger's answer: it is an answer nobody can read.
    """
    chain = tuple(_chain(exc))
    for each in chain:
        if isinstance(each, NoAnswer):
            return first_line(str(each), limit=120), False
        if isinstance(each, ssl.SSLCertVerificationError):
            return first_line(f"certificate not trusted: {each.verify_message}", limit=120), False
    rows = ((words, is_lost) for kind, words, is_lost in _WORDS if any(isinstance(each, kind) for each in chain))
    return next(rows, ("unreadable answer", False))


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
