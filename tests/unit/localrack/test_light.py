"""What a command loads that only asks whether a local rack is up."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("starlette", "uvicorn", "websockets", "psutil", "yaml", "ssl", "http.client", "deployer.rackmodel")


def test_asking_for_a_rack_loads_no_rack() -> None:
    """Every `ship` asks, and most ships are not for a local rack."""
    code = f"import sys, deployer.localrack.lifecycle; print([name for name in {HEAVY!r} if name in sys.modules])"

    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == asked.stdout
