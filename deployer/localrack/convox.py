"""
The stand-in `convox`: `python -m deployer.localrack.convox ARGS…`.

Used where the target is the embedded local rack and no real `convox` is
installed. It speaks the rack's HTTP API and prints, byte for byte, what the
real CLI 3.24.9 prints; `docs/contract-coverage.md` says how that is known. It is
started for every command, so it imports the standard library only, and of that
what the command needs.
"""

from __future__ import annotations

from deployer.localrack.cli.engine import main

if __name__ == "__main__":
    main()
