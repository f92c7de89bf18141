from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.core.environment import EnvDiff
from deployer.core.models import ProofMode, ReleaseCommand, Source
from deployer.core.names import ServiceName
from deployer.core.plan import Baseline, Plan, ServicePlan
from deployer.render.plan import plan_line
from tests.unit.render.runs import A_PLAN, API, NEW, OLD, SHIP

URL = "https://api.example/health"


def row(plan: Plan, label: str) -> str:
    """The text of the row with this label."""
    rows = [each.removeprefix(label).strip() for each in plan_line(plan).more if each.startswith(label)]
    return rows[0] if rows else "no such row"


def test_a_rollback_says_what_it_goes_back_to_and_what_it_takes_along() -> None:
    """The release by its description, and the env that comes back with it."""
    plan = replace(
        A_PLAN,
        command="rollback",
        source=None,
        release=OLD,
        release_note="build 1f2e3d4c5b Fix prompt cache, proven for 2 days",
        baseline=Baseline(
            NEW, None, f"build 9c8b7a6d5e Add streaming [ship {SHIP}]", note="22 min, proven by gha:18234"
        ),
        env=EnvDiff(changed=("OPENAI_API_KEY",), removed=("PINECONE_API_KEY",), unchanged=11),
        no_way_back="a rollback is not rolled back",
    )

    assert f"{NEW}  build 9c8b7a6d5e Add streaming  (22 min, proven by gha:18234)" == row(plan, "serves now")
    assert f"{OLD}  build 1f2e3d4c5b Fix prompt cache, proven for 2 days" == row(plan, "go back to")
    assert "~ OPENAI_API_KEY  - PINECONE_API_KEY  (2 keys, 11 unchanged; --keep-env keeps today's)" == row(
        plan, "changes back"
    )
    assert "automatic rollback: off, a rollback is not rolled back" in plan_line(plan).more[-1]
    assert "no such row" == row(plan, "build")


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("its process answers for itself at " + URL, ServicePlan(API, ProofMode.IDS, URL, 1)),
        ("each of 3 processes answers for itself at " + URL, ServicePlan(API, ProofMode.IDS, URL, 3)),
        ("60 processes, sampled at " + URL + " (too many)", ServicePlan(API, ProofMode.SAMPLED, URL, 60, "too many")),
        ("2 processes, by the process list alone (agent)", ServicePlan(API, ProofMode.PS, "", 2, "agent")),
        ("1 process; its first answers decide how (HTTP 500)", ServicePlan(API, None, URL, 1, "HTTP 500")),
    ],
)
def test_the_plan_says_how_each_service_will_be_proven(text: str, service: ServicePlan) -> None:
    """The mode in words, and the reason where it is not the strongest."""
    assert f"api: {text}" == row(replace(A_PLAN, services=(service,)), "proof")


def test_a_release_command_is_shown_before_it_runs() -> None:
    """What will be run, where, and when."""
    plan = replace(A_PLAN, release_command=ReleaseCommand(API, "alembic upgrade head"))

    assert "alembic upgrade head, in api, once, before the promote" == row(plan, "command")


def test_what_serves_already_is_named_once() -> None:
    """A release that is verified, not promoted, is no second row."""
    assert "no such row" == row(replace(A_PLAN, command="verify", source=None, release=OLD), "release")


def test_a_plan_without_proof_says_so() -> None:
    """With --no-verify the services are not listed: nothing is asked of them."""
    assert "none: the rack's word is taken" == row(replace(A_PLAN, no_verify=True), "proof")


def test_services_stand_under_each_other() -> None:
    """One row per service; the label is said once."""
    worker = ServicePlan(ServiceName("worker"), ProofMode.PS, "", 1)

    rows = plan_line(replace(A_PLAN, services=(*A_PLAN.services, worker))).more

    assert "             worker: 1 process, by the process list alone" in rows


def test_a_first_deploy_has_nothing_to_go_back_to() -> None:
    """It says so twice: what serves, and where a bad release would go."""
    plan = replace(A_PLAN, baseline=None)

    assert "nothing: this is the first deploy" == row(plan, "serves now")
    assert "goes back to nothing: first deploy" in plan_line(plan).more[-1]


def test_a_baseline_that_does_not_answer_is_no_way_back() -> None:
    """A person learns before the ship that it would not be taken back, and why."""
    plan = replace(A_PLAN, baseline=Baseline(OLD, None), no_way_back="the baseline does not serve")

    assert f"{OLD}  (does not answer with it)" == row(plan, "serves now")
    assert "automatic rollback: off, the baseline does not serve" in plan_line(plan).more[-1]


def test_uncommitted_changes_are_named() -> None:
    """What is shipped is then not what its commit says."""
    plan = replace(A_PLAN, source=Source("service", "9c8b7a6d5e4f", "Add streaming", is_dirty=True))

    assert "9c8b7a6d5e Add streaming, from service  (with uncommitted changes)" == row(plan, "build")


def test_an_env_that_stays_is_said_to_stay() -> None:
    """No silence where a person looks for an answer."""
    assert "unchanged (13 keys)" == row(replace(A_PLAN, env=EnvDiff(unchanged=13)), "env")


def test_warnings_are_part_of_the_plan() -> None:
    """They come last, where they are read."""
    plan = replace(A_PLAN, warnings=("staged by others, ships along: LOG_LEVEL",))

    assert "warning      staged by others, ships along: LOG_LEVEL" == plan_line(plan).more[-1]


def test_foreign_text_in_a_plan_is_harmless() -> None:
    """A commit subject can neither move the cursor nor begin a line of its own."""
    plan = replace(A_PLAN, source=Source(".", "9c8b7a6d5e4f", "Fix\x1b[1A\x1b[2K it"))

    assert "9c8b7a6d5e Fix it, from ." == row(plan, "build")
