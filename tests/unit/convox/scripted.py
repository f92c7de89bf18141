"""A `convox` that says what it was told to say: a real child process for tests of the adapter."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[2] / "recorded"

# Answers by the words that argv begins with, the longest first; each is used once, the last one for ever.
_SCRIPT = """#!{python} -SE
import json, os, signal, sys, time
here = {here!r}
argv = sys.argv[1:]
stdin = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
answers = json.load(open(here + "/answers.json"))
known = [words for words in sorted(answers, key=len, reverse=True) if argv[: len(words.split())] == words.split()]
with open(here + "/calls.jsonl", "a") as calls:
    calls.write(json.dumps(dict(argv=argv, stdin=stdin, env=dict(os.environ))) + "\\n")
if not known:
    sys.exit("scripted convox: nothing to say to " + " ".join(argv))
mark = here + "/used-" + known[0].replace(" ", "-").replace("/", "-")
used = os.path.getsize(mark) if os.path.exists(mark) else 0
open(mark, "a").write("x")
answer = answers[known[0]][min(used, len(answers[known[0]]) - 1)]
os.write(1, answer["stdout"].encode("utf-8", "surrogateescape"))
os.write(2, answer["stderr"].encode("utf-8", "surrogateescape"))
time.sleep(answer["seconds"])
while answer["meets"] and '"argv": ["%s"' % answer["meets"] not in open(here + "/calls.jsonl").read():
    time.sleep(0.01)
if answer["signum"]:
    os.kill(os.getpid(), answer["signum"])
sys.exit(answer["status"])
"""


@dataclass(frozen=True)
class Answer:
    """`meets`: the call does not end before one that begins with this word has begun."""

    stdout: str = ""
    stderr: str = ""
    status: int = 0
    signum: int = 0
    seconds: float = 0.0
    meets: str = ""


@dataclass(frozen=True)
class Call:
    argv: list[str]
    stdin: str
    env: dict[str, str]

    @property
    def line(self) -> str:
        return " ".join(self.argv)


class ScriptedConvox:
    """`convox.says("ps", stdout)`; `convox.calls` afterwards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self.path = folder / "convox"
        self.path.write_text(_SCRIPT.format(python=sys.executable, here=str(folder)))
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    def says(self, words: str, *answers: Answer | str) -> ScriptedConvox:
        """A text is the stdout of a call that went well."""
        full = (Answer(each) if isinstance(each, str) else each for each in answers)
        self._answers[words] = [asdict(each) for each in full]
        (self._folder / "answers.json").write_text(json.dumps(self._answers))
        return self

    @property
    def calls(self) -> list[Call]:
        log = self._folder / "calls.jsonl"
        return [Call(**json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def lines(self) -> list[str]:
        return [call.line for call in self.calls]


def recorded(name: str, *, file: str = "cases.jsonl", run: int = 0) -> dict[str, Any]:
    """One recorded run of the real CLI, by name."""
    found = [case for case in recorded_cases(file) if case["name"] == name]
    return found[run]


def recorded_cases(file: str) -> list[dict[str, Any]]:
    with (RECORDED / file).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def answer_of(name: str, **kwargs: Any) -> Answer:
    case = recorded(name, **kwargs)
    return Answer(case["stdout"], case["stderr"], case["exit_code"])
