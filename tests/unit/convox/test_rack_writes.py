"""What `ConvoxRack` writes: made once, and believed only after it was read back."""

from __future__ import annotations

import pytest

from deployer.convox.rack import ConvoxRack
from deployer.core.environment import Environment
from deployer.core.errors import CannotTell, Denied, EnvFailed, RackBusy, ServerFault, Transport
from deployer.core.models import Release
from deployer.core.names import BuildId, ReleaseId
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

R0, R1, NEW = ReleaseId("RAAAAAAAAA0"), ReleaseId("RAAAAAAAAA1"), ReleaseId("RBBBBBBBBB1")
B1 = BuildId("BAAAAAAAAA1")

BEFORE = answer_of("releases").stdout
NEWER = "RBBBBBBBBB1          BAAAAAAAAA1  now          env add:NEW\n"
AFTER = BEFORE.replace("RAAAAAAAAA1  active", f"{NEWER}RAAAAAAAAA1  active", 1)

LOST = Answer(stderr='Setting NEW... ERROR: Post "http://127.0.0.1:1/apps/myapp/releases?": EOF\n', status=1)


def writes(convox: ScriptedConvox) -> list[str]:
    words = ("env set", "env unset", "build .", "apps cancel", "releases create-from", "config set")
    return [line for line in convox.lines if line.startswith(words)]


