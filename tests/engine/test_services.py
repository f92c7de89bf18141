"""Apps of several services: each is proven in its own way, and the verdict says in which."""

from __future__ import annotations

import json

import pytest

from deployer.core.events import Looked, Planned
from deployer.core.models import ProofMode
from deployer.core.proof import Progress
from deployer.core.verdict import Verdict
from deployer.testing.programs import Program
from tests.engine.conftest import APP, Stage

PUBLIC = {"port": 8000, "health": {"path": "/health", "interval": 2, "grace": 2, "timeout": 1}}
INTERNAL = {**PUBLIC, "internal": True}
PORTLESS: dict[str, object] = {}


def service(kind: dict[str, object], count: int = 2, command: str = "good") -> dict[str, object]:
    return {"build": ".", "command": command, "scale": {"count": count}, "deployment": {"minimum": 100}, **kind}


def has(stage: Stage, **services: dict[str, object]) -> None:
    """What is built from here on has these services; the command `program` stands for what is shipped."""
    text = json.dumps({"services": services})
    stage.rack.convox_yml = lambda program: text.replace('"program"', f'"{program}"')


@pytest.fixture
def mixed(stage: Stage) -> Stage:
    """A public, an internal and a portless service, shipped and at rest."""
    has(stage, api=service(PUBLIC), admin=service(INTERNAL, 1), worker=service(PORTLESS, 3, "program"))
    assert 0 == stage.ship("good").verdict.status
    stage.rest()
    return stage


def progress(stage: Stage) -> dict[str, Progress]:
    """As the last look of the watch had it."""
    return {each.service: each for each in stage.sink.of(Looked)[-1].progress}


class TestHow:
    def test_each_service_in_its_own_way(self, mixed: Stage) -> None:
        """Who can be asked is asked; of the others the process list is all there is, and the verdict says so."""
        ended = mixed.ship("better")

        assert Verdict.SHIPPED is ended.verdict
        assert f"{ended.release} serves on 6 of 6 processes; admin, worker by the process list alone" == ended.serving
        assert {"api": ProofMode.IDS, "admin": ProofMode.PS, "worker": ProofMode.PS} == {
            name: each.mode for name, each in progress(mixed).items()
        }

    def test_the_plan_says_so_before(self, mixed: Stage) -> None:
        """Rehearsed on what serves."""
        mixed.ship("better")

        modes = {each.name: each.mode for each in mixed.sink.of(Planned)[0].plan.services}
        assert {"api": ProofMode.IDS, "admin": ProofMode.PS, "worker": ProofMode.PS} == modes

    def test_nobody_to_ask_must_be_accepted(self, stage: Stage) -> None:
        """Where the process list would be the only proof it is asked for by name."""
        has(stage, worker=service(PORTLESS))

        assert Verdict.REFUSED is stage.ship("good").verdict
        ended = stage.ship("good", accept_ps=True)
        assert Verdict.SHIPPED is ended.verdict
        assert "worker by the process list alone" in ended.serving

    def test_answers_without_a_process_are_sampled(self, stage: Stage) -> None:
        """The release is known, the process is not: asked until an unheard old one is unlikely, and said."""
        stage.world.programs["good"] = Program(names_process=False)
        has(stage, api=service(PUBLIC, 4))
        stage.ship("good")
        stage.rest()
        ended = stage.ship("good")

        assert Verdict.SHIPPED is ended.verdict
        assert f"{ended.release} serves on 4 of 4 processes; api sampled" == ended.serving

    def test_more_than_fifty_are_sampled(self, stage: Stage) -> None:
        """They could be asked one by one, but not in reasonable time."""
        has(stage, api=service(PUBLIC, 60))
        stage.ship("good")
        stage.rest()
        ended = stage.ship("good")

        assert ProofMode.SAMPLED is stage.sink.of(Planned)[0].plan.services[0].mode
        assert f"{ended.release} serves on 60 of 60 processes; api sampled" == ended.serving

    def test_a_new_service_is_known_by_its_first_answers(self, shipped: Stage) -> None:
        """Nothing of it could be rehearsed: its own answers tell how it can be proven."""
        has(shipped, api=service(PUBLIC), web=service(PUBLIC))
        ended = shipped.ship("good")

        assert Verdict.SHIPPED is ended.verdict
        assert (ProofMode.IDS, 2) == (progress(shipped)["web"].mode, progress(shipped)["web"].proven)

    def test_a_service_that_is_gone_is_not_waited_for(self, mixed: Stage) -> None:
        """What the release no longer has needs no proof."""
        has(mixed, api=service(PUBLIC))
        ended = mixed.ship("better")

        assert f"{ended.release} serves on 2 of 2 processes" == ended.serving

    def test_a_new_service_may_be_the_first_that_can_be_asked(self, stage: Stage) -> None:
        """What serves cannot be asked for its release; what is shipped can, and that is what must be proven."""
        has(stage, worker=service(PORTLESS))
        stage.ship("good", accept_ps=True)
        stage.rest()
        has(stage, worker=service(PORTLESS), api=service(PUBLIC))

        assert Verdict.SHIPPED is stage.ship("good").verdict


