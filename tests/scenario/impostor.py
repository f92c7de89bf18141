"""
A `convox` of its own for a dry run of what a real binary is put through: `python -m tests.scenario.impostor FOLDER`.

It is the stand-in, from a copy, started as a program that knows nothing of this checkout: without any variable but
those a real CLI reads (convox-facts 1.2). Then `DEPLOYER_CONVOX=FOLDER/convox pytest tests/scenario tests/contract`
shows whether a test depends on more than what the two have in common.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import deployer

# convox-facts 1.2 and 1.3, and what any program needs to find others.
READ_BY_A_REAL_ONE = (
    "RACK_URL", "CONVOX_RACK", "CONVOX_HOST", "CONVOX_PASSWORD", "CONVOX_TOKEN", "CONVOX_CONFIG", "CONVOX_ACTOR",
    "CONVOX_DEBUG", "X_DEV_ALLOW_HTTP", "TEST", "EDITOR", "XDG_CONFIG_HOME", "HOME", "PATH", "LANG", "TERM",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip

PROGRAM = """\
#!{python} -P
import os, sys
kept = {{name: os.environ[name] for name in {names!r} if name in os.environ}}
start = "import sys; sys.path.insert(0, {copy!r}); from deployer.localrack.cli.engine import main; main()"
os.execve(sys.executable, [sys.executable, "-P", "-c", start, *sys.argv[1:]], kept)
"""


def make_impostor(folder: Path) -> Path:
    """The program; its copy of the package lies beside it."""
    copy = folder / "copy"
    shutil.copytree(Path(deployer.__file__).parent, copy / "deployer", ignore=shutil.ignore_patterns("__pycache__"))
    program = folder / "convox"
    program.write_text(PROGRAM.format(python=sys.executable, names=READ_BY_A_REAL_ONE, copy=str(copy)))
    program.chmod(0o755)
    return program


if __name__ == "__main__":
    print(make_impostor(Path(sys.argv[1]).absolute()))  # noqa: T201
