"""
What breaks a parser, looked for with atheris, which sees the branches that an input takes: `make atheris`.

    python -m tests.bench.guided RUNS             each parser, and the table of failures, in a process of its own
    python -m tests.bench.guided RUNS "releases"  one of them

It begins at the recordings of the real CLI. An input that is not understood is Garbled, nothing else gets out, and
nothing is read that is not there. Not part of the tests: atheris has wheels for CPython on x86-64 Linux only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

atheris.enabled_hooks.add("str")  # comparisons of texts; its hook for patterns cannot do all that `re` can
with atheris.instrument_imports(include=["deployer.convox", "deployer.core"]):
    from deployer.convox.failures import failure_of
    from deployer.convox.request import Completed, Request
    from deployer.core.redact import scrub
    from tests.unit.convox.hostile import PARSERS, invented, outputs_of, read
    from tests.unit.convox.scripted import recorded_cases

FAILURES = "failures"
VERBS = ("ps", "env", "env set", "build", "run", "logs", "releases promote")
LONGEST_BYTES = 4_096


def parse(name: str) -> Callable[[bytes], None]:
    parser = PARSERS[name][0]

    def one(data: bytes) -> None:
        text = data.decode("utf-8", errors="replace")
        made_up = invented(read(parser, text), text)
        assert not made_up, made_up

    return one


def fail(data: bytes) -> None:
    """The first byte is the exit status and the verb, the rest is said on both streams."""
    if not data:
        return
    status, verb, said = data[0] % 4, VERBS[data[0] % len(VERBS)], data[1:].decode("utf-8", errors="replace")
    stdout, _, stderr = said.partition("\0")
    failure = failure_of(Completed(Request(verb, (verb,), 1.0, is_write=" " in verb), status, stdout, stderr), "myapp")
    assert failure is not None or status == 0 or verb == "run"
    assert failure is None or is_harmless(str(failure)), str(failure)


def is_harmless(text: str) -> bool:
    return "\n" not in text and scrub(text, limit=len(text)) == text


def seeds_of(name: str) -> list[str]:
    if name != FAILURES:
        return outputs_of(PARSERS[name][1])
    cases = [case for file in ("cases.jsonl", "rack-cases.jsonl") for case in recorded_cases(file)]
    return [f"\1{case['stdout']}\0{case['stderr']}" for case in cases if case["exit_code"]]


def explore(name: str, runs: int) -> None:
    """Never comes back: atheris ends the process, with 0 after so many runs and else with what it has found."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, text in enumerate(seeds_of(name)):
            (Path(corpus) / str(number)).write_bytes(text.encode()[:LONGEST_BYTES])
        kept = f"-artifact_prefix={tempfile.gettempdir()}/{name.replace(' ', '-')}-"
        words = [sys.argv[0], f"-atheris_runs={runs}", f"-max_len={LONGEST_BYTES}", kept, corpus]
        atheris.Setup(words, fail if name == FAILURES else parse(name))
        atheris.Fuzz()


def main() -> int:
    runs, *names = sys.argv[1:]
    if names:
        explore(names[0], int(runs))
    broken = [name for name in (*PARSERS, FAILURES) if not survives(name, runs)]
    return 1 if broken else 0


def survives(name: str, runs: str) -> bool:
    command = [sys.executable, "-m", "tests.bench.guided", runs, name]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    said = done.stdout + done.stderr
    reached = re.findall(r"cov: (\d+)", said)
    ended = re.search(r"^Done (\d+) in (\d+) second", said, re.MULTILINE)
    is_well = done.returncode == 0 and ended is not None and int(ended[1]) >= int(runs)
    how = f"{ended[1]} inputs in {ended[2]} s, {reached[-1]} branches" if is_well and ended else said[-4_000:]
    print(f"  {name:<16} {how}", flush=True)  # noqa: T201
    return is_well


if __name__ == "__main__":
    sys.exit(main())
