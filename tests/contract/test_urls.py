"""A rack's URL is read as Go reads it (convox-facts 1.3)."""

from __future__ import annotations

import pytest

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote
from deployer.localrack.cli.urls import parse_endpoint, query_string, request_target


@pytest.mark.parametrize(
    ("url", "scheme", "address", "path", "user_info"),
    [
        ("http://convox:secret@127.0.0.1:5000", "http", ("127.0.0.1", 5000), "", "convox:secret"),
        ("https://convox:p%40ss%2Fw@api.example.org", "https", ("api.example.org", 443), "", "convox:p%40ss%2Fw"),
        ("HTTPS://jwt:a.b-c_d~e@host/", "https", ("host", 443), "/", "jwt:a.b-c_d~e"),
        ("http://convox:p@ss@host/base", "http", ("host", 80), "/base", "convox:p%40ss"),
        ("http://user@[::1]:80", "http", ("::1", 80), "", "user"),
        ("http://host", "http", ("host", 80), "", None),
        ("http://host:", "http", ("host", 80), "", None),
        ("http://[::1]", "http", ("::1", 80), "", None),
        ('http://h<o>s"t', "http", ('h<o>s"t', 80), "", None),
    ],
)
def test_a_url_gives_where_and_as_whom(
    url: str, scheme: str, address: tuple[str, int], path: str, user_info: str | None
) -> None:
    """Credentials are encoded anew, so that `p@ss/w` goes out as `p%40ss%2Fw`."""
    endpoint = parse_endpoint(url)

    assert (scheme, address, path, user_info) == (
        endpoint.scheme,
        endpoint.address(),
        endpoint.path,
        endpoint.user_info,
    )


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("127.0.0.1:5000", "first path segment in URL cannot contain colon"),  # version-no-scheme-url
        ("https://convox:se%zzcret@h", 'invalid URL escape "%zz"'),
        ("http://host:port", 'invalid port ":port" after host'),
        ("nonsense%zz", 'invalid URL escape "%zz"'),
        ("http://[::1", "missing ']' in host"),
        ("http://[::1]5", 'invalid port "5" after host'),
        ("http://[::1]:x", 'invalid port ":x" after host'),
        ("http://h%41st", 'invalid URL escape "%41"'),
        ("http://h%zzst", 'invalid URL escape "%zz"'),
        ("http://ho st", 'invalid character " " in host name'),
        ("http://us er:x@host", "net/url: invalid userinfo"),
        ("://host", "missing protocol scheme"),
        ("http://host\n", "net/url: invalid control character in URL"),
    ],
)
def test_a_wrong_url_is_refused_in_the_words_of_go(url: str, complaint: str) -> None:
    """The whole URL stands in the error, password included: callers must redact it (convox-facts 8.3)."""
    with pytest.raises(CommandError) as caught:
        parse_endpoint(url)

    assert f'parse "{url}": {complaint}'.replace("\n", "\\n") == str(caught.value)


def test_queries_and_forms_are_sorted_and_encoded_as_go_does() -> None:
    """Options that were not given are left out, empty ones are sent."""
    assert "a=x+y%2Bz&b=&env=A%3D1%0AB%3D%C3%A9" == query_string({"env": "A=1\nB=é", "b": "", "a": "x y+z", "c": None})


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/apps/a b/processes?", "/apps/a%20b/processes?"),
        ("/apps/é?", "/apps/%C3%A9?"),
        ("/apps/a%20b?", "/apps/a%20b?"),
        ("/apps/a#b/processes?", "/apps/a"),
        ("?", "/?"),
    ],
)
def test_a_path_is_sent_encoded(path: str, target: str) -> None:
    """What stands behind a `#` is not sent at all."""
    assert target == request_target("http://host:80", path)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/apps/%zz?", 'invalid URL escape "%zz"'),
        ("/apps/a\nb?", "net/url: invalid control character in URL"),
        ("apps?", 'invalid port ":80apps" after host'),
    ],
)
def test_a_path_that_makes_no_url_is_refused(path: str, complaint: str) -> None:
    """Before anything is sent: `api get apps` lacks its slash."""
    with pytest.raises(CommandError) as caught:
        request_target("http://host:80", path)

    assert f"parse {quote('http://host:80' + path)}: {complaint}" == str(caught.value)
