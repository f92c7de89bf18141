"""A certificate for a rack that speaks https: self-signed, made once, kept in the rack's folder.

The real CLI verifies no certificate at all (convox-facts 1.3), so any will do for it; whoever does verify can be given
this one as the only authority it trusts.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from deployer.localrack.ports import LOOPBACK

VALID_DAYS = "825"
MAKE_WITHIN_S = 30.0


class NoCertificate(Exception):
    """It could not be made; the message says why."""


def make_certificate(certificate: Path, key: Path) -> None:
    """Make a pair, unless there is one. Raises NoCertificate."""
    if certificate.exists() and key.exists():
        return
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", VALID_DAYS]
    command += ["-subj", f"/CN={LOOPBACK}", "-addext", f"subjectAltName=IP:{LOOPBACK}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        # openssl makes the key 0600 itself
        made = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=MAKE_WITHIN_S, check=False
        )
    except FileNotFoundError:
        raise NoCertificate("https needs the program openssl, which is not there") from None
    except subprocess.TimeoutExpired:
        raise NoCertificate("openssl does not end") from None
    if made.returncode != 0:
        raise NoCertificate(f"openssl made no certificate: {made.stderr.strip()[-500:]}")
    certificate.chmod(0o600)