class TestSetEnv:
    def test_sends_values_on_stdin(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """No value is ever an argument, and the release that came out is read back."""
        convox.says("releases", BEFORE, AFTER).says("env set", answer_of("env-set-id"))
        convox.says("env --release RAAAAAAAAA1", "BAR=2\nFOO=1\n").says(
            "env --release RBBBBBBBBB1", "BAR=2\nFOO=1\nNEW=s e\n"
        )

        made = rack.set_env(Environment.of(NEW="s e"), replace=False)

        assert Release(NEW, B1, is_active=False, description="env add:NEW") == made
        call = next(call for call in convox.calls if call.line.startswith("env set"))
        assert ("env set --id -a myapp", "NEW=s e\n") == (call.line, call.stdin)

    def test_replaces_everything_when_asked_to(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """With `--replace` the result is what was sent and nothing else."""
        convox.says("releases", BEFORE, AFTER).says("env set", answer_of("env-set-id"))
        convox.says("env --release RBBBBBBBBB1", "NEW=1\n")

        made = rack.set_env(Environment.of(NEW="1"), replace=True)

        assert NEW == made.id
        assert ["env set --id --replace -a myapp"] == writes(convox)

    def test_finds_a_value_that_did_not_arrive(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Status 0 and an id prove nothing: a long line is dropped in silence, and with it what follows."""
        convox.says("releases", BEFORE, AFTER).says("env set", answer_of("env-set-id"))
        convox.says("env --release RAAAAAAAAA1", "BAR=2\n").says(
            "env --release RBBBBBBBBB1", "BAR=2\nNEW=other-value\n"
        )

        with pytest.raises(EnvFailed) as caught:
            rack.set_env(Environment.of(NEW="value-sent", TOO="x"), replace=False)

        assert "RBBBBBBBBB1 differs from what was meant (~ NEW  - TOO)" in caught.value.why
        assert not any(value in str(caught.value) for value in ("other-value", "value-sent"))

    def test_a_lost_reply_is_found_by_its_content(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The write took effect and only its reply was lost: it is not made again."""
        convox.says("releases", BEFORE, BEFORE, AFTER).says("env set", LOST)
        convox.says("env --release RAAAAAAAAA1", "BAR=2\n").says("env --release RBBBBBBBBB1", "BAR=2\nNEW=1\n")

        made = rack.set_env(Environment.of(NEW="1"), replace=False)

        assert NEW == made.id
        assert 1 == len(writes(convox))

    def test_a_write_that_came_to_nothing_is_the_failure(self, hasty_rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """No new release after a lost reply: not done, and still never tried again."""
        convox.says("releases", BEFORE).says("env set", LOST).says("env --release", "BAR=2\n")

        with pytest.raises(Transport):
            hasty_rack.set_env(Environment.of(NEW="1"), replace=False)

        assert 1 == len(writes(convox))

    def test_somebody_elses_release_is_not_taken_for_ours(self, hasty_rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """A new release with another env is not what we sent."""
        convox.says("releases", BEFORE, AFTER).says("env set", LOST)
        convox.says("env --release RAAAAAAAAA1", "BAR=2\n").says("env --release RBBBBBBBBB1", "BAR=2\nTHEIRS=1\n")

        with pytest.raises(Transport):
            hasty_rack.set_env(Environment.of(NEW="1"), replace=False)

    def test_nobody_can_tell_when_nothing_can_be_read(self, hasty_rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """A lost reply, and then a rack that does not answer."""
        convox.says("releases", BEFORE, answer_of("ps-drop")).says("env set", LOST).says("env --release", "BAR=2\n")

        with pytest.raises(CannotTell) as caught:
            hasty_rack.set_env(Environment.of(NEW="1"), replace=False)

        assert "cannot tell whether the env was set" == caught.value.what

    def test_a_denial_is_told_at_once(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The rack said no: there is nothing to look for."""
        convox.says("releases", BEFORE).says("env set", answer_of("env-set-403")).says("env --release", "BAR=2\n")

        with pytest.raises(Denied):
            rack.set_env(Environment.of(NEW="1"), replace=False)

        assert 1 == sum(line.startswith("releases") for line in convox.lines)

    def test_words_that_nobody_knows_are_no_proof(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """They sound like a refusal, and the release is there all the same."""
        odd = Answer(stderr="Setting NEW... ERROR: the moon is in the wrong place\n", status=1)
        convox.says("releases", BEFORE, BEFORE, AFTER).says("env set", odd)
        convox.says("env --release RAAAAAAAAA1", "BAR=2\n").says("env --release RBBBBBBBBB1", "BAR=2\nNEW=1\n")

        made = rack.set_env(Environment.of(NEW="1"), replace=False)

        assert (NEW, 1) == (made.id, len(writes(convox)))

    def test_nothing_is_never_sent(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """`env set` of nothing makes a release all the same; asking for it is a bug of ours."""
        with pytest.raises(ValueError, match="of nothing"):
            rack.set_env(Environment({}), replace=False)

        assert [] == convox.calls


THEIRS, AGAIN = ReleaseId("RCCCCCCCCC1"), ReleaseId("RDDDDDDDDD1")


def listed(*newest_first: str) -> str:
    """The list of releases with these on top, each of an `env set`."""
    rows = "".join(f"{each}          BAAAAAAAAA1  now          env\n" for each in newest_first)
    return BEFORE.replace("RAAAAAAAAA1  active", f"{rows}RAAAAAAAAA1  active", 1)


class TestSetEnvAtTheSameTimeAsOthers:
    """Base is `A=1` on RAAAAAAAAA1; we set NEW=1 and get RBBBBBBBBB1, they get RCCCCCCCCC1."""

    def given(self, convox: ScriptedConvox, ours: str, theirs: str, *, theirs_is_newest: bool) -> None:
        both = listed(THEIRS, NEW) if theirs_is_newest else listed(NEW, THEIRS)
        convox.says("releases", BEFORE, both, both, listed(AGAIN, NEW, THEIRS))
        convox.says("env set", "RBBBBBBBBB1", "RDDDDDDDDD1").says("env --release RAAAAAAAAA1", "A=1\n")
        convox.says("env --release RBBBBBBBBB1", ours).says("env --release RCCCCCCCCC1", theirs)

    @pytest.mark.parametrize("theirs_is_newest", [False, True])
    def test_neither_update_is_lost(self, rack: ConvoxRack, convox: ScriptedConvox, theirs_is_newest: bool) -> None:
        """Both read the same base, and the later undid the earlier: set once more, with both."""
        self.given(convox, "A=1\nNEW=1\n", "A=1\nTHEIRS=1\n", theirs_is_newest=theirs_is_newest)
        convox.says("env --release RDDDDDDDDD1", "A=1\nNEW=1\nTHEIRS=1\n")

        made = rack.set_env(Environment.of(NEW="1"), replace=False)

        assert AGAIN == made.id
        assert ["env set --id -a myapp", "env set --id --replace -a myapp"] == writes(convox)
        assert "A=1\nNEW=1\nTHEIRS=1\n" == [call.stdin for call in convox.calls if call.line.startswith("env set")][-1]

    def test_nothing_is_set_twice_when_both_arrived(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The CLI has read the newest after them: ours has theirs in it."""
        self.given(convox, "A=1\nNEW=1\nTHEIRS=1\n", "A=1\nTHEIRS=1\n", theirs_is_newest=False)

        made = rack.set_env(Environment.of(NEW="1"), replace=False)

        assert (NEW, 1) == (made.id, len(writes(convox)))

    def test_key_that_they_removed_stays_removed(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """`env unset` is an update too."""
        self.given(convox, "A=1\nNEW=1\n", "\n", theirs_is_newest=False)
        convox.says("env --release RDDDDDDDDD1", "NEW=1\n")

        rack.set_env(Environment.of(NEW="1"), replace=False)

        assert "NEW=1\n" == [call.stdin for call in convox.calls if call.line.startswith("env set")][-1]

    def test_same_key_is_for_people_to_settle(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """They set another value; whose it shall be is not ours to say, and no value is shown."""
        self.given(convox, "A=1\nNEW=ours\n", "A=1\nNEW=theirs\n", theirs_is_newest=False)

        with pytest.raises(EnvFailed, match="RCCCCCCCCC1 has set NEW at the same time") as caught:
            rack.set_env(Environment.of(NEW="ours"), replace=False)

        assert 1 == len(writes(convox))
        assert "theirs" not in str(caught.value)

    def test_it_is_redone_once_only(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """A third one undid it again: keys are named, and a person looks."""
        self.given(convox, "A=1\nNEW=1\n", "A=1\nTHEIRS=1\n", theirs_is_newest=False)
        convox.says("env --release RDDDDDDDDD1", "A=1\nNEW=1\n")

        with pytest.raises(EnvFailed, match="- THEIRS"):
            rack.set_env(Environment.of(NEW="1"), replace=False)

        assert 2 == len(writes(convox))


class TestUnsetEnv:
    """Base is `BAR=2`, `FOO=1` on RAAAAAAAAA1; we take FOO out and get RBBBBBBBBB1, they get RCCCCCCCCC1."""

    def given(self, convox: ScriptedConvox, ours: str, theirs: str = "") -> None:
        after = listed(NEW, THEIRS) if theirs else listed(NEW)
        convox.says("releases", BEFORE, after, after, listed(AGAIN, NEW, THEIRS))
        convox.says("env unset", answer_of("env-unset-id-missing")).says("env set", "RDDDDDDDDD1")
        convox.says("env --release RAAAAAAAAA1", "BAR=2\nFOO=1\n")
        convox.says("env --release RBBBBBBBBB1", ours).says("env --release RCCCCCCCCC1", theirs)

    def test_names_keys_and_reads_back_what_is_left(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """No value is sent at all, neither as an argument nor on stdin."""
        self.given(convox, "BAR=2\n")

        made = rack.unset_env(("FOO",))

        assert (NEW, ["env unset FOO --id -a myapp"]) == (made.id, writes(convox))
        assert [""] == [call.stdin for call in convox.calls if call.line.startswith("env unset")]

    def test_finds_a_key_that_did_not_go(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Status 0 and an id prove nothing."""
        self.given(convox, "BAR=2\nFOO=1\n")

        with pytest.raises(EnvFailed, match=r"\+ FOO"):
            rack.unset_env(("FOO",))

    def test_key_that_they_added_stays(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The CLI has read the newest after them, so nothing needs to be done."""
        self.given(convox, "BAR=2\nTHEIRS=1\n", "BAR=2\nFOO=1\nTHEIRS=1\n")

        made = rack.unset_env(("FOO",))

        assert (NEW, 1) == (made.id, len(writes(convox)))

    def test_key_that_was_lost_between_is_set_again(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Both read the same base, and ours came last: theirs is put back, ours stays out."""
        self.given(convox, "BAR=2\n", "BAR=2\nFOO=1\nTHEIRS=1\n")
        convox.says("env --release RDDDDDDDDD1", "BAR=2\nTHEIRS=1\n")

        made = rack.unset_env(("FOO",))

        assert (AGAIN, "env set --id --replace -a myapp") == (made.id, writes(convox)[-1])
        assert "BAR=2\nTHEIRS=1\n" == [call.stdin for call in convox.calls if call.line.startswith("env set")][-1]

    def test_key_that_they_have_changed_is_for_people_to_settle(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """They want it, we do not."""
        self.given(convox, "BAR=2\n", "BAR=2\nFOO=theirs\n")

        with pytest.raises(EnvFailed, match="RCCCCCCCCC1 has set FOO at the same time"):
            rack.unset_env(("FOO",))

        assert 1 == len(writes(convox))


class TestCopy:
    def test_is_read_back(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The copy is known by the id that was printed, and must have the build and env it was made from."""
        after = AFTER.replace("BAAAAAAAAA1  now", "BAAAAAAAAA0  now")
        convox.says("releases create-from", answer_of("create-from-ids")).says("releases", BEFORE, after)
        convox.says("env", "BAR=2\n")

        made = rack.copy(R0, R1)

        assert NEW == made
        assert ["releases create-from --build-from RAAAAAAAAA0 --env-from RAAAAAAAAA1 -a myapp"] == writes(convox)

    def test_is_not_believed_with_another_build(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The printed id belongs to a release that is not the one that was asked for."""
        convox.says("releases create-from", answer_of("create-from-ids")).says("releases", BEFORE, AFTER)
        convox.says("env", "BAR=2\n")

        with pytest.raises(CannotTell, match="RBBBBBBBBB1 is not a copy of RAAAAAAAAA0"):
            rack.copy(R0, R1)

    def test_that_failed_left_nothing(self, hasty_rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """A 500 and no new release: the rack's trouble, by name."""
        convox.says("releases create-from", answer_of("create-from-create-500")).says("releases", BEFORE)
        convox.says("env", "BAR=2\n")

        with pytest.raises(ServerFault):
            hasty_rack.copy(R0, R1)


class TestCancel:
    def test_names_the_app_twice(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The first argument would win over `-a`, so both say the same."""
        convox.says("apps info", answer_of("apps-info-a")).says("apps cancel", answer_of("cancel"))

        rack.cancel()

        assert ["apps cancel myapp -a myapp"] == writes(convox)

    def test_not_yet_updating_can_be_tried_again_by_the_engine(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The rack says so for seconds after a promote; the adapter itself does not repeat a write."""
        busy = Answer(stderr="ERROR: not currently updating\n", status=1)
        convox.says("apps info", answer_of("apps-info-a")).says("apps cancel", busy)

        with pytest.raises(RackBusy):
            rack.cancel()

        assert 1 == len(writes(convox))

    def test_whose_reply_was_lost_is_seen_in_the_app(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The status changed: the cancel took effect."""
        updating = answer_of("apps-info-updating", file="rack-cases.jsonl")
        rollback = answer_of("apps-info-after-cancel-0", file="rack-cases.jsonl")
        convox.says("apps info", updating, rollback).says("apps cancel", answer_of("ps-drop"))

        rack.cancel()

        assert 1 == len(writes(convox))

    def test_that_changed_nothing_is_the_failure(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """The app is as it was before."""
        updating = answer_of("apps-info-updating", file="rack-cases.jsonl")
        convox.says("apps info", updating).says("apps cancel", answer_of("ps-drop"))

        with pytest.raises(Transport):
            rack.cancel()

    @pytest.mark.parametrize(
        "words", ["you are unauthorized to access this", 'releases.convox.com "r1" not found', "x"]
    )
    def test_whose_copy_failed_is_done(self, rack: ConvoxRack, convox: ScriptedConvox, words: str) -> None:
        """The CLI cancels first, then copies the newest release: only the copy was refused (convox-facts 2.8)."""
        said = "Cancelling deployment of myapp...\nRewriting last active release...\n"
        convox.says("apps info", answer_of("apps-info-updating", file="rack-cases.jsonl"))
        convox.says("apps cancel", Answer(said, f"ERROR: {words}\n", 1))

        rack.cancel()

        assert 1 == len(writes(convox))


class TestConfig:
    def test_travels_on_stdin_and_is_read_back(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """`--value -`, since any other value would be replaced by stdin."""
        convox.says("config set", answer_of("config-set-stdin")).says("config get", '{"a":1}\n')

        rack.config_set("deployer", '{"a":1}')

        call = convox.calls[0]
        assert ("config set deployer --value - -a myapp", '{"a":1}') == (call.line, call.stdin)

    def test_that_is_not_there_is_none(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Nothing was ever kept: not an error."""
        convox.says("config get", Answer(stderr="ERROR: app config not found: deployer\n", status=1))

        assert rack.config_get("deployer") is None

    def test_of_somebody_else_is_not_ours(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """There is no compare-and-swap: what is there afterwards decides."""
        convox.says("config set", answer_of("config-set-stdin")).says("config get", '{"theirs":1}\n')

        with pytest.raises(CannotTell):
            rack.config_set("deployer", '{"a":1}')
