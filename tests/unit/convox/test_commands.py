"""This call is this command line."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from deployer.convox.commands import Commands
from deployer.convox.request import Request
from deployer.convox.target import Target
from deployer.core.environment import Environment
from deployer.core.errors import Usage
from deployer.core.models import ReleaseCommand
from deployer.core.names import AppName, BuildId, ProcessId, RackName, ReleaseId, ServiceName
from deployer.core.policy import Policy
from deployer.core.redact import Secret

R0, R1 = ReleaseId("RAAAAAAAAA0"), ReleaseId("RAAAAAAAAA1")
BY_NAME = Commands(Target(AppName("myapp"), RackName("acme/prod")), Policy())
BY_URL = Commands(Target(AppName("myapp"), RackName("acme/prod"), Secret("https://u:p@h")), Policy())
MIGRATE = ReleaseCommand(ServiceName("web"), "alembic upgrade head")
BY_NOTHING = Commands(Target(AppName("myapp")), Policy())

LINES: list[tuple[Callable[[Commands], Request], str]] = [
    (lambda convox: convox.rack(), "rack -r acme/prod"),
    (lambda convox: convox.version(), "--version"),
    (lambda convox: convox.stop(ProcessId("web-1")), "ps stop web-1 -a myapp -r acme/prod"),
    (lambda convox: convox.app(), "apps info myapp -a myapp -r acme/prod"),
    (lambda convox: convox.processes(), "ps -a myapp -r acme/prod"),
    (lambda convox: convox.services(), "services -a myapp -r acme/prod"),
    (lambda convox: convox.scale(), "scale -a myapp -r acme/prod"),
    (lambda convox: convox.api_get("services"), "api get /apps/myapp/services -r acme/prod"),
    (lambda convox: convox.releases(20), "releases --limit 20 -a myapp -r acme/prod"),
    (lambda convox: convox.environment(R1), "env --release RAAAAAAAAA1 -a myapp -r acme/prod"),
    (lambda convox: convox.manifest(R1), "releases manifest RAAAAAAAAA1 -a myapp -r acme/prod"),
    (lambda convox: convox.builds(30), "builds --limit 30 -a myapp -r acme/prod"),
    (lambda convox: convox.build_info(BuildId("BA")), "builds info BA -a myapp -r acme/prod"),
    (lambda convox: convox.config_get("deployer"), "config get deployer -a myapp -r acme/prod"),
    (lambda convox: convox.config_set("deployer", "{}"), "config set deployer --value - -a myapp -r acme/prod"),
    (lambda convox: convox.set_env(Environment.of(A="1"), replace=False), "env set --id -a myapp -r acme/prod"),
    (lambda convox: convox.unset_env(("A", "B")), "env unset A B --id -a myapp -r acme/prod"),
    (lambda convox: convox.set_env(Environment({}), replace=True), "env set --id --replace -a myapp -r acme/prod"),
    (lambda convox: convox.build("/src", "build x"), "build /src --id -d 'build x' -a myapp -r acme/prod"),
    (
        lambda convox: convox.build("/src", "build x", "20261124-014700-a1b2c3"),
        "build /src --id -d 'build x' --build-args DEPLOYER_STAMP=20261124-014700-a1b2c3 -a myapp -r acme/prod",
    ),
    (
        lambda convox: convox.run(MIGRATE, R1, "mark"),
        """run web 'sh -c 'sh -c "$0" 2>&1; echo "[mark $?]"' 'alembic upgrade head'' """
        "--release RAAAAAAAAA1 --timeout 900 -a myapp -r acme/prod",
    ),
    (lambda convox: convox.promote(R1), "releases promote RAAAAAAAAA1 --wait -a myapp -r acme/prod"),
    (lambda convox: convox.cancel(), "apps cancel myapp -a myapp -r acme/prod"),
    (
        lambda convox: convox.logs(ServiceName("web")),
        "logs --no-follow --since 5m --tail 100 -s web -a myapp -r acme/prod",
    ),
    (
        lambda convox: convox.diagnosis(ServiceName("web")),
        "deploy-debug -o json --lines 40 -s web -a myapp -r acme/prod",
    ),
    (
        lambda convox: convox.restarts(),
        "deploy-debug -o json --all --lines 1 --no-events --no-previous -a myapp -r acme/prod",
    ),
    (lambda convox: convox.copy_of_nothing(), "releases create-from -a myapp -r acme/prod"),
    (
        lambda convox: convox.copy(R0, R1),
        "releases create-from --build-from RAAAAAAAAA0 --env-from RAAAAAAAAA1 -a myapp -r acme/prod",
    ),
]


def line_of(request: Request) -> str:
    return " ".join(f"'{word}'" if " " in word else word for word in request.words)


@pytest.mark.parametrize(("call", "line"), LINES, ids=[re.sub(r" (-a|--?\w).*", "", line) for _, line in LINES])
def test_call_is_this_command_line(call: Callable[[Commands], Request], line: str) -> None:
    """Flags after the command words, the app always said, the rack where it has a name."""
    assert line == line_of(call(BY_NAME))


@pytest.mark.parametrize("convox", [BY_URL, BY_NOTHING], ids=["url", "nothing"])
def test_rack_is_not_named_beside_a_url(convox: Commands) -> None:
    """RACK_URL would beat `-r` without a word, so that the line would tell a lie."""
    requests = [call(convox) for call, _ in LINES]

    assert not [request.words for request in requests if "-r" in request.words]


def test_words_begin_with_the_verb() -> None:
    """A flag in front of the command prints the help and exits 0."""
    requests = [call(BY_NAME) for call, _ in LINES]

    assert not [each.words for each in requests if each.words[: len(each.verb.split())] != tuple(each.verb.split())]


def test_values_are_on_stdin_only() -> None:
    """One `KEY=value` a line, as the CLI reads them (convox-facts 2.3)."""
    request = BY_NAME.set_env(Environment.of(B="two=2", A=" one "), replace=False)

    assert request.stdin is not None
    assert "A= one \nB=two=2\n" == request.stdin.reveal()
    assert "two" not in repr(request)


@pytest.mark.parametrize(
    ("key", "value"), [("A", "1\nB=2"), ("A\nB", "1"), ("A=B", "1"), ("", "1"), ("A", "\0"), ("A", "\r")]
)
def test_pair_that_would_be_read_as_another_is_not_sent(key: str, value: str) -> None:
    """Each line of stdin is a pair of its own (convox-facts 4): one key must not become two."""
    with pytest.raises(Usage) as caught:
        BY_NAME.set_env(Environment({key: Secret(value)}), replace=False)

    assert value not in str(caught.value).split()


def test_every_call_has_its_line() -> None:
    """The table above is all that deployer ever asks of the CLI."""
    methods = {name for name in vars(Commands) if not name.startswith("_")} - {"target", "policy"}
    used = {name for call, _ in LINES for name in call.__code__.co_names}

    assert methods <= used


# Each place where a value of somebody else's stands in a command line.
PLACES: dict[str, Callable[[str], Request]] = {
    "app": lambda text: Commands(Target(AppName(text)), Policy()).processes(),
    "apps cancel": lambda text: Commands(Target(AppName(text)), Policy()).cancel(),
    "api get": lambda text: BY_NAME.api_get(text),
    "build": lambda text: BY_NAME.build(text, "x"),
    "build info": lambda text: BY_NAME.build_info(BuildId(text)),
    "config get": lambda text: BY_NAME.config_get(text),
    "config set": lambda text: BY_NAME.config_set(text, "{}"),
    "copy build": lambda text: BY_NAME.copy(ReleaseId(text), R1),
    "copy env": lambda text: BY_NAME.copy(R0, ReleaseId(text)),
    "description": lambda text: BY_NAME.build("/src", text),
    "diagnosis": lambda text: BY_NAME.diagnosis(ServiceName(text)),
    "env": lambda text: BY_NAME.environment(ReleaseId(text)),
    "logs": lambda text: BY_NAME.logs(ServiceName(text)),
    "manifest": lambda text: BY_NAME.manifest(ReleaseId(text)),
    "promote": lambda text: BY_NAME.promote(ReleaseId(text)),
    "ps stop": lambda text: BY_NAME.stop(ProcessId(text)),
    "rack": lambda text: Commands(Target(AppName("myapp"), RackName(text)), Policy()).processes(),
    "run release": lambda text: BY_NAME.run(MIGRATE, ReleaseId(text), "mark"),
    "run service": lambda text: BY_NAME.run(ReleaseCommand(ServiceName(text), "x"), R1, "mark"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", ["-f", "--force", "--", "R\nX", "R\x00", "R\ud800", "R\x1b[2K"])
def test_value_that_is_no_plain_word_is_refused(place: str, value: str) -> None:
    """What could be read as a flag never gets that far."""
    with pytest.raises(Usage):
        PLACES[place](value)


@pytest.mark.parametrize("place", sorted(PLACES.keys() - {"diagnosis", "rack"}))
def test_value_that_is_empty_is_refused(place: str) -> None:
    """The next word would be taken for it. A rack without a name is the CLI's own choice, no service is all of them."""
    with pytest.raises(Usage):
        PLACES[place]("")


def test_description_may_hold_any_plain_text() -> None:
    """People put emoji, joined by invisible characters, and per cent signs into commit subjects."""
    words = BY_NAME.build("/src", "build 👩‍💻 100% – done").words

    assert "build 👩‍💻 100% – done" in words


def test_writes_are_marked_and_have_time() -> None:
    """Deadlines are the policy's, by what a call does."""
    reads, writes = BY_NAME.processes(), BY_NAME.cancel()

    assert (False, 10.0) == (reads.is_write, reads.deadline_s)
    assert (True, 30.0) == (writes.is_write, writes.deadline_s)
    assert 3600.0 == BY_NAME.build("/src", "x").deadline_s