class TestWhatFails:
    @pytest.mark.parametrize("gone", [PORTLESS, PUBLIC], ids=["not to be asked", "to be asked"])
    def test_the_way_back_proves_what_the_release_no_longer_had(self, stage: Stage, gone: dict[str, object]) -> None:
        """A service that the bad release has dropped is back with the old one, and proven as it was rehearsed."""
        stage.world.programs["fails"] = Program(fails_from_s=8.0)
        has(stage, api=service(PUBLIC, command="program"), extra=service(gone))
        stage.ship("good")
        stage.rest()
        has(stage, api=service(PUBLIC, command="program"))
        ended = stage.ship("fails")

        assert Verdict.ROLLED_BACK is ended.verdict
        assert {"api", "extra"} == {str(row.service) for row in stage.model.processes(APP)}

    @pytest.mark.parametrize("name", ["web", "admin", "worker"])
    def test_one_bad_service_dooms_the_release(self, stage: Stage, name: str) -> None:
        """The others are well; the one that crashes is named."""
        kinds = {"api": PUBLIC, "web": PUBLIC, "admin": INTERNAL, "worker": PORTLESS}
        has(
            stage,
            **{each: service(kind, command="program" if each == name else "good") for each, kind in kinds.items()},
        )
        stage.ship("good")
        stage.rest()
        before = stage.active
        ended = stage.ship("crashes")

        assert (Verdict.ROLLED_BACK, before) == (ended.verdict, stage.active)
        assert f"{name}-" in ended.why or f"new processes of {name} crash" in ended.why

    def test_bad_only_under_the_second_service(self, stage: Stage) -> None:
        """It starts and is ready, and answers for another release: its own answers doom it."""
        has(stage, api=service(PUBLIC), web=service(PUBLIC, command="program"))
        stage.ship("good")
        stage.rest()
        ended = stage.ship("lies")

        assert Verdict.ROLLED_BACK is ended.verdict
        assert "web-" in ended.why
        assert "answers for release ROTHERCODE" in ended.why

    def test_the_slowest_service_decides(self, mixed: Stage) -> None:
        """What can be asked is proven long before what cannot: it is not shipped before both are."""
        has(mixed, api=service(PUBLIC), admin=service(INTERNAL, command="program"))
        mixed.world.programs["slow"] = Program(ready_after_s=40.0)
        ended = mixed.ship("slow")

        assert Verdict.SHIPPED is ended.verdict
        assert 40.0 + mixed.policy.soak_s < mixed.since_promote_s()
        assert {str(ended.release)} == {str(row.release) for row in mixed.model.processes(APP)}


class TestCounts:
    def test_a_service_at_zero_is_no_obstacle(self, stage: Stage) -> None:
        """Declared at zero and at zero: nothing to prove of it, and nothing claimed of it."""
        has(stage, api=service(PUBLIC), nightly=service(PORTLESS, 0))
        ended = stage.ship("good")

        assert f"{ended.release} serves on 2 of 2 processes" == ended.serving
        assert 0 == progress(stage)["nightly"].needed

    def test_an_app_at_zero_proves_nothing(self, stage: Stage) -> None:
        """A rollout of nothing is no success (rule R6): it is refused, before ten minutes are spent on looking."""
        has(stage, api=service(PUBLIC, 0), worker=service(PORTLESS, 0))
        ended = stage.ship("good")

        assert Verdict.REFUSED is ended.verdict
        assert "every service is at 0 processes" in ended.why
        assert [] == stage.rack.writes
        assert Verdict.UNVERIFIED is stage.ship("good", no_verify=True).verdict

    @pytest.mark.parametrize(("before", "after"), [(2, 5), (4, 1)])
    def test_autoscaling_meanwhile_is_no_failure(self, stage: Stage, before: int, after: int) -> None:
        """The count changes while it rolls out: the smaller of then and now must run."""
        stage.world.programs["slow"] = Program(ready_after_s=10.0)
        has(stage, api=service(PUBLIC, before, "program"))
        stage.ship("good")
        stage.rest()
        stage.world.at(stage.clock.now_s() + 12.0, lambda: stage.model.scale(APP, "api", after))
        ended = stage.ship("slow")

        assert Verdict.SHIPPED is ended.verdict
        assert min(before, after) == progress(stage)["api"].needed

    def test_a_console_on_the_old_release_is_no_replica(self, mixed: Stage) -> None:
        """Somebody left it open: its row has the service's name, and blocks nothing."""
        mixed.model.run_process(APP, "worker", "good")
        ended = mixed.ship("better")

        assert Verdict.SHIPPED is ended.verdict
        assert "6 of 6" in ended.serving
