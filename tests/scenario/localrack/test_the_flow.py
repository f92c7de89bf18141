"""A Convox user's everyday: what they type against a production rack, typed against this one, in a plain shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.rack

ROOT = Path(__file__).parents[3]
CHECKOUT = ROOT / "tests" / "scenario" / "tiny"
# As typed by hand, but for `--no-follow`: a person would end `convox logs` with Ctrl-C.
FLOW = """
eval "$(deployer rack up --app myapi --time-scale 0.1 --export)"
echo "== env";      convox env set OPENAI_API_KEY=one ANTHROPIC_API_KEY=two -a myapi
echo "== deploy";   convox deploy -a myapi
echo "== services"; convox services -a myapi
echo "== ps";       convox ps -a myapi
echo "== more env"; convox env set TOKEN=sesame -a myapi
echo "== promote";  convox releases promote -a myapi
echo "== releases"; convox releases -a myapi
echo "== logs";     convox logs -a myapi --no-follow
process=$(convox ps -a myapi | awk 'NR == 2 { print $1 }')
echo "== around";   convox instances; convox resources -a myapi; convox certs; convox builds -a myapi; convox apps
echo "== exec";     echo 'echo "$TOKEN in $HOSTNAME"; exit 3' | convox exec "$process" sh -a myapi
echo "status $?, process $process"
"""


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A home of its own; its rack is down when the test ends."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8", "CONVOX_CONFIG": str(tmp_path / "convox")}
    if named := os.environ.get("DEPLOYER_CONVOX"):
        env["DEPLOYER_CONVOX"] = named
    yield env
    subprocess.run(["deployer", "rack", "down"], env=env, check=True, capture_output=True)


def test_the_flow_works_line_by_line(env: dict[str, str]) -> None:
    """Set env, deploy, look, set env and promote, read the logs, go inside."""
    done = subprocess.run(
        ["bash", "-c", FLOW], cwd=CHECKOUT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    said = dict(re.findall(r"^== ([a-z ]+)\n(.*?)(?=^== |\Z)", done.stdout, re.MULTILINE | re.DOTALL))

    deployed, promoted = re.findall(r"(R[A-Z]{10}) +active", said["releases"]), said["promote"]
    assert re.search(r"Setting ANTHROPIC_API_KEY, OPENAI_API_KEY\.\.\. ?OK\nRelease: R", said["env"]), done.stderr
    assert re.search(
        r"Packaging source.*Uploading source.*Starting build.*Promoting R.*\nOK\n", said["deploy"], re.DOTALL
    ), done.stderr
    assert re.search(r"^web +127\.0\.0\.1 +\d+:\d+", said["services"], re.MULTILINE)
    assert re.search(r"^web-\S+ +web +running", said["ps"], re.MULTILINE)
    assert 1 == len(deployed)
    assert re.search(rf"Promoting {deployed[0]}\.\.\. .*\nOK\n", promoted, re.DOTALL)
    assert f"{deployed[0]} listens" in said["logs"]
    assert re.search(r"^local +running .* 0\.00% ", said["around"], re.MULTILINE), done.stderr
    assert "NAME  TYPE  URL\nID  DOMAIN  EXPIRES  Status\n" in said["around"]
    assert re.search(
        rf"^B[A-Z]{{10}} +complete +R[A-Z]{{10}} .*\nAPP .*\nmyapi +running +{deployed[0]}$",
        said["around"],
        re.MULTILINE,
    )
    process = re.search(r"^status 3, process (\S+)$", said["exec"], re.MULTILINE)
    assert process, done.stderr
    assert f"sesame in {process[1]}\n" in said["exec"]
