"""A run is on disk line by line, whatever happens to the run or to the disk."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.core.errors import Refused
from deployer.core.events import BuildLine, Ended, Event, Intended, Resumed, Said, Started, Wrote
from deployer.core.names import AppName, RackName, ShipId
from deployer.core.summary import DONE, ENV, LOCK
from deployer.core.verdict import Verdict
from deployer.ledger.journal import RESERVE_BYTES, Journal
from deployer.ledger.past import Past, is_at_work, journals, read, run_in, to_take_up
from deployer.testing.clock import ManualClock

from .events import APP, ENDED, INTENDED, RACK, RELEASE, SHIP, STARTED, WROTE, a_look, kept_events


def a_journal(
    root: Path,
    clock: ManualClock | None = None,
    *,
    ship: str = SHIP,
    rack: str = RACK,
    app: str = APP,
    lost: list[str] | None = None,
) -> Journal:
    said: list[str] = [] if lost is None else lost
    return Journal.create(root, RackName(rack), AppName(app), ShipId(ship), clock or ManualClock(), said.append)


def events_in(past: Past) -> list[Event]:
    return [event for _, event in past.lines]


def test_a_run_reads_back_as_it_was(tmp_path: Path) -> None:
    """Every event in order, with the wall clock's time and the monotonic one."""
    clock = ManualClock()
    with a_journal(tmp_path, clock) as journal:
        journal.record(STARTED)
        clock.advance(1.5)
        journal.record(INTENDED)
        journal.record(WROTE)
        journal.record(ENDED)

    past = read(journal.path)

    assert [STARTED, INTENDED, WROTE, ENDED] == events_in(past)
    assert [0.0, 1.5] == [meta.mono_s for meta, _ in past.lines[:2]]
    assert "2026-11-24T12:00:01.500000+00:00" == past.lines[1][0].at.isoformat()
    assert not past.is_torn


def test_the_file_lies_by_rack_app_and_ship_and_is_ours_alone(tmp_path: Path) -> None:
    """One file for each run, readable by nobody else, and nothing else is left beside it."""
    before = os.umask(0)
    try:
        journal = a_journal(tmp_path)
    finally:
        os.umask(before)

    assert tmp_path / "journal" / "acme.production" / "demo" / f"{SHIP}.jsonl" == journal.path
    assert 0o600 == stat.S_IMODE(journal.path.stat().st_mode)
    assert [journal.path] == list(journal.path.parent.iterdir())
    journal.close()


def test_a_line_is_on_disk_before_the_next_thing_happens(tmp_path: Path) -> None:
    """Each line ends in a line break and can be read by another process at once."""
    with a_journal(tmp_path) as journal:
        journal.record(INTENDED)

        line = json.loads(journal.path.read_text())

    assert (1, "intended", "releases promote") == (line["v"], line["event"], line["write"])
    assert {"at", "mono"} <= line.keys()


def test_a_run_is_at_work_until_it_ends(tmp_path: Path) -> None:
    """Asked of the kernel, which knows of a kill as well; what it has written can be read meanwhile."""
    journal = a_journal(tmp_path)
    journal.record(STARTED)
    meanwhile = is_at_work(journal.path), events_in(read(journal.path))
    journal.close()

    assert (True, [STARTED]) == meanwhile
    assert not is_at_work(journal.path)


def test_no_event_has_a_field_that_the_journal_adds() -> None:
    """`at` and `mono` are the journal's own."""
    names = {each.name for kind in get_args(Event) for each in fields(kind)}

    assert not {"v", "event", "at", "mono"} & names


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    """A ship's id stands for one run."""
    a_journal(tmp_path).close()

    with pytest.raises(Refused, match="the journal cannot be kept"):
        a_journal(tmp_path)


def test_nothing_starts_without_a_journal(tmp_path: Path) -> None:
    """A folder that cannot be used is a refusal that says what to do."""
    (tmp_path / "journal").write_text("in the way")

    with pytest.raises(Refused, match="Not a directory") as caught:
        a_journal(tmp_path)

    assert "XDG_STATE_HOME" in caught.value.hint


