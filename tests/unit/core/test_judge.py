from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.core.judge import Doomed, LostSight, Proven, RackRolledBack, Reason, Superseded, Waiting
from deployer.core.models import Answer, Process, ProofMode
from deployer.core.names import ProcessId, ReleaseId, ShipId
from tests.unit.core.snapshots import (
    API,
    BASE,
    BOTH,
    NEW,
    POLICY,
    TWO,
    answer,
    blind,
    every,
    expected,
    judged,
    rollout,
    row,
    snapshot,
)

MINE, THEIRS = ShipId("20261124-014700-a1b2c3"), ShipId("20261123-120000-d4e5f6")


def reason(judgement: object) -> Reason | None:
    return judgement.reason if isinstance(judgement, Doomed) else None


class TestProven:
    def test_settles_after_the_soak(self) -> None:
        """Every replica answered for itself for the whole soak, and the rack says running: the release is proven."""
        word = judged(every(2, 14, TWO, BOTH))

        assert isinstance(word, Proven)
        assert word.is_settled

    def test_is_not_settled_before_the_soak_is_over(self) -> None:
        """Proven for less than the soak is proven, not settled."""
        word = judged(every(2, 8, TWO, BOTH))

        assert isinstance(word, Proven)
        assert not word.is_settled

    def test_counts_nothing_before_the_rack_shows_the_release(self) -> None:
        """Rows and answers of the release say nothing while the rack still shows the baseline as active (rule R1)."""
        word = judged([snapshot(t, TWO, BOTH, active=BASE) for t in range(1, 40)])

        assert isinstance(word, Waiting)

    def test_needs_an_answer_from_every_replica(self) -> None:
        """One of two processes that never answers for itself keeps the release unproven."""
        word = judged(every(2, 60, TWO, [answer("aaaaa"), answer("aaaaa")]))

        assert isinstance(word, Waiting)
        assert "1 of 2" in word.progress[0].missing

    def test_waits_for_the_old_rows_to_go(self) -> None:
        """A row on another release keeps the release unproven, also when it is only draining."""
        word = judged(every(2, 60, [*TWO, row("old00", release=BASE)], BOTH))

        assert isinstance(word, Waiting)

    def test_an_evicted_old_row_serves_nobody(self) -> None:
        """A `failed` row of the old release does not stand in the way (faults C32)."""
        word = judged(every(2, 14, [*TWO, row("old00", "failed", BASE)], BOTH))

        assert isinstance(word, Proven)

    def test_a_run_pod_on_the_old_release_is_no_replica(self) -> None:
        """A forgotten `convox run` of the old release would block for ever if it counted (faults 0.9)."""
        console = replace(row("x", release=BASE), id=ProcessId("api-abcde"))
        word = judged(every(2, 14, [*TWO, console], BOTH))

        assert isinstance(word, Proven)

    def test_fewer_rows_than_desired_prove_nothing(self) -> None:
        """One replica of two desired is not proven, however well it answers (rule R4)."""
        word = judged(every(2, 60, [row("aaaaa")], [answer("aaaaa")]))

        assert isinstance(word, Waiting)

    def test_nothing_running_proves_nothing(self) -> None:
        """An empty process list is never success (rule R6)."""
        word = judged(every(2, 60, (), ()), rollout(expected(desired=0)))

        assert isinstance(word, Waiting)

    def test_an_empty_list_is_no_sample(self) -> None:
        """No rows at all is also what a lost reply prints: it neither restarts the soak nor dooms (seed 829)."""
        word = judged([*every(2, 8, TWO, BOTH), snapshot(10, ()), snapshot(12, TWO, BOTH)])

        assert isinstance(word, Proven)
        assert 2 == word.since_s

    def test_empty_lists_for_long_are_lost_sight(self) -> None:
        """Nothing but empty lists for ten minutes: nobody can tell, and nothing is rolled back."""
        word = judged([snapshot(2, TWO), *every(2, 700, ())[2:]])

        assert isinstance(word, LostSight)

    def test_a_soak_in_silence_proves_nothing(self) -> None:
        """Once proven, never heard again: no verdict for ten minutes, and then it is told why (faults 3.5)."""
        deaf = [Answer(API, error="timed out")]
        silence = [snapshot(2.0 * n, TWO, deaf) for n in range(2, 303)]

        assert isinstance(judged([snapshot(2, TWO, BOTH), *silence[:200]]), Waiting)
        word = judged([snapshot(2, TWO, BOTH), *silence])

        assert LostSight("no health answer for 602 s (api: timed out)") == word

    def test_one_silent_look_does_not_end_a_long_soak(self) -> None:
        """A soak makes no progress, and need not: the deadline is not its measure."""
        policy = replace(POLICY, soak_s=3600.0)
        word = judged([*every(10, 3000, TWO, BOTH), snapshot(3010, TWO)], policy=policy)

        assert isinstance(word, Proven)
        assert (10, False) == (word.since_s, word.is_settled)

    def test_a_contrary_answer_restarts_the_soak(self) -> None:
        """An answer that names the old release when only new rows are left starts the soak again."""
        calm = every(2, 8, TWO, BOTH)
        stray = snapshot(10, TWO, [*BOTH, answer("zzzzz", BASE)])
        word = judged([*calm, stray, snapshot(12, TWO, BOTH), snapshot(14, TWO, BOTH)])

        assert isinstance(word, Proven)
        assert 12 == word.since_s

    def test_an_error_answer_restarts_the_soak(self) -> None:
        """A 500 in the soak starts it again."""
        bad = snapshot(10, TWO, [*BOTH, answer("aaaaa", None, 500)])
        word = judged([*every(2, 8, TWO, BOTH), bad, snapshot(12, TWO, BOTH)])

        assert isinstance(word, Proven)
        assert 12 == word.since_s

    def test_an_unanswered_question_neither_proves_nor_restarts(self) -> None:
        """A probe that timed out is no sample at all (faults 0.10)."""
        silent = Answer(API, error="timed out")
        word = judged([*every(2, 6, TWO, BOTH), snapshot(8, TWO, [*BOTH, silent]), snapshot(14, TWO, BOTH)])

        assert isinstance(word, Proven)
        assert 2 == word.since_s
        assert word.is_settled

    def test_an_error_answer_restarts_the_soak_also_where_no_row_is_seen(self) -> None:
        """The process list cannot be read, the service can: what it says is heard (seed 6206396879)."""
        looks = [snapshot(t, None if t == 8.0 else TWO, BOTH) for t in (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0)]
        looks[4] = replace(looks[4], answers=(answer("aaaaa", code=503), answer("bbbbb")))

        word, well = judged(looks), judged([*looks[:4], replace(looks[4], answers=BOTH), *looks[5:]])

        assert isinstance(word, Proven)
        assert not word.is_settled
        assert isinstance(well, Proven)
        assert well.is_settled

    def test_a_crash_that_no_look_saw_restarts_the_soak(self) -> None:
        """The process runs in each look and answers well, but was restarted between two counts."""
        looks = every(2, 14, TWO, BOTH)
        counted = [
            replace(looks[1], restarts={TWO[0].id: 1}),
            *looks[2:-1],
            replace(looks[-1], restarts={TWO[0].id: 2}),
        ]
        again = [snapshot(at_s, TWO, BOTH) for at_s in (16, 18)]

        assert isinstance(judged([looks[0], *counted]), Waiting)
        word = judged([looks[0], *counted, *again])
        assert isinstance(word, Proven)
        assert 16 == word.since_s

    def test_a_crash_is_noticed_though_a_look_missed_the_process(self) -> None:
        """A list of some seconds ago has not got it yet; what was counted of it before holds (41549106322)."""
        looks = every(2, 14, TWO, BOTH)
        counted, missed = replace(looks[1], restarts={TWO[0].id: 0}), snapshot(6, TWO[1:], BOTH[1:])
        word = judged([looks[0], counted, missed, *looks[3:-1], replace(looks[-1], restarts={TWO[0].id: 1})])

        assert isinstance(word, Waiting)

    def test_a_process_that_was_started_again_must_answer_again(self) -> None:
        """What it answered before its crash says nothing about what runs in it now (convox-facts 3.7)."""
        looks = every(2, 8, TWO, BOTH)
        counted = replace(looks[1], restarts={TWO[0].id: 0})
        again = [replace(snapshot(10, TWO, BOTH[1:]), restarts={TWO[0].id: 1}), snapshot(12, TWO, BOTH[1:])]
        word = judged([looks[0], counted, *looks[2:], *again])

        assert isinstance(word, Waiting)
        assert "1 of 2" in word.progress[0].missing

    def test_restarts_before_it_was_proven_are_nothing_to_the_soak(self) -> None:
        """A process that waited for its database by crashing once is as good as any."""
        looks = every(2, 14, TWO, BOTH)
        word = judged([*looks[:-1], replace(looks[-1], restarts={TWO[0].id: 3})])

        assert isinstance(word, Proven)
        assert word.is_settled

    def test_a_look_that_waited_long_for_the_rest_is_not_the_last(self) -> None:
        """What it saw has grown old; the next one settles it, and so does one that waits as long (41549111978)."""
        looks = every(2, 10, TWO, BOTH)
        waited = replace(snapshot(20, TWO, BOTH), waited_s=8.0)

        assert [False, True, True] == [
            isinstance(word, Proven) and word.is_settled
            for word in (
                judged([*looks, waited]),
                judged([*looks, waited, snapshot(21, TWO, BOTH)]),
                judged([*looks, waited, replace(waited, at_s=30)]),
            )
        ]

    def test_a_gap_restarts_the_soak(self) -> None:
        """What was not seen for longer than the gap was not soaked."""
        word = judged([*every(2, 8, TWO, BOTH), blind(20), blind(40), snapshot(50, TWO, BOTH)])

        assert isinstance(word, Proven)
        assert 50 == word.since_s

    def test_the_rack_must_say_running_twice(self) -> None:
        """Proven replicas of an app that still says updating soak, but do not settle."""
        word = judged([snapshot(t, TWO, BOTH, status="updating") for t in range(2, 40, 2)])

        assert isinstance(word, Proven)
        assert not word.is_settled

    def test_a_surplus_replica_need_not_be_ready(self) -> None:
        """Autoscaling adds a third that is still starting: two of two desired are enough."""
        word = judged(every(2, 14, [*TWO, row("ccccc", "starting")], BOTH))

        assert isinstance(word, Proven)

    def test_a_restarted_process_must_answer_again(self) -> None:
        """What a process answered before it went down says nothing about what runs in it now."""
        down = snapshot(10, [row("aaaaa", "starting"), row("bbbbb")], [answer("bbbbb")])
        word = judged([*every(2, 8, TWO, BOTH), down, snapshot(12, TWO, [answer("bbbbb")])])

        assert isinstance(word, Waiting)

    def test_a_wrong_stamp_is_no_proof(self) -> None:
        """The right release id with another build's stamp is old code under a new name (faults 0.8)."""
        both = [answer("aaaaa", stamp=THEIRS), answer("bbbbb", stamp=THEIRS)]
        word = judged(every(2, 4, TWO, both), rollout(stamp=MINE))

        assert isinstance(word, Waiting)

    def test_the_first_rounds_pick_the_mode(self) -> None:
        """Where no baseline could be rehearsed on, answers with known process ids make the mode `ids`."""
        word = judged(every(2, 14, TWO, BOTH), rollout(expected(mode=None)))

        assert isinstance(word, Proven)
        assert ProofMode.IDS is word.progress[0].mode

    @pytest.mark.parametrize(("answers", "proven"), [(6, False), (7, True)])
    def test_sampled_needs_enough_answers_in_a_row(self, answers: int, proven: bool) -> None:
        """Two replicas that cannot be told apart need seven answers in a row for 99 % (faults 3.5)."""
        heard = [Answer(API, 200, NEW) for _ in range(answers)]
        word = judged([snapshot(2, TWO, heard)], rollout(expected(ProofMode.SAMPLED)))

        assert proven is isinstance(word, Proven)

    def test_ps_alone_is_enough_where_nothing_can_be_asked(self) -> None:
        """A service in mode `ps` is proven by its rows."""
        word = judged(every(2, 14, TWO), rollout(expected(ProofMode.PS)))

        assert isinstance(word, Proven)

    @pytest.mark.parametrize(("until_s", "settled"), [(4, False), (8, True)])
    def test_a_glimpse_is_not_enough_where_nothing_can_be_asked(self, until_s: float, *, settled: bool) -> None:
        """Between two crashes the process list calls it running too, however short a soak is asked for (8417449593)."""
        word = judged(every(2, until_s, TWO), rollout(expected(ProofMode.PS)), replace(POLICY, soak_s=0.0))

        assert isinstance(word, Proven)
        assert settled is word.is_settled

    def test_a_process_that_nobody_can_ask_must_not_crash_beside_enough_others(self) -> None:
        """In the next look it may be another one that is down: each has enough of them running (3558412820)."""
        word = judged(every(2, 14, (*TWO, row("ccccc", "crashed"))), rollout(expected(ProofMode.PS)))

        assert isinstance(word, Waiting)
        assert "a process of api crashed" in word.progress[0].missing

    def test_whoever_answers_needs_no_soak(self) -> None:
        """Without a soak, an answer of every process is enough."""
        word = judged(every(2, 4, TWO, BOTH), policy=replace(POLICY, soak_s=0.0))

        assert isinstance(word, Proven)
        assert word.is_settled


