"""What is remembered on the rack, and on this machine where the rack does not take it."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deployer.core.errors import Denied, RackFailure, Refused, Transport
from deployer.core.names import AppName, RackName, ReleaseId, ShipId
from deployer.engine.ports import LockNote
from deployer.ledger.book import Book
from deployer.ledger.local_file import LocalFile
from deployer.ledger.rack_ledger import CONFIG, RackLedger
from deployer.testing.clock import ManualClock

from .events import APP, RACK
from .test_book import ENTRY, NOTE, SHIP, an_entry

OTHER = ShipId("20261124-120500-ffffff")


@dataclass
class Configs:
    """A rack's app configs, with the failures that a rack or a credential may have."""

    texts: dict[str, str] = field(default_factory=dict)
    get_fails: RackFailure | None = None
    set_fails: RackFailure | None = None
    gets: int = 0
    sets: int = 0

    def config_get(self, name: str) -> str | None:
        self.gets += 1
        if self.get_fails:
            raise self.get_fails
        return self.texts.get(name)

    def config_set(self, name: str, text: str) -> None:
        self.sets += 1
        if self.set_fails:
            raise self.set_fails
        self.texts[name] = text


@pytest.fixture
def configs() -> Configs:
    return Configs()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def a_ledger(configs: Configs, root: Path, clock: ManualClock | None = None) -> RackLedger:
    return RackLedger(configs, LocalFile(root, RACK, APP), clock or ManualClock())


def local_text(root: Path) -> str:
    return (root / "ledger" / "acme.production" / "demo.json").read_text()


def test_a_proven_release_is_known_to_every_machine(configs: Configs, tmp_path: Path) -> None:
    """It is on the rack, and a machine that never shipped finds it there."""
    a_ledger(configs, tmp_path / "one").record_proven(ENTRY)

    other = a_ledger(configs, tmp_path / "other")

    assert (ENTRY,) == other.proven()
    assert "" == other.trouble


def test_a_new_rack_has_no_ledger_and_looking_makes_none(configs: Configs, tmp_path: Path) -> None:
    """Observers change nothing, here or there."""
    ledger = a_ledger(configs, tmp_path)

    assert ((), None, "") == (ledger.proven(), ledger.holder(), ledger.trouble)
    assert ({}, []) == (configs.texts, list(tmp_path.iterdir()))


def test_each_write_begins_with_a_read(configs: Configs, tmp_path: Path) -> None:
    """What another machine wrote in the meantime is not lost."""
    one, other = a_ledger(configs, tmp_path / "one"), a_ledger(configs, tmp_path / "other")

    one.record_proven(an_entry("RA", 1))
    other.record_proven(an_entry("RB", 2))
    one.record_gone_back(ReleaseId("RB"))

    assert (an_entry("RB", 2, gone_back_from=True), an_entry("RA", 1)) == other.proven()


@pytest.mark.parametrize("failure", [Denied("forbidden"), Transport("dropped")])
def test_where_the_rack_cannot_be_read_this_machine_remembers(
    configs: Configs, tmp_path: Path, failure: RackFailure
) -> None:
    """A rollback must know what was proven, also when configs are denied."""
    a_ledger(configs, tmp_path).record_proven(an_entry("RA", 1))
    configs.get_fails = failure
    ledger = a_ledger(configs, tmp_path)

    ledger.record_proven(an_entry("RB", 2))
    ledger.take_lock(NOTE)

    assert (an_entry("RB", 2), an_entry("RA", 1)) == ledger.proven()
    assert NOTE == ledger.holder()
    assert f"the rack's ledger cannot be read, it is kept here: {failure}" == ledger.trouble
    assert 1 == configs.sets


def test_a_rack_that_denies_is_not_asked_again_and_one_that_stumbles_is(configs: Configs, tmp_path: Path) -> None:
    """A denial lasts as long as the credential; a dropped connection may be over by the next look."""
    configs.get_fails = Denied("forbidden")
    denied = a_ledger(configs, tmp_path)
    for _ in range(3):
        denied.proven()
    assert 1 == configs.gets

    configs.get_fails = Transport("dropped")
    stumbling = a_ledger(configs, tmp_path)
    stumbling.proven()
    configs.get_fails = None
    stumbling.proven()

    assert "" == stumbling.trouble


