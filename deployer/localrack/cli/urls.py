"""A rack's URL as Go's net/url reads it (convox-facts 1.3): with its complaints, and user info encoded anew."""

from __future__ import annotations

import os
import re
from urllib.parse import quote as percent_encode
from urllib.parse import quote_plus, unquote_to_bytes

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote

HEX = "0123456789abcdefABCDEF"
PORTS = {"http": 80, "https": 443}
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Endpoint:
    """Where a rack answers. `user_info` is None when the URL has none; then no credentials are sent."""

    __slots__ = ("host", "path", "scheme", "user_info")

    def __init__(self, scheme: str, host: str, path: str, user_info: str | None) -> None:
        self.scheme, self.host, self.path, self.user_info = scheme, host, path, user_info

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    def address(self) -> tuple[str, int]:
        """Host name and port to dial."""
        name, colon, port = self.host.rpartition(":")
        if not colon or self.host.endswith("]"):
            name, port = self.host, ""
        return name.strip("[]"), int(port or PORTS.get(self.scheme, 0))

    def __repr__(self) -> str:
        return f"Endpoint({self.origin}{self.path})"


def parse_endpoint(raw: str) -> Endpoint:
    """Raises CommandError in Go's words, with the URL and its password in it, as the real CLI shows them."""
    try:
        return _parse(raw)
    except ValueError as exc:
        raise CommandError(f"parse {quote(raw)}: {exc}") from exc


def query_string(query: Mapping[str, str | None]) -> str:
    """Also a form body: sorted by name, options that were not given left out."""
    pairs = sorted((name, value) for name, value in query.items() if value is not None)
    return "&".join(f"{quote_plus(name)}={quote_plus(os.fsencode(value))}" for name, value in pairs)


def request_target(origin: str, path: str) -> str:
    """
    A path, query and all, as it is sent: what may not stand in a URL is encoded, the rest left as the user typed it.

    Raises CommandError in Go's words when the two make no URL: the path is only put behind the host, so that one
    without a slash is taken for a part of the port.
    """
    parse_endpoint(origin + path)
    sent = path.partition("#")[0]
    return percent_encode(os.fsencode(sent if sent.startswith("/") else f"/{sent}"), safe="/:@&=+$,;~!*'()?%[]")


def _parse(raw: str) -> Endpoint:
    if any(char < " " or char == "\x7f" for char in raw):
        raise ValueError("net/url: invalid control character in URL")
    scheme, rest = _scheme(raw.partition("#")[0])
    rest = rest.partition("?")[0]
    if not rest.startswith("/") and scheme:
        return Endpoint(scheme, "", "", None)  # opaque, as in `localhost:5443`: no request can be made of it
    if not rest.startswith("//"):
        if not rest.startswith("/") and ":" in rest.partition("/")[0]:
            raise ValueError("first path segment in URL cannot contain colon")
        _check_escapes(rest)
        return Endpoint(scheme, "", rest, None)
    authority, slash, path = rest[2:].partition("/")
    user, at, host = authority.rpartition("@")
    _check_escapes(path)
    return Endpoint(scheme, _host(host), slash + path, _user_info(user) if at else None)


def _scheme(raw: str) -> tuple[str, str]:
    for i, char in enumerate(raw):
        if char.isascii() and char.isalpha():
            continue
        if char == ":":
            if i == 0:
                raise ValueError("missing protocol scheme")
            return raw[:i].lower(), raw[i + 1 :]
        if i == 0 or not (char.isdigit() or char in "+-."):
            return "", raw
    return "", raw


def _host(host: str) -> str:
    """As it stands. Go lets `<`, `>` and `"` pass, and a percent sign only before what is not ASCII."""
    if host.startswith("[") and "]" not in host:
        raise ValueError("missing ']' in host")
    name = host.rpartition("]")[0] if host.startswith("[") else host.rpartition(":")[0]
    port = host[len(name) :].removeprefix("]") if ":" in host else ""
    if port and not re.fullmatch(":[0-9]*", port):
        raise ValueError(f"invalid port {quote(port)} after host")
    for at, char in enumerate(host):
        code = host[at : at + 3]
        if char == "%" and code != "%25" and not re.fullmatch("%[89a-fA-F][0-9a-fA-F]", code):
            raise ValueError(f"invalid URL escape {quote(code)}")
        if char in " \\^`{|}":
            raise ValueError(f"invalid character {quote(char)} in host name")
    return host


def _user_info(user: str) -> str:
    """Decoded, then encoded as Go does it: `p@ss/w` goes out as `p%40ss%2Fw`."""
    if any(not (char.isascii() and (char.isalnum() or char in "-._:~!$&'()*+,;=%@")) for char in user):
        raise ValueError("net/url: invalid userinfo")
    _check_escapes(user)
    name, colon, password = user.partition(":")
    return _encode_user(name) + (f":{_encode_user(password)}" if colon else "")


def _encode_user(text: str) -> str:
    return percent_encode(unquote_to_bytes(text), safe="$&+,;=~")


def _check_escapes(text: str) -> None:
    at = text.find("%")
    while at >= 0:
        code = text[at + 1 : at + 3]
        if len(code) < 2 or any(char not in HEX for char in code):
            raise ValueError(f"invalid URL escape {quote(text[at : at + 3])}")
        at = text.find("%", at + 1)