@pytest.mark.parametrize(("field", "name"), [("ship", "../x"), ("ship", "latest"), ("rack", ".."), ("app", "a/b")])
def test_names_that_are_no_names_are_refused(tmp_path: Path, field: str, name: str) -> None:
    """They would become parts of the path."""
    with pytest.raises(Refused, match="not "):
        a_journal(tmp_path, **{field: name})  # type: ignore[arg-type]

    assert [] == list(tmp_path.iterdir())


def test_build_lines_are_not_kept(tmp_path: Path) -> None:
    """A build's log is long, and the rack has it."""
    with a_journal(tmp_path) as journal:
        journal.record(BuildLine("Step 1/9"))

    assert Past(()) == read(journal.path)


def test_a_look_is_kept_when_it_shows_something_new_and_each_half_minute(tmp_path: Path) -> None:
    """Counts and ages of answers differ at every tick and are no news."""
    clock = ManualClock()
    looks = [a_look(1), a_look(1, answers=9, age_s=0.1), a_look(2), a_look(2, answers=11)]
    with a_journal(tmp_path, clock) as journal:
        for each in looks:
            journal.record(each)
            clock.advance(2)
        clock.advance(30)
        journal.record(looks[3])

    assert [looks[0], looks[2], looks[3]] == events_in(read(journal.path))


@given(st.lists(kept_events, max_size=5), st.data())
def test_a_journal_cut_at_any_byte_is_a_true_beginning(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], data: st.DataObject
) -> None:
    """A kill or a power cut loses the line that was being written, and no other."""
    with a_journal(tmp_path_factory.mktemp("state")) as journal:
        for each in events:
            journal.record(each)
    whole = journal.path.read_bytes()
    size = data.draw(st.integers(0, len(whole)))
    journal.path.write_bytes(whole[:size])
    kept = whole[:size].count(b"\n")

    past = read(journal.path)

    assert events[:kept] == events_in(past)
    assert past.is_torn is not (size == 0 or whole[size - 1 : size] == b"\n")


def test_a_last_line_without_its_bytes_is_torn(tmp_path: Path) -> None:
    """After a power cut a file may have grown without its content: NUL bytes, then the line break or none."""
    with a_journal(tmp_path) as journal:
        journal.record(STARTED)
    whole = journal.path.read_bytes()

    for tail in (b"\0" * 40, b"\0" * 40 + b"\n"):
        journal.path.write_bytes(whole + tail)

        assert [STARTED] == events_in(read(journal.path))
        assert read(journal.path).is_torn


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"garbage", "line 1 is damaged"),
        (b"[1]", "line 1 is damaged"),
        (b'{"v":2,"event":"said"}', "written by another version"),
        (b'{"event":"said"}', "written by another version"),
        (b'{"v":1,"event":"said","step":"a","text":"b"}', "damaged: 'at'"),
        (b'{"v":1,"event":"sung","at":"2026-11-24","mono":1}', "no event is called 'sung'"),
        (b'{"v":1,"event":"said","at":"soon","mono":1}', "line 1 is damaged"),
    ],
)
def test_what_cannot_be_understood_is_said_and_not_guessed(tmp_path: Path, line: bytes, words: str) -> None:
    """`resume` acts on what it reads here."""
    with a_journal(tmp_path) as journal:
        journal.record(STARTED)
    journal.path.write_bytes(line + b"\n" + journal.path.read_bytes())

    with pytest.raises(Refused, match=words):
        read(journal.path)


