"""What the credential may do, from what it says of itself and from what it was denied: nothing is ever written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from deployer.convox.capabilities import credential_of
from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target, child_environment
from deployer.core.capabilities import BACK, READS, WRITES, Credential, Kind, May
from deployer.core.names import AppName
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock
from tests.unit.convox.conftest import HASTY
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

EXPIRES = datetime(2026, 11, 24, 12, tzinfo=UTC)
DENIED = answer_of("ps-403")
# No denial by a console is on record (convox-facts 1.5): what one may look like.
DENIALS = [
    "process exec requires write access",
    "you are unauthorized to access this",
    "deploy key cannot run this command",
    "this deploy key is not permitted to run ps",
    "user does not have permission to list processes",
    "403 Forbidden",
    '{"message":"Forbidden"}',
    "<html><head><title>403 Forbidden</title></head></html>",
    "response status 403",
]


def token(**claims: object) -> Secret:
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
    return Secret(f"https://jwt:{head}.{body}.c2lnbmVk@api.example.com")


@pytest.fixture
def rack_as(clock: SystemClock, convox: ScriptedConvox) -> Iterator[Callable[[Secret | None], ConvoxRack]]:
    """A rack that is spoken to with the credential that is given."""
    runners = []

    def make(url: Secret | None) -> ConvoxRack:
        target = Target(AppName("myapp"), rack_url=url)
        runner = Runner(clock, child_environment({"PATH": "/usr/bin:/bin"}, target), Redactor(), (str(convox.path),))
        runners.append(runner)
        return ConvoxRack(runner, target, HASTY)

    yield make
    for each in runners:
        each.close()


@pytest.fixture
def answering(convox: ScriptedConvox) -> ScriptedConvox:
    """A convox to which every read is granted."""
    for words in ("apps info", "ps", "services", "releases"):
        convox.says(words, answer_of({"apps info": "apps-info-a"}.get(words, words)))
    convox.says("releases create-from", answer_of("create-from-no-flags"))
    return convox.says("env --release", "A=1\n").says("releases manifest", "services: {}\n").says("config get", "x\n")


class TestCredential:
    @pytest.mark.parametrize(("role", "word"), [("r", "read"), ("rw", "write"), ("rwa", "admin"), ("x", ""), (7, "")])
    def test_token_says_its_role_and_its_end(self, role: object, word: str) -> None:
        """Decoded without verifying: that is the rack's part."""
        url = token(user="system-write", role=role, expiresAt=int(EXPIRES.timestamp()))

        assert Credential(Kind.TOKEN, word, EXPIRES) == credential_of(url)

    @pytest.mark.parametrize(
        "password", ["", "a", "a.b.c", "a.e30.c", "a.WzFd.c", "..", "a.eyJleHBpcmVzQXQiOjFlOTl9.c"]
    )
    def test_token_that_says_nothing_is_a_token(self, password: str) -> None:
        """Not base64, not JSON, no object, a date beyond all calendars: unknown, never an error."""
        assert Credential(Kind.TOKEN) == credential_of(Secret(f"https://jwt:{password}@api.example.com"))

    def test_any_other_user_has_the_password(self) -> None:
        """The rack compares it with its own; there is one, and it may do everything."""
        assert Kind.PASSWORD is credential_of(Secret("https://convox:abc@api.example.com")).kind

    def test_without_rack_url_it_is_the_consoles(self) -> None:
        """Deploy key, role or person: from here nobody can tell."""
        assert Credential(Kind.CONSOLE) == credential_of(None)


class TestCommands:
    @pytest.mark.usefixtures("answering")
    def test_password_may_do_everything(self, rack_as: Callable[[Secret | None], ConvoxRack]) -> None:
        """Nothing is unknown, nothing is denied."""
        found = rack_as(Secret("http://convox:rack-password@127.0.0.1:1")).capabilities()

        assert {May.YES} == {found.may(each) for each in (*READS, *WRITES)}

    @pytest.mark.usefixtures("answering")
    def test_read_token_may_only_look(self, rack_as: Callable[[Secret | None], ConvoxRack]) -> None:
        """Known without a single try to write."""
        found = rack_as(token(role="r")).capabilities()

        assert ((), tuple(WRITES)) == (found.denied(READS), found.denied(WRITES))

    @pytest.mark.parametrize("words", DENIALS)
    def test_console_key_is_known_by_what_it_is_denied(
        self, rack_as: Callable[[Secret | None], ConvoxRack], answering: ScriptedConvox, words: str
    ) -> None:
        """Reads tell yes or no, in whatever words; of writes only trying would tell, so nobody does."""
        denied = Answer(stderr=f"ERROR: {words}\n", status=1)
        answering.says("ps", denied).says("services", denied)

        found = rack_as(None).capabilities()

        assert ("ps", "services") == found.denied(READS)
        assert BACK == found.unknown(BACK)

    @pytest.mark.parametrize("words", ["EOF", "404 page not found", "the moon is in the wrong place"])
    def test_trouble_is_neither_a_denial_nor_a_grant(
        self, rack_as: Callable[[Secret | None], ConvoxRack], answering: ScriptedConvox, words: str
    ) -> None:
        """A dropped connection, a page that is not there, or words that nobody knows say nothing of what is allowed."""
        answering.says("ps", Answer(stderr=f"ERROR: {words}\n", status=1))

        assert May.UNKNOWN is rack_as(None).capabilities().may("ps")

    def test_config_that_is_not_there_may_be_read(
        self, rack_as: Callable[[Secret | None], ConvoxRack], answering: ScriptedConvox
    ) -> None:
        """Not found is an answer: the rack has looked."""
        answering.says("config get", Answer(stderr="ERROR: app config not found: deployer\n", status=1))

        assert May.YES is rack_as(None).capabilities().may("config get")

    @pytest.mark.parametrize("old", [Answer(stderr="ERROR: 0 args required\n", status=1), answer_of("ps-help")])
    def test_cli_without_create_from_is_known(
        self, rack_as: Callable[[Secret | None], ConvoxRack], answering: ScriptedConvox, old: Answer
    ) -> None:
        """An older CLI takes it for an argument of `releases`, or prints help; that is no matter of permission."""
        answering.says("releases create-from", old)

        found = rack_as(None).capabilities()

        assert ("releases create-from",) == found.lacks
        assert () == found.denied(BACK)

    def test_after_a_look_it_costs_one_call(
        self, rack_as: Callable[[Secret | None], ConvoxRack], answering: ScriptedConvox
    ) -> None:
        """What a ship reads anyway is not read again, and none of the calls writes."""
        rack = rack_as(None)
        answering.says("api get", DENIED).says("scale", answer_of("scale"))
        for read in (rack.app, rack.processes, rack.services, rack.releases):
            read()
        rack.environment(rack.releases()[0].id)
        answering.says("releases manifest", "services: {api: {}}\n")
        rack.manifest(rack.releases()[0].id)
        rack.config_get("deployer")
        before = len(answering.lines)

        rack.capabilities()

        assert ["releases create-from -a myapp"] == answering.lines[before:]