def test_where_the_rack_cannot_be_written_this_machine_keeps_the_lock(configs: Configs, tmp_path: Path) -> None:
    """A credential that may only read still keeps two runs of this machine apart, and says so."""
    configs.set_fails = Denied("forbidden")
    ledger = a_ledger(configs, tmp_path)

    ledger.take_lock(NOTE)
    ledger.record_proven(ENTRY)

    assert NOTE == a_ledger(configs, tmp_path).holder()
    assert (ENTRY,) == a_ledger(configs, tmp_path).proven()
    assert "the rack's ledger cannot be written, it is kept here: forbidden" == ledger.trouble
    assert {} == configs.texts


@pytest.mark.parametrize("text", ["{", '{"v": 2, "proven": [], "lock": {}}', '{"mine": 1}', "\0"])
def test_what_we_do_not_understand_is_never_written_over(configs: Configs, tmp_path: Path, text: str) -> None:
    """A newer deployer, or somebody who had a config of that name."""
    configs.texts[CONFIG] = text
    ledger = a_ledger(configs, tmp_path)

    ledger.record_proven(ENTRY)
    ledger.take_lock(NOTE)
    ledger.release_lock(SHIP)

    assert {CONFIG: text} == configs.texts
    assert (ENTRY,) == ledger.proven()
    assert ledger.trouble.startswith("the rack's ledger is left alone")


def test_what_others_keep_in_the_config_stays(configs: Configs, tmp_path: Path) -> None:
    """Fields of a later version that is still version 1, say."""
    configs.texts[CONFIG] = json.dumps({"v": 1, "theirs": [1, 2], "proven": ["odd"]})
    ledger = a_ledger(configs, tmp_path)

    ledger.record_proven(ENTRY)
    ledger.take_lock(NOTE)
    ledger.release_lock(SHIP)

    data = json.loads(configs.texts[CONFIG])
    assert ([1, 2], "odd") == (data["theirs"], data["proven"][-1])
    assert "parts of the rack's ledger cannot be read" == ledger.trouble


def test_the_lock_is_seen_by_others_until_it_is_released(configs: Configs, tmp_path: Path) -> None:
    """Who, since when, what and where to look."""
    one, other = a_ledger(configs, tmp_path / "one"), a_ledger(configs, tmp_path / "other")

    one.take_lock(NOTE)
    assert NOTE == other.holder()

    one.release_lock(SHIP)
    assert other.holder() is None


def test_a_lock_that_has_expired_is_nobody_s(configs: Configs, tmp_path: Path, clock: ManualClock) -> None:
    """A killed run must not lock an app for ever; a note without a zone is in UTC."""
    ledger = a_ledger(configs, tmp_path, clock)
    ledger.take_lock(replace(NOTE, expires="2026-11-24T12:30:00"))

    clock.advance(29 * 60)
    assert ledger.holder() is not None

    clock.advance(60)
    assert ledger.holder() is None


def test_whoever_is_taken_over_is_named(configs: Configs, tmp_path: Path, clock: ManualClock) -> None:
    """A run that died and was forgotten leaves a record with the one that comes after it."""
    ledger = a_ledger(configs, tmp_path, clock)
    stale = replace(NOTE, expires=clock.utc().isoformat())

    assert ledger.take_lock(stale) is None
    assert ledger.holder() is None
    assert stale == ledger.take_lock(replace(NOTE, ship=OTHER))


def test_an_intent_is_kept_with_the_lock(configs: Configs, tmp_path: Path) -> None:
    """What is promoted over what; taking one's own lock again takes it over from nobody."""
    note = replace(NOTE, promoting=ReleaseId("RNEW"), over=ReleaseId("ROLD"))
    ledger = a_ledger(configs, tmp_path)
    ledger.take_lock(NOTE)

    assert ledger.take_lock(note) is None
    assert note == a_ledger(configs, tmp_path / "elsewhere").holder()


