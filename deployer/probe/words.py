"""Why a question went unanswered, in a few words. Never an exception's own text: it may hold a URL or a header."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx

from deployer.core.redact import first_line
from deployer.probe.answers import NoAnswer

# The first row that fits any exception of the chain.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timed out"),
    (ssl.SSLError, "TLS failed"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (httpx.InvalidURL, "not a URL that can be asked"),
    (httpx.UnsupportedProtocol, "not a URL that can be asked"),
    (httpx.RemoteProtocolError, "answer broken off, or not HTTP"),
    (httpx.ConnectError, "cannot connect"),
    (httpx.NetworkError, "connection lost"),
)


def words_for(exc: Exception) -> str:
    """Anything that is not in the table was provoked by a stranger's answer: it is an answer nobody can read."""
    chain = tuple(_chain(exc))
    for each in chain:
        if isinstance(each, NoAnswer):
            return first_line(str(each), limit=120)
        if isinstance(each, ssl.SSLCertVerificationError):
            return first_line(f"certificate not trusted: {each.verify_message}", limit=120)
    return next((words for kind, words in _WORDS if any(isinstance(each, kind) for each in chain)), "unreadable answer")


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
