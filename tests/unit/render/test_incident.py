from __future__ import annotations

from dataclasses import replace

from deployer.core.environment import EnvDiff
from deployer.core.events import Ended, Event, Gathered, Heard, Looked, Planned
from deployer.core.names import ProcessId, ReleaseId
from deployer.core.why import Evidence, LogLine, Unwell
from deployer.render.incident import REPORT_LIMIT, Incident
from tests.unit.render.runs import A_PLAN, API, EVIDENCE, NEW, OLD, SHIP, Timed, Wall, a_look, a_process, doomed_ship

CRASHING = ProcessId("api-7d8f9-abc12")
OLD_BUILD = f"build 1f2e3d4c5b Fix prompt cache [ship {SHIP}]"


def report(run: tuple[Timed, ...], *, range_: tuple[str, ...] = ()) -> str:
    wall = Wall()
    incident, last = Incident(wall.now), None
    for event in wall.play(run):
        incident.record(event)
        last = event
    assert isinstance(last, Ended)
    return incident.text(last, range_)


def doomed(*more: Event) -> tuple[Timed, ...]:
    """The doomed ship, with more events before its end."""
    *run, end = doomed_ship()
    return (*run, *((85.0, each) for each in more), end)


def test_why_comes_first() -> None:
    """The verdict, then why in one sentence, then what serves and what to type; evidence after that."""
    text = report(doomed())

    assert text.startswith("# rolled-back: ` myapi on acme/production `\n\n**Why:** ` all 2 new processes of api crash")
    assert text.index("no error among 96 health answers") < text.index("fix LOG_LEVEL") < text.index("## ")
    assert f"ship {SHIP} by gha:18234" in text


def test_story_is_told() -> None:
    """What the run said, with its times."""
    text = report(doomed())

    assert "12:01:26  heal" in text
    assert EVIDENCE in text


def test_what_the_process_and_the_rack_said() -> None:
    """The last lines of the process, and the rack's own diagnosis of it."""
    unwell = Unwell(CRASHING, API, "OOMKilled", "0/1", 4, "raise scale.memory", ("allocating",), ("BackOff: again",))
    text = report(doomed(Gathered(NEW, Evidence((LogLine(CRASHING, "boom"),), (unwell,)))))

    assert "OOMKilled, ready 0/1, 4 restarts\nraise scale.memory\nBackOff: again\nit said last:\n  allocating" in text
    assert f"{CRASHING}  boom" in text


def test_health_answers_are_counted_by_what_they_said() -> None:
    """By status and release, over the whole run, with the first line of the last bad one."""
    bad = Heard("api", 503, None, 3, "upstream connect error")
    look = replace(a_look(0, 0), heard=(bad, Heard("api", 200, OLD, 9)))
    text = report(doomed(look, look))

    assert "api      200     RABCDEFGHIJ  18" in text
    assert "api      503     -            6        upstream connect error" in text


def test_processes_are_followed_over_time() -> None:
    """Each status that a process was seen in, since when, and when it was gone."""
    text = report(doomed(a_look(0, 0, processes=(a_process("api-new", "running"),))))

    assert f"{CRASHING}  api      {NEW}  starting 12:01:17 → crashed 12:01:19 → gone 12:01:25" in text


def test_keys_that_changed_are_named() -> None:
    """Names only: of this ship's own, and of what others had staged."""
    plan = replace(A_PLAN, env=EnvDiff(added=("NEW_KEY",)), staged=("THEIRS",))
    text = report(doomed(Planned(plan)))

    assert "env: + NEW_KEY\nstaged by others: THEIRS" in text


def test_commits_are_those_since_the_build_that_served() -> None:
    """Where the build that served names its commit, the range is known."""
    incident = Incident()
    plan = replace(A_PLAN, baseline=replace(A_PLAN.baseline, description=OLD_BUILD))  # type: ignore[type-var]

    incident.record(Planned(A_PLAN))
    assert incident.commits is None
    incident.record(Planned(plan))

    assert (A_PLAN.source, "1f2e3d4c5b") == incident.commits
    assert "9c8b7a6d Ann: Add streaming" in report(doomed(), range_=("9c8b7a6d Ann: Add streaming",))


def test_whatever_comes_from_outside_is_code() -> None:
    """A process that prints Markdown or a fence changes nothing of the report's shape."""
    hostile = Evidence((LogLine(CRASHING, "```\n# owned\n"), LogLine(CRASHING, "![x](http://evil)")))
    lines = report(doomed(Gathered(NEW, hostile))).splitlines()
    fences = [n for n, line in enumerate(lines) if line.startswith("````")]

    assert 2 == len(fences)
    assert all(fences[0] < n < fences[1] for n, line in enumerate(lines) if "evil" in line or "# owned" in line)


def test_report_has_an_end() -> None:
    """However much there is, a report can be read and attached."""
    long = Evidence(tuple(LogLine(CRASHING, "x" * 500) for _ in range(40)))
    many = [Gathered(ReleaseId("R"), long)] * 20
    rows = tuple(a_process(f"api-{n}", "running") for n in range(500))
    text = report(doomed(*many, Looked("watch", NEW, "updating", (), rows)))

    assert len(text) <= REPORT_LIMIT + 10
