"""
What must not be in the source of a build: it is stored on the rack, and mostly ends up in an image.

By name where the name is enough, by the beginning of a file where it is not. Never shows what is in a file.
Source: faults C15, convox-facts 2.5 (`.env` and `.git` are uploaded unless .dockerignore names them).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

# How much of a file is looked at.
START_BYTES = 4096

# `.env.example` and the like are made to be shared.
_ENV_FILE = re.compile(r"\.env(?:\.(?!example$|sample$|template$|dist$|defaults$)[^/]+)?")
_KEY_NAMES = re.compile(r"id_(?:rsa|dsa|ecdsa|ed25519)|.+\.(?:p12|pfx|jks|keystore)")
_CREDENTIALS = frozenset({".git-credentials", ".netrc", ".pgpass", ".pypirc", "terraform.tfstate"})
_IN_HOME = frozenset({".aws/credentials", ".docker/config.json", ".kube/config"})
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_LOOKED_INTO = re.compile(r".+\.(?:pem|key|json)|\.npmrc|config")
# What actions/checkout leaves there, and what `git clone https://token@…` does.
_GIT_LOGIN = re.compile(rb"extraheader|://[^/\s@]+@", re.IGNORECASE)


def is_looked_into(path: str) -> bool:
    """The name alone does not tell."""
    return _LOOKED_INTO.fullmatch(PurePosixPath(path).name) is not None


def secret_in(path: str, start: bytes = b"") -> str:
    """Why the file `path` (relative to the source, `/` between its parts) is no part of a build, "" where it may be."""
    name, ending = PurePosixPath(path).name, "/".join(PurePosixPath(path).parts[-2:])
    if _ENV_FILE.fullmatch(name):
        return "holds env values"
    if name in _CREDENTIALS or ending in _IN_HOME:
        return "holds credentials"
    if _KEY_NAMES.fullmatch(name) or _PRIVATE_KEY.search(start):
        return "is a private key"
    if (ending == ".git/config" and _GIT_LOGIN.search(start)) or (name == ".npmrc" and b"_auth" in start):
        return "holds a login"
    return ""