class TestDoomed:
    def test_all_crashed_twice_dooms_at_once(self) -> None:
        """All new processes crashed in two looks and none ever ran: no use waiting."""
        crashed = [row("aaaaa", "crashed"), row("bbbbb", "crashed")]
        word = judged([snapshot(2, [row("aaaaa", "starting")]), snapshot(4, crashed), snapshot(6, crashed)])

        assert Reason.CRASH_LOOP is reason(word)

    def test_two_looks_at_the_same_moment_are_one(self) -> None:
        """After a read that took its whole deadline the next look comes at once: it has seen the same crash."""
        crashed = [row("aaaaa", "crashed"), row("bbbbb", "crashed")]
        word = judged([snapshot(2, [row("aaaaa", "starting")]), snapshot(14, crashed), snapshot(14.2, crashed)])

        assert isinstance(word, Waiting)

    def test_one_crashed_look_does_not_doom(self) -> None:
        """A single sighting may be a blip."""
        word = judged([snapshot(2, [row("aaaaa", "crashed"), row("bbbbb", "crashed")])])

        assert isinstance(word, Waiting)

    def test_a_service_of_which_nothing_runs_any_more_dooms_soon(self) -> None:
        """Ran first, and all crashed for a while since: its next start is 10 s off, and so is the one after."""
        ran = every(2, 10, TWO, BOTH)
        crashed = [row("aaaaa", "crashed"), row("bbbbb", "crashed")]

        early = judged([*ran, snapshot(12, crashed), snapshot(14, crashed)])
        late = judged(
            [*ran, snapshot(12, crashed), snapshot(14, crashed), snapshot(16, crashed), snapshot(18, crashed)]
        )

        assert (None, Reason.CRASH_LOOP) == (reason(early), reason(late))

    def test_half_a_service_that_runs_is_not_doomed_so_soon(self) -> None:
        """While another process serves there is time to see whether the crashed one comes back."""
        ran = every(2, 10, TWO, BOTH)
        half = [row("aaaaa"), row("bbbbb", "crashed")]

        assert None is reason(judged([*ran, *(snapshot(t, half, BOTH) for t in (12, 14, 16, 18))]))

    def test_a_flickering_crash_loop_dooms_on_its_second_crash(self) -> None:
        """`crashed` reads `starting` at each retry: sightings count, not an unbroken run (convox-facts 10.1)."""
        states = ["crashed", *["starting"] * 4, "crashed"]
        word = judged([snapshot(2 * n, [row("aaaaa"), row("bbbbb", s)]) for n, s in enumerate(states, 1)])

        assert Reason.CRASH_LOOP is reason(word)
        assert isinstance(word, Doomed)
        assert "api-6f4d-bbbbb" == word.process

    def test_one_crash_that_an_old_list_shows_again_is_one(self) -> None:
        """No process is restarted so soon that it crashes twice within some seconds (seed 6342813210)."""
        states = ["crashed", "starting", "crashed", "starting"]
        word = judged([snapshot(2 * n, [row("aaaaa"), row("bbbbb", s)]) for n, s in enumerate(states, 1)])

        assert isinstance(word, Waiting)

    def test_one_that_stays_crashed_dooms_after_the_patience(self) -> None:
        """One bad replica of two is doom when it stays crashed."""
        rows = [row("aaaaa"), row("bbbbb", "crashed")]

        assert isinstance(judged(every(2, 16, rows)), Waiting)
        assert Reason.CRASH_LOOP is reason(judged(every(2, 18, rows)))

    def test_a_service_that_was_crashing_before_is_not_doomed_by_it(self) -> None:
        """What was broken before is no evidence about the release."""
        word = judged(every(2, 60, [row("aaaaa", "crashed")]), rollout(expected(was_crashing=True)))

        assert isinstance(word, Waiting)

    def test_old_rows_never_doom(self) -> None:
        """An old process that crashes while it is replaced says nothing about the release."""
        rows = [row("aaaaa", "starting"), row("old00", "crashed", BASE)]
        word = judged(every(2, 60, rows))

        assert isinstance(word, Waiting)

    def test_starting_past_its_budget_dooms(self) -> None:
        """Never ready: `starting` for longer than grace, three intervals and a minute."""
        rows = [row("aaaaa", "starting"), row("bbbbb", "starting")]

        assert isinstance(judged(every(5, 120, rows)), Waiting)
        assert Reason.NEVER_READY is reason(judged(every(5, 130, rows)))

    def test_pending_is_given_longer(self) -> None:
        """A cluster may add nodes: `pending` dooms after five minutes only."""
        rows = [row("aaaaa", "pending"), row("bbbbb", "pending")]

        assert isinstance(judged(every(5, 300, rows)), Waiting)
        assert Reason.NEVER_READY is reason(judged(every(5, 310, rows)))

    def test_errors_on_every_replica_doom(self) -> None:
        """All rows run, and more than a tenth of twenty answers and more are 5xx."""
        bad = [answer("aaaaa", None, 500), answer("bbbbb", None, 503)]

        assert Reason.FAILING is reason(judged(every(2, 40, TWO, bad)))

    def test_a_burst_of_errors_does_not_doom(self) -> None:
        """Five seconds of nothing but 503 in the middle of a good soak: a balancer's hiccup, not the release."""
        bad = [answer("aaaaa", None, 503), answer("bbbbb", None, 503)] * 4
        burst = [snapshot(t, TWO, bad) for t in (22.0, 24.0, 26.0)]
        word = judged([*every(2, 20, TWO, BOTH), *burst, *(snapshot(t, TWO, BOTH) for t in range(28, 80, 2))])

        assert isinstance(word, Proven)

    @pytest.mark.parametrize(("bursts", "doomed"), [(2, False), (3, True)])
    def test_errors_that_come_back_again_and_again_doom(self, bursts: int, *, doomed: bool) -> None:
        """Eight seconds of 503 and eight of health by turns are no hiccup, although each stretch is soon over."""
        bad = [answer("aaaaa", None, 503), answer("bbbbb", None, 503)] * 4
        turns = [
            snapshot(16.0 * n + t, TWO, BOTH * 4 if t <= 8 else bad) for n in range(bursts) for t in (2, 4, 8, 12, 16)
        ]
        word = judged([*turns, *(snapshot(16.0 * bursts + t, TWO, BOTH * 4) for t in (2, 4, 6, 8))])
        at_once = judged(turns)

        assert (Reason.FAILING if doomed else None) is reason(at_once)
        assert isinstance(word, Proven)  # what is well again is not doomed by what is over

    def test_stretches_are_counted_over_times_in_which_a_process_is_down(self) -> None:
        """The rack takes a process that answers 503 out of rotation, which is no clean record for when it is back."""
        bad = [answer("aaaaa", None, 503), answer("bbbbb", None, 503)] * 4
        down = (row("aaaaa"), row("bbbbb", "starting"))
        turn = ((2, TWO, BOTH * 4), (4, TWO, bad), (6, TWO, bad), (8, down, ()))
        looks = [snapshot(8.0 * n + t, rows, said) for n in range(3) for t, rows, said in turn]

        assert None is reason(judged(looks[:-3]))
        assert Reason.FAILING is reason(judged(looks[:-2]))

    @pytest.mark.parametrize(("falls", "apart_s", "doomed"), [(2, 20.0, False), (3, 20.0, True), (3, 310.0, False)])
    def test_a_process_that_goes_down_over_and_over_dooms(self, falls: int, apart_s: float, *, doomed: bool) -> None:
        """Ready, not ready, and ready again: three times, while progress is still expected, is no slow start."""
        down = (row("aaaaa"), row("bbbbb", "starting"))
        turn = ((2, TWO, BOTH), (apart_s - 4, TWO, BOTH), (apart_s - 2, down, BOTH[:1]))
        looks = [snapshot(apart_s * n + t, rows, said) for n in range(falls) for t, rows, said in turn]

        assert (Reason.FLAPPING if doomed else None) is reason(judged(looks))
        assert None is reason(judged([*looks, snapshot(apart_s * falls, TWO, BOTH)]))

    @pytest.mark.parametrize("said", [BOTH, ()], ids=["it answers", "nobody answers"])
    def test_a_process_list_that_is_now_and_then_old_dooms_nobody(self, said: tuple[Answer, ...]) -> None:
        """It shows a process as it was before it was ready, over and over; the process itself answers (70002814)."""
        old = (row("aaaaa"), row("bbbbb", "starting"))
        looks = [snapshot(4.0 * n + t, rows, said) for n in range(9) for t, rows in ((2, TWO), (4, old))]

        assert None is reason(judged(looks))

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ((row("aaaaa"), row("bbbbb", "starting")), BOTH[:1]),
            ((row("aaaaa"), row("bbbbb", "starting")), ()),
            (TWO, (answer("aaaaa", None, 503), *BOTH)),
            ((*TWO, row("ccccc", release=BASE)), BOTH),
        ],
        ids=["one is down", "down and nothing is heard", "a 503", "a row of the old release"],
    )
    def test_a_trifle_late_in_a_long_soak_is_no_end(self, rows: tuple[Process, ...], said: tuple[Answer, ...]) -> None:
        """A soak makes no progress, however long it is; what comes in it restarts it, and that is all."""
        policy = replace(POLICY, soak_s=1500.0)
        looks = [*every(2, 1400, TWO, BOTH), snapshot(1402, rows, said)]
        again = [snapshot(1404 + 2 * n, TWO, BOTH) for n in range(9)]

        assert isinstance(judged(looks, policy=policy), Waiting)
        word = judged([*looks, *again], policy=policy)
        assert isinstance(word, Proven)
        assert not word.is_settled

    def test_a_trifle_after_the_cap_is_left_to_people(self) -> None:
        """It has served for half an hour, and was never well for the whole soak: not known to be bad, nor good."""
        policy = replace(POLICY, soak_s=1500.0)
        down = (row("aaaaa"), row("bbbbb", "starting"))
        first, second = every(2, 1400, TWO, BOTH), [snapshot(1404 + 2 * n, TWO, BOTH) for n in range(300)]
        word = judged([*first, snapshot(1402, down, BOTH[:1]), *second, snapshot(2004, down, BOTH[:1])], policy=policy)

        assert isinstance(word, LostSight)
        assert "not for the whole soak" in word.why

    @pytest.mark.parametrize("rows", [(row("aaaaa"), row("bbbbb", "pending")), None], ids=["changed", "not awake yet"])
    def test_time_slept_through_is_no_time_without_progress(self, rows: tuple[Process, ...] | None) -> None:
        """On waking, the first look may find another count of processes, or no network yet (faults F49; 3558412739)."""
        before = every(2, 30, TWO, BOTH)
        wakes = blind(1230) if rows is None else snapshot(1230, rows, BOTH[:1])
        policy = replace(POLICY, soak_s=60.0)

        assert isinstance(judged([*before, wakes], policy=policy), Waiting)
        assert isinstance(
            judged([*before, wakes, *(snapshot(1232 + t, TWO, BOTH) for t in (0, 2))], policy=policy), Proven
        )

    def test_looks_that_hang_are_no_sleep(self) -> None:
        """Each read takes its whole deadline, over and over: that ends, as every wait does (16579842390)."""
        word = judged([*every(2, 30, TWO, BOTH), *(blind(30 + 45.0 * n) for n in range(1, 20))])

        assert isinstance(word, LostSight)

    def test_what_was_seen_before_a_sleep_is_not_judged_after_it(self) -> None:
        """A look that began before it tells of a process that was pending then (16579840445)."""
        pending = (row("aaaaa"), row("bbbbb", "pending"))
        word = judged([*every(2, 30, pending, BOTH[:1]), snapshot(1230, pending, BOTH[:1])])

        assert isinstance(word, Waiting)

    def test_a_surplus_process_may_go_down_as_often_as_it_likes(self) -> None:
        """Enough others run all the time."""
        looks = [
            snapshot(4.0 * n + t, (*TWO, row("ccccc", how)))
            for n in range(9)
            for t, how in ((2, "running"), (4, "starting"))
        ]

        assert None is reason(judged(looks))

    def test_rare_errors_never_doom_however_often_they_come(self) -> None:
        """A single 503 now and then, less than a tenth of all answers, is what balancers do."""
        looks = [
            snapshot(2.0 * n, TWO, (*BOTH * 4, answer("aaaaa", None, 503)) if n % 4 == 1 else BOTH * 4)
            for n in range(1, 60)
        ]

        assert None is reason(judged(looks))
        assert None is reason(judged(looks[:-2]))

    def test_errors_as_frequent_as_before_do_not_doom(self) -> None:
        """What failed on the baseline already is not the release's doing."""
        bad = [answer("aaaaa", None, 500), answer("bbbbb", None, 503)]

        assert isinstance(judged(every(2, 40, TWO, bad), rollout(expected(tolerable_share=1.0))), Waiting)

    def test_no_answers_do_not_doom(self) -> None:
        """Probes that get no answer are never counted against the release."""
        silent = [Answer(API, error="timed out")] * 4

        assert isinstance(judged(every(2, 120, TWO, silent)), Waiting)

    def test_wrong_code_dooms_in_three_rounds(self) -> None:
        """A replica of the release that answers for another one, by its own id, three rounds long."""
        wrong = [answer("aaaaa"), replace(answer("bbbbb"), release=BASE)]

        assert isinstance(judged(every(2, 4, TWO, wrong)), Waiting)
        assert Reason.WRONG_CODE is reason(judged(every(2, 6, TWO, wrong)))

    def test_a_wrong_answer_without_an_id_never_dooms(self) -> None:
        """It may come from a cache or a draining process."""
        wrong = [Answer(API, 200, BASE)] * 4

        assert isinstance(judged(every(2, 60, TWO, wrong)), Waiting)

    def test_blind_looks_in_between_put_the_end_off_once_only(self) -> None:
        """Three looks of four see nothing: ten minutes are forgiven, not all that time, or it would never end."""
        one, heard = [row("aaaaa")], [answer("aaaaa")]
        seen = [snapshot(10.0 * n, one if n % 4 == 1 else None, heard) for n in range(1, 130)]

        assert isinstance(judged(seen[:117]), Waiting)
        assert Reason.STUCK is reason(judged(seen))

    def test_no_progress_dooms_when_processes_are_missing(self) -> None:
        """Ten minutes without a new best count: stuck."""
        assert Reason.STUCK is reason(judged(every(10, 640, [row("aaaaa")], [answer("aaaaa")])))

    def test_who_may_start_longer_is_waited_for_longer(self) -> None:
        """A start budget beyond the ten minutes is not cut short by them; once it is over, it dooms."""
        slow = rollout(replace(expected(), start_budget_s=900.0))
        starting = (row("aaaaa"), row("bbbbb", "starting"))

        assert isinstance(judged(every(10, 890, starting, [answer("aaaaa")]), slow), Waiting)
        assert Reason.NEVER_READY is reason(judged(every(10, 920, starting, [answer("aaaaa")]), slow))

    def test_no_progress_with_all_running_is_lost_sight(self) -> None:
        """All run but the front door never answers for them: nothing is rolled back for that."""
        other = [Answer(API, 200, BASE)]

        assert isinstance(judged(every(10, 640, TWO, other)), LostSight)


