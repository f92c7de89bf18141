"""Secrets are in the child's stdin and environment and in our memory, and nowhere else (faults 4.3, this layer)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.convox.rack import ConvoxRack
from deployer.convox.request import Completed
from deployer.convox.runner import Runner
from deployer.convox.target import Target, child_environment
from deployer.core.environment import Environment
from deployer.core.errors import DeployerError
from deployer.core.models import Source
from deployer.core.names import AppName, ReleaseId, ServiceName, ShipId
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock
from tests.unit.convox.conftest import HASTY
from tests.unit.convox.net import (
    ESCAPED,
    LONG,
    MARKED,
    OLD_VALUE,
    PASSWORD,
    PEM_LINE,
    QUOTED,
    VALUE,
    Cmdlines,
    files_below,
    leaks_in,
    texts_of,
)
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

URL = f"http://convox:{PASSWORD}@127.0.0.1:1"
SHIP = ShipId("20261124-014700-a1b2c3")
# What a careless CLI or builder might say.
LEAKY = f'told {VALUE}, {OLD_VALUE} and parse "{URL}/": invalid'
LAST_WORDS = f"2026-01-01T00:00:00Z service/web:RAAAAAAAAA1/web-5d9c7b6f4-abcde cannot log in with {OLD_VALUE}\n"
R1 = ReleaseId("RAAAAAAAAA1")


@pytest.fixture
def told() -> list[Completed]:
    return []


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def leaky_rack(
    clock: SystemClock, convox: ScriptedConvox, told: list[Completed], redactor: Redactor
) -> Iterator[ConvoxRack]:
    """A rack whose CLI repeats every secret it knows, on both streams, in every answer."""
    target = Target(AppName("myapp"), rack_url=Secret(URL))
    environment = child_environment({"PATH": "/usr/bin:/bin"}, target)
    runner = Runner(clock, environment, redactor, (str(convox.path),), told.append)
    convox.says("env --release", f"OLD={OLD_VALUE}\n")
    convox.says("releases", answer_of("releases"))
    yield ConvoxRack(runner, target, replace(HASTY, write_s=1.0, blind_s=0.2))
    runner.close()


FAILING: list[tuple[str, Callable[[ConvoxRack], object]]] = [
    ("apps info", lambda rack: rack.app()),
    ("env set", lambda rack: rack.set_env(Environment.of(NEW=VALUE), replace=False)),
    ("env unset", lambda rack: rack.unset_env(("OLD",))),
    ("config set", lambda rack: rack.config_set("deployer", VALUE)),
    ("build", lambda rack: rack.build(Source("/src"), SHIP, lambda _: None)),
]
ENDS = [
    Answer(LEAKY, f"Doing... ERROR: {LEAKY}\n", 1),
    Answer(LEAKY, f"Doing... ERROR: app not found: {LEAKY}\n", 1),
    Answer(LEAKY, LEAKY, 1),
    Answer(f"{LEAKY}\n", LEAKY, 0),
    Answer(LEAKY, f"panic: {LEAKY}\n\ngoroutine 1 [running]:\n", 2),
    Answer(LEAKY, LEAKY, signum=9),
]


@pytest.mark.parametrize("end", ENDS, ids=["error", "not-found", "silent", "garbage", "panic", "killed"])
@pytest.mark.parametrize(("words", "call"), FAILING, ids=[words for words, _ in FAILING])
def test_error_of_a_leaky_cli_does_not_leak(
    leaky_rack: ConvoxRack,
    convox: ScriptedConvox,
    told: list[Completed],
    redactor: Redactor,
    caplog: pytest.LogCaptureFixture,
    words: str,
    call: Callable[[ConvoxRack], object],
    end: Answer,
) -> None:
    """Not in its text, its attributes, the errors behind it, a log at DEBUG or what `--verbose` is told."""
    caplog.set_level(logging.DEBUG)
    leaky_rack.environment(R1)
    convox.says(words, end).says("config get", "other\n").says("api get", end).says("builds", answer_of("builds-empty"))
    redactor.learn(Secret(VALUE))

    with pytest.raises(DeployerError) as caught:
        call(leaky_rack)

    assert [] == leaks_in(texts_of(caught.value))
    assert [] == leaks_in([caplog.text, *(f"{each!r} {each.command}" for each in told)])


def test_values_are_in_no_argv_and_no_log(
    leaky_rack: ConvoxRack, convox: ScriptedConvox, caplog: pytest.LogCaptureFixture
) -> None:
    """While `env set` runs, every process on the machine is looked at; all loggers are at DEBUG, sh's children too."""
    for name in ("", "sh", "sh.command", "sh.command.process", "sh.command.process.streamwriter", "sh.stream_bufferer"):
        caplog.set_level(logging.DEBUG, logger=name)
    convox.says("env set", Answer("RBBBBBBBBB1", seconds=0.3)).says("releases", answer_of("releases"))

    with Cmdlines() as cmdlines, pytest.raises(DeployerError):
        leaky_rack.set_env(Environment.of(NEW=VALUE), replace=False)

    assert any("env\0set" in line for line in cmdlines.seen)
    assert [] == leaks_in(list(cmdlines.seen))
    assert "sh." not in caplog.text
    assert [] == leaks_in([caplog.text])
    assert f"NEW={VALUE}\n" == next(call.stdin for call in convox.calls if call.line.startswith("env set"))