def test_a_lock_that_was_taken_over_is_not_released(configs: Configs, tmp_path: Path) -> None:
    """A rollback takes the lock from a ship, whose end must not free it."""
    ship, rollback = a_ledger(configs, tmp_path / "one"), a_ledger(configs, tmp_path / "other")
    taken_over = LockNote(OTHER, "bob", NOTE.since, NOTE.expires, "rollback demo")
    ship.take_lock(NOTE)
    rollback.take_lock(taken_over)

    ship.release_lock(SHIP)

    assert taken_over == ship.holder()


def test_a_lock_that_was_taken_over_does_not_come_back(configs: Configs, tmp_path: Path) -> None:
    """A killed ship left its note here when the rack did not take it; a rollback takes it over on the rack."""
    configs.set_fails = Transport("dropped")
    a_ledger(configs, tmp_path).take_lock(NOTE)
    configs.set_fails = None
    ledger = a_ledger(configs, tmp_path)

    ledger.take_lock(replace(NOTE, ship=OTHER))
    ledger.release_lock(OTHER)

    assert ledger.holder() is None


def test_a_lock_that_was_kept_here_is_released_here(configs: Configs, tmp_path: Path) -> None:
    """The rack could not take it, and can be written again by the end."""
    configs.set_fails = Transport("dropped")
    ledger = a_ledger(configs, tmp_path)
    ledger.take_lock(NOTE)
    configs.set_fails = None

    ledger.release_lock(SHIP)

    assert ledger.holder() is None


def test_releasing_what_nobody_holds_writes_nothing(configs: Configs, tmp_path: Path) -> None:
    """A write to a rack is never made for nothing."""
    ledger = a_ledger(configs, tmp_path)

    ledger.release_lock(SHIP)
    ledger.record_gone_back(ReleaseId("RZ"))

    assert (0, []) == (configs.sets, list(tmp_path.iterdir()))


def test_the_mirror_is_ours_alone_and_replaced_as_a_whole(configs: Configs, tmp_path: Path) -> None:
    """0600, and no half-written file beside it."""
    a_ledger(configs, tmp_path).record_proven(ENTRY)

    (file,) = (tmp_path / "ledger" / "acme.production").iterdir()

    assert ("demo.json", 0o600) == (file.name, stat.S_IMODE(file.stat().st_mode))
    assert (ENTRY,) == Book.parse(local_text(tmp_path)).proven


def test_a_mirror_that_cannot_be_written_is_said_and_no_more(configs: Configs, tmp_path: Path) -> None:
    """A read-only home must not end a ship whose ledger is on the rack."""
    (tmp_path / "ledger").write_text("in the way")
    ledger = a_ledger(configs, tmp_path)

    ledger.record_proven(ENTRY)

    assert (ENTRY,) == ledger.proven()
    assert "the ledger of this machine cannot be read: Not a directory" == ledger.trouble


@pytest.mark.parametrize("raw", [b"{", b'{"v": 9}', b"\xff\xfe"])
def test_a_mirror_that_we_do_not_understand_is_left_alone(configs: Configs, tmp_path: Path, raw: bytes) -> None:
    """A newer deployer on the same machine."""
    a_ledger(configs, tmp_path).record_proven(ENTRY)
    file = tmp_path / "ledger" / "acme.production" / "demo.json"
    file.write_bytes(raw)
    ledger = a_ledger(configs, tmp_path)

    ledger.record_proven(an_entry("RB", 1))

    assert raw == file.read_bytes()
    assert (an_entry("RB", 1), ENTRY) == ledger.proven()
    assert ledger.trouble.startswith("the ledger of this machine is left alone: it is ")


def test_names_that_could_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    """As for the journal."""
    with pytest.raises(Refused):
        LocalFile(tmp_path, RackName(".."), AppName("demo"))