class TestNotOurs:
    def test_a_third_release_supersedes(self) -> None:
        """Neither ours nor the baseline is active: somebody else promoted."""
        word = judged([snapshot(2, TWO, active=ReleaseId("RTHEIRS"))])

        assert Superseded(ReleaseId("RTHEIRS")) == word

    def test_back_on_the_baseline_is_a_rollback_of_the_rack(self) -> None:
        """The release was active, and the baseline is again."""
        word = judged([snapshot(2, TWO), snapshot(4, TWO, active=BASE)])

        assert isinstance(word, RackRolledBack)

    def test_status_rollback_is_a_rollback_of_the_rack(self) -> None:
        """The rack says so itself."""
        word = judged([snapshot(2, TWO, status="updating"), snapshot(4, TWO, status="rollback")])

        assert isinstance(word, RackRolledBack)

    def test_three_denied_reads_are_lost_sight(self) -> None:
        """A credential that expired mid-run ends the watch, and nothing is rolled back."""
        word = judged([snapshot(2, TWO), *(blind(t, is_denied=True) for t in (4, 6, 8))])

        assert isinstance(word, LostSight)

    def test_a_silent_rack_is_lost_sight_after_ten_minutes(self) -> None:
        """No rack read answered: unknown, never doom."""
        dark = [blind(float(t)) for t in range(10, 700, 10)]

        assert isinstance(judged([snapshot(2, TWO, BOTH), *dark[:58]]), Waiting)
        assert isinstance(judged([snapshot(2, TWO, BOTH), *dark]), LostSight)

    def test_a_rack_that_never_says_running_is_lost_sight(self) -> None:
        """All is proven, and the status stays `unknown`: no wait is without an end (I12)."""
        stuck = [snapshot(float(t), TWO, BOTH, status="unknown") for t in range(2, 616, 2)]

        assert isinstance(judged(stuck[:300]), Proven)
        word = judged(stuck)

        assert isinstance(word, LostSight)
        assert "does not say running for 612 s: unknown" in word.why

    def test_ignorance_alone_never_dooms(self) -> None:
        """Every read and every probe fails, for ever: the word is never doomed (I6)."""
        words = [judged([snapshot(2, [row("aaaaa", "starting")]), *map(blind, range(3, n))]) for n in range(3, 900, 50)]

        assert not any(isinstance(word, Doomed) for word in words)

    def test_blind_time_does_not_count_towards_the_deadline(self) -> None:
        """Nine minutes of blindness are taken off the ten without progress."""
        policy = replace(POLICY, blind_s=10_000.0)
        word = judged(
            [snapshot(2, [row("aaaaa")]), *map(blind, range(10, 550, 10)), snapshot(620, [row("aaaaa")])], policy=policy
        )

        assert isinstance(word, Waiting)