def test_lines_that_are_relayed_do_not_leak(leaky_rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A build or a promote may print what it was given; by then the values are known."""
    leaky_rack.environment(R1)
    lines: list[str] = []
    convox.says("build", Answer("", f"Starting build... OK\n{OLD_VALUE}\n{URL}\n", 1)).says(
        "builds", answer_of("builds")
    )
    convox.says("releases promote", Answer(f"Promoting RAAAAAAAAA1... \n{OLD_VALUE}\n", f"ERROR: {URL}\n", 1))

    with pytest.raises(DeployerError):
        leaky_rack.build(Source("/src"), SHIP, lines.append)
    child = leaky_rack.promote(R1)
    while not child.state().is_over:
        time.sleep(0.01)

    assert lines
    assert [] == leaks_in([*lines, repr(child.state())])


def test_last_words_of_a_process_do_not_leak(leaky_rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """Whoever takes up a ship has set no value and read none, and a process dies with one in its last words."""
    convox.says("ps", answer_of("ps")).says("logs", LAST_WORDS)

    evidence = leaky_rack.evidence(R1, ServiceName("web"))

    assert ["cannot log in with ••••"] == [each.text for each in evidence.log]


def test_last_words_are_not_shown_where_nobody_knows_the_secrets(
    leaky_rack: ConvoxRack, convox: ScriptedConvox
) -> None:
    """The env is denied to this credential, and the log is not."""
    convox.says("ps", answer_of("ps")).says("env --release", answer_of("ps-403")).says("logs", LAST_WORDS)

    assert not leaky_rack.evidence(R1, ServiceName("web"))


def test_models_of_a_child_do_not_show_its_data(leaky_rack: ConvoxRack, told: list[Completed]) -> None:
    """The output of `env` is all secrets."""
    environment = leaky_rack.environment(R1)

    assert OLD_VALUE == environment["OLD"].reveal()
    assert [] == leaks_in([repr(told), repr(environment), repr(leaky_rack)])


@pytest.mark.parametrize("value", [MARKED, QUOTED, ESCAPED, PEM_LINE, LONG], ids=lambda value: ascii(value)[:20])
def test_value_of_any_kind_is_nowhere_but_on_stdin(
    leaky_rack: ConvoxRack, convox: ScriptedConvox, told: list[Completed], tmp_path: Path, value: str
) -> None:
    """Workflow commands, quotes, escapes, key material, 60 KB: repeated by the CLI on both streams, shown by nobody."""
    convox.says("env set", Answer(f"K={value}\n", f"Setting K... ERROR: bad line K={value}\n", 1))

    convox.says("apps info", f"{value}\n")

    with pytest.raises(DeployerError) as caught:
        leaky_rack.set_env(Environment.of(K=value), replace=False)
    with pytest.raises(DeployerError) as garbled:
        leaky_rack.app()

    [call] = [each for each in convox.calls if each.line.startswith("env set")]
    assert f"K={value}\n" == call.stdin
    assert [] == leaks_in(
        [*texts_of(caught.value), *texts_of(garbled.value), *(f"{each!r} {each.command}" for each in told), *call.argv]
    )
    assert [] == leaks_in(files_below(tmp_path, but=("answers.json", "calls.jsonl")))


@pytest.mark.parametrize("key", ["CONVOX_PASSWORD", "CONVOX_TOKEN"])
def test_credential_of_a_console_is_not_repeated(convox: ScriptedConvox, clock: SystemClock, key: str) -> None:
    """The CLI needs it in its environment, and may blurt it out like any other."""
    target = Target(AppName("myapp"))
    runner = Runner(clock, child_environment({"PATH": "/bin", key: VALUE}, target), Redactor(), (str(convox.path),))
    convox.says("apps info", Answer("", f"ERROR: no such key: {VALUE}\n", 1))

    with pytest.raises(DeployerError) as caught:
        ConvoxRack(runner, target, HASTY).app()
    runner.close()

    assert VALUE in [call.env[key] for call in convox.calls]
    assert [] == leaks_in(texts_of(caught.value))


def test_child_inherits_nothing_of_ours(convox: ScriptedConvox, clock: SystemClock) -> None:
    """A secret in deployer's own environment is no business of the CLI's, nor of what it starts."""
    target = Target(AppName("myapp"), rack_url=Secret(URL))
    ours = {"PATH": "/usr/bin:/bin", "OPENAI_API_KEY": VALUE, "GITHUB_TOKEN": VALUE, "RACK_URL": "http://x:other@y"}
    runner = Runner(clock, child_environment(ours, target), Redactor(), (str(convox.path),))
    convox.says("apps info", answer_of("apps-info-a"))

    ConvoxRack(runner, target, HASTY).app()
    runner.close()

    [call] = convox.calls
    assert URL == call.env.pop("RACK_URL")
    assert [] == leaks_in([*call.env.values(), *call.argv])