def test_a_journal_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Nor is a link followed."""
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "there")
    (tmp_path / "there").write_text("")

    for name in ("none.jsonl", "link.jsonl"):
        with pytest.raises(Refused, match="cannot be read"):
            read(tmp_path / name)


def test_journals_of_an_app_are_found_on_any_rack(tmp_path: Path) -> None:
    """By the time in the ship's id; other apps and other files do not count."""
    first = a_journal(tmp_path, ship="20261124-120000-ffffff")
    last = a_journal(tmp_path, ship="20261124-130000-000000", rack="staging")
    a_journal(tmp_path, ship="20261124-140000-000000", app="other").close()
    (last.path.parent / "zzz.jsonl").write_text("")
    (last.path.parent / "20271124-130000-000000.bak").write_text("")
    first.close()
    last.close()

    assert [last.path, first.path] == list(journals(tmp_path, APP))
    assert [first.path] == list(journals(tmp_path, APP, RACK))
    assert [] == list(journals(tmp_path, AppName("never")))


def a_run(root: Path, ship: str, *events: Event) -> None:
    with a_journal(root, ship=ship) as journal:
        for each in (Started(ShipId(ship), "ship", APP, "ada", "0.1.0"), *events):
            journal.record(each)


FIRST, SECOND, THIRD = (f"20261124-1{n}0000-aaaaaa" for n in (2, 3, 4))


class TestToTakeUp:
    def test_the_last_run_that_wrote_something(self, tmp_path: Path) -> None:
        """One that was refused since then, or that found nothing to do, hides nothing."""
        a_run(tmp_path, FIRST, INTENDED)
        a_run(tmp_path, SECOND, Ended(Verdict.BUSY, None, ""))
        a_run(tmp_path, THIRD, Ended(Verdict.REFUSED, None, ""))

        found = to_take_up(tmp_path, APP, RACK, None)

        assert found is not None
        assert (FIRST, RELEASE, None) == (found[0].ship, found[0].promoting, found[0].ended)

    def test_what_was_done_by_hand_hides_no_ship(self, tmp_path: Path) -> None:
        """An env that was set or a lock that is held since then, also where that was cut short: nothing to take up."""
        a_run(tmp_path, FIRST, INTENDED)
        a_run(tmp_path, SECOND, Intended(ENV, "+ A"), Wrote(ENV, DONE, RELEASE), Ended(Verdict.DONE, None, ""))
        a_run(tmp_path, THIRD, Intended(LOCK))

        found = to_take_up(tmp_path, APP, RACK, None)

        assert found is not None
        assert FIRST == found[0].ship

    def test_the_run_that_has_taken_it_up_since(self, tmp_path: Path) -> None:
        """What became of a ship is in the journal of whoever has brought it on."""
        a_run(tmp_path, FIRST, INTENDED)
        a_run(tmp_path, SECOND, Resumed(ShipId(FIRST), RELEASE), ENDED)
        a_run(tmp_path, THIRD, INTENDED)

        found = to_take_up(tmp_path, APP, RACK, ShipId(FIRST))

        assert found is not None
        assert (SECOND, Verdict.SHIPPED) == (found[0].ship, found[0].ended and found[0].ended.verdict)

    def test_no_such_ship(self, tmp_path: Path) -> None:
        """Also where the name leads elsewhere."""
        a_run(tmp_path, FIRST, INTENDED)

        assert to_take_up(tmp_path, APP, RACK, ShipId(SECOND)) is None
        assert to_take_up(tmp_path, APP, RACK, ShipId("../../../etc/passwd")) is None
        assert to_take_up(tmp_path, APP, RackName("elsewhere"), None) is None


def test_what_became_of_a_run_is_read_from_its_journal(tmp_path: Path) -> None:
    """Who did what, when, what it promoted and how it ended."""
    with a_journal(tmp_path) as journal:
        for each in (STARTED, INTENDED, WROTE, ENDED):
            journal.record(each)

    run = run_in(journal.path)

    assert ("ship", "ada", RELEASE, Verdict.SHIPPED) == (run.command, run.actor, run.promoted, run.verdict)
    assert run.began is not None


