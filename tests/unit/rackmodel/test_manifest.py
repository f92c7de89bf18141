"""How a convox.yml is read (convox-facts 7, 3.8). JSON stands in for YAML: it is a part of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from deployer.rackmodel.ids import ServiceName
from deployer.rackmodel.manifest import Health, ManifestInvalid, Resource, Scale, Service, Timer
from deployer.rackmodel.manifest_check import check_build
from deployer.rackmodel.manifest_read import read_manifest


def service(**body: Any) -> Service:
    return read_manifest(json.dumps({"services": {"web": body}}), {}).services[0]


def test_defaults() -> None:
    """A service with nothing but a port."""
    web = service(port=3000)

    assert Health(path="/", interval_s=5, timeout_s=4, grace_s=5, port=3000) == web.health
    assert Scale(count=1, maximum=1, cpu=250, memory=512) == web.scale
    assert (50, 200, 30) == (web.minimum_percent, web.maximum_percent, web.termination_grace_s)


@pytest.mark.parametrize("port", [3000, "3000", "https:3000", {"port": 3000, "scheme": "https"}])
def test_ports_have_three_spellings(port: object) -> None:
    """A number, with a scheme, or a mapping."""
    assert 3000 == service(port=port).port


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (3, Scale(3, 3)),
        ("2-10", Scale(2, 10)),
        ({"count": "2-10", "cpu": 512, "targets": {"cpu": 70}}, Scale(2, 10, cpu=512, cpu_target=70)),
        ({"min": 2, "max": 4}, Scale(2, 4)),
        (
            {"count": "1-3", "autoscale": {"cpu": {"threshold": 60}}},
            Scale(1, 3, cpu_target=60, keda=True),
        ),
        ({"count": "1-3", "keda": {"triggers": []}}, Scale(1, 3, keda=True)),
        ({"count": 0}, Scale(0, 0)),
        ({"cpu": "lots"}, Scale(1, 1)),
    ],
)
def test_scales_have_many_spellings(scale: object, expected: Scale) -> None:
    """What is no whole number is silently ignored."""
    assert expected == service(scale=scale).scale


def test_health_spellings() -> None:
    """A path alone, a mapping whose non-integers count for nothing, or none at all."""
    assert "/up" == getattr(service(port=1, health="/up").health, "path", None)
    assert Health("/", 10, 9, 10, 1) == service(port=1, health={"interval": 10, "timeout": "5"}).health
    assert None is service(port=1, health={"disable": True}).health
    assert None is service(health="/up").health


def test_timers_and_resources() -> None:
    """Defaults, and a `?` that is a star; a service's resource has its URL under a name of its own choice."""
    manifest = read_manifest(
        json.dumps(
            {
                "services": {"web": {"resources": ["main-db", "cache:SESSIONS"]}},
                "timers": {
                    "tidy": {"schedule": "0 3 ? * ?", "command": "bin/tidy", "service": "web"},
                    "sync": {"schedule": "* * * * *", "service": "web", "concurrency": "forbid", "parallelCount": 2},
                },
                "resources": {"main-db": {"type": "postgres"}, "cache": {"type": "redis"}},
            }
        ),
        {},
    )

    assert (
        Timer("tidy", ServiceName("web"), "0 3 * * *", "bin/tidy"),
        Timer("sync", ServiceName("web"), "* * * * *", concurrency="Forbid", parallel=2),
    ) == manifest.timers
    assert (Resource("main-db", "postgres"), Resource("cache", "redis")) == manifest.resources
    assert (("main-db", "MAIN_DB_URL"), ("cache", "SESSIONS")) == manifest.services[0].links


