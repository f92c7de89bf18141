from __future__ import annotations

import pytest

from deployer.core.upload import is_looked_into, secret_in

KEY = b"-----BEGIN RSA PRIVATE KEY-----\nMIIE"
SECRET = [
    (".env", b"", "holds env values"),
    ("config/.env.production", b"", "holds env values"),
    ("deploy/id_ed25519", b"", "is a private key"),
    ("certs/client.p12", b"", "is a private key"),
    ("certs/server.pem", KEY, "is a private key"),
    ("gcp.json", b'{"private_key": "-----BEGIN PRIVATE KEY-----', "is a private key"),
    (".git/config", b"[http]\n\textraheader = AUTHORIZATION: basic x", "holds a login"),
    (".git/config", b"url = https://x-token:abc@example.com/a.git", "holds a login"),
    (".npmrc", b"//registry/:_authToken=x", "holds a login"),
    ("home/.aws/credentials", b"", "holds credentials"),
]
HARMLESS = [
    (".env.example", b""),
    (".envrc.md", b""),
    ("src/env.py", b""),
    ("certs/server.pem", b"-----BEGIN CERTIFICATE-----"),
    ("package.json", b"{}"),
    (".git/config", b"url = git@example.com:a.git"),
    (".npmrc", b"save-exact=true"),
    ("credentials", b""),
]


@pytest.mark.parametrize(("path", "start", "why"), SECRET)
def test_what_must_not_be_uploaded(path: str, start: bytes, why: str) -> None:
    """By its name, or by how it begins."""
    assert why == secret_in(path, start)
    assert not start or is_looked_into(path)


@pytest.mark.parametrize(("path", "start"), HARMLESS)
def test_what_may_be(path: str, start: bytes) -> None:
    """A name that only looks like it refuses nobody."""
    assert "" == secret_in(path, start)