def test_a_run_without_an_end_has_no_verdict(tmp_path: Path) -> None:
    """Cut short, or still at work: nothing is claimed of it."""
    with a_journal(tmp_path) as journal:
        journal.record(STARTED)

    assert run_in(journal.path).verdict is None


def test_a_journal_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """One damaged file does not hide the history of the others."""
    journal = a_journal(tmp_path)
    journal.close()
    journal.path.write_text("rubbish\n" * 3)

    assert "is damaged" in run_in(journal.path).trouble


def test_journals_come_newest_first(tmp_path: Path) -> None:
    """By the time in the ship's id."""
    made = [a_journal(tmp_path, ship=f"20261124-1{n}0000-000000") for n in (2, 4, 3)]
    for each in made:
        each.close()

    assert [made[1].path, made[2].path, made[0].path] == list(journals(tmp_path, APP))


def test_looking_for_journals_where_there_are_none_makes_no_folder(tmp_path: Path) -> None:
    """`status` and `resume` on a new machine leave it as it was."""
    assert to_take_up(tmp_path / "deployer", APP, RACK, None) is None
    assert [] == list(tmp_path.iterdir())


def test_a_journal_that_others_could_have_planted_is_not_trusted(tmp_path: Path) -> None:
    """Nor is it passed over without a word."""
    with a_journal(tmp_path) as journal:
        journal.path.parent.chmod(0o777)

    with pytest.raises(Refused, match="can be written to by others"):
        to_take_up(tmp_path, APP, RACK, None)


@contextmanager
def no_file_longer_than(limit_bytes: int) -> Iterator[None]:
    """A real limit, only while it is needed: the tests' own output may go to a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_fails_for_good_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    """The system refuses to let the file grow, in the middle of a line: what is there stays whole."""
    lost: list[str] = []
    journal = a_journal(tmp_path, lost=lost)
    journal.record(STARTED)

    with no_file_longer_than(journal.path.stat().st_size + 30):
        journal.record(INTENDED)
        journal.record(WROTE)

    assert journal.is_lost
    assert [os.strerror(errno.EFBIG)] == lost
    assert [STARTED] == events_in(read(journal.path))
    assert not read(journal.path).is_torn
    journal.close()


class FullDisk:
    """Stands in for `os.write` and `os.close`: the disk has `room` bytes left, and closing the reserve gives more."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write, self._close = os.write, os.close

    def write(self, file: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(file, data[: self.room])
        self.room -= written
        return written

    def close(self, file: int) -> None:
        self.room += os.fstat(file).st_size
        self._close(file)


def test_a_full_disk_still_has_room_for_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space kept from the start is freed for what `resume` needs; the rest of the story is left out."""
    lost: list[str] = []
    journal = a_journal(tmp_path, lost=lost)
    disk = FullDisk(room=50)
    monkeypatch.setattr(os, "write", disk.write)
    monkeypatch.setattr(os, "close", disk.close)

    journal.record(STARTED)
    journal.record(Said("watch", "x" * RESERVE_BYTES))
    journal.record(a_look())
    journal.record(INTENDED)
    journal.record(ENDED)

    assert [STARTED, INTENDED, ENDED] == events_in(read(journal.path))
    assert (False, []) == (journal.is_lost, lost)
    monkeypatch.undo()
    journal.close()


def test_a_disk_that_is_full_from_the_start_refuses_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Better no run than one that cannot be picked up; nothing half-made stays behind."""
    monkeypatch.setattr(os, "write", FullDisk(room=RESERVE_BYTES - 1).write)

    with pytest.raises(Refused, match="No space left"):
        a_journal(tmp_path)

    assert [] == [each for each in tmp_path.rglob("*") if each.is_file()]


def test_a_closed_journal_says_that_it_is_lost(tmp_path: Path) -> None:
    """An event after the end is a bug, and still no reason to raise."""
    lost: list[str] = []
    journal = a_journal(tmp_path, lost=lost)
    journal.close()
    journal.close()

    journal.record(ENDED)

    assert 1 == len(lost)