@pytest.mark.parametrize("kind", ["agent", "singleton"])
def test_agents_and_singletons_stop_the_old_one_first(kind: str) -> None:
    """Their deployment defaults are 0/100."""
    web = service(**{kind: True})

    assert (0, 100) == (web.minimum_percent, web.maximum_percent)
    assert (0, 1) == (web.max_surge(1), web.max_unavailable(1))


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "unavailable", "surge"),
    [(2, 50, 200, 1, 2), (1, 50, 200, 0, 1), (3, 50, 150, 1, 2), (2, 100, 200, 0, 2), (2, 100, 100, 1, 0)],
)
def test_percentages_are_rounded_as_kubernetes_does(
    desired: int, minimum: int, maximum: int, unavailable: int, surge: int
) -> None:
    """Surge up, unavailable down, one unavailable when both would be zero."""
    web = service(deployment={"minimum": minimum, "maximum": maximum})

    assert (unavailable, surge) == (web.max_unavailable(desired), web.max_surge(desired))


def test_variables_are_interpolated_anywhere() -> None:
    """A name that is not set becomes nothing."""
    text = '{"services": {"web": {"command": "run ${WHO}${NOBODY}"}}}'

    assert "run me" == read_manifest(text, {"WHO": "me"}).services[0].command


def test_environment_is_shared_then_own() -> None:
    """A service's own entry stands over the shared one; a bare name is required."""
    text = '{"environment": ["A=1", "B", "C"], "services": {"web": {"environment": ["A=2", "C=3", "D", "*"]}}}'

    manifest = read_manifest(text, {})

    assert (("A", "2"), ("C", "3")) == manifest.services[0].defaults
    assert ["B", "D"] == manifest.missing_env({})
    assert ["D"] == manifest.missing_env({"B": ""})


@pytest.mark.parametrize("text", ["nonsense: [", "[]", '{"services": ["web"]}', '{"services": {"web": {"port": "x"}}}'])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    """Syntax and wrong types are errors of the load."""
    with pytest.raises(ManifestInvalid, match=r"^yaml: "):
        read_manifest(text, {}, parse_yaml)


def parse_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from exc


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"deployment": {"minimum": 101}}, "service web deployment minimum can not be greater than 100"),
        ({"deployment": {"maximum": 99}}, "service web deployment maximum can not be less than 100"),
        ({"deployment": {"maximum": 201}}, "service web deployment maximum can not be greater than 200"),
        ({"resources": ["db:URL"]}, "service web references a resource that does not exist: db"),
        (
            {"internal": True, "internalRouter": True},
            "service web can not have both internal and internalRouter set as true",
        ),
        ({"labels": {"app": "mine", "team": "a"}}, "reserved label key 'app' is not allowed"),
        ({"configMounts": [{"id": "nginx", "dir": "/etc"}]}, "config id: 'nginx' not found"),
        ({"scale": "3-2"}, "service web: scale.max must be >= scale.min"),
        ({"environment": ["KEY"]}, "required env: KEY"),
    ],
)
def test_a_build_says_what_is_wrong(body: dict[str, object], problem: str) -> None:
    """One problem a line, below `validation errors:`."""
    with pytest.raises(ManifestInvalid) as invalid:
        check_build(json.dumps({"services": {"web": body}}), {})

    assert f"validation errors:\n{problem}" == str(invalid.value)


@pytest.mark.parametrize("text", ['{"services": {"web": {"resources": 7}}}', '{"timers": [1]}', '{"timers": {"a": 7}}'])
def test_a_build_never_trips_over_a_wrong_type(text: str) -> None:
    """Whatever was uploaded, the answer is the rack's and no exception of ours."""
    with pytest.raises(ManifestInvalid, match=r"^yaml: "):
        check_build(text, {})


def test_a_build_says_all_at_once() -> None:
    """Names of services and targets of timers too."""
    text = json.dumps({"services": {"Web": {}}, "timers": {"nightly": {"service": "nope"}}})

    with pytest.raises(ManifestInvalid) as invalid:
        check_build(text, {})

    assert [
        "validation errors:",
        "service name Web invalid, must contain only lowercase alphanumeric and dashes",
        "timer nightly references a service that does not exist: nope",
    ] == str(invalid.value).split("\n")
