"""Dockerfile, convox.yml, upload and pins: what must agree with the service, and with each other."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.service.conftest import ROOT, dockerfile_command

DOCKERFILE = (ROOT / "Dockerfile").read_text()
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "convox.yml").read_text())
API: dict[str, Any] = MANIFEST["services"]["api"]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def test_image_runs_as_somebody_else_than_root_by_number() -> None:
    """The last USER is a number that a cluster can tell from root."""
    assert "10001:10001" == re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1]


def test_image_starts_gunicorn_without_a_shell() -> None:
    """TERM reaches the Gunicorn master itself."""
    assert ["gunicorn", "-c", "service/gunicorn.conf.py", "service.app:app"] == dockerfile_command()


def test_stamp_is_the_only_argument_of_the_build() -> None:
    """A Dockerfile ARG keeps its value in the image's history, so no secret may come that way (convox-facts 2.5)."""
    assert ["DEPLOYER_STAMP"] == re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE)


def test_only_what_the_image_is_made_of_is_uploaded() -> None:
    """Everything is left out, and only then the image's parts are let in."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]

    assert "*" == patterns[0]
    assert {"!convox.yml", "!Dockerfile", "!service"} == {line for line in patterns if line.startswith("!")}


def test_port_is_one_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """convox.yml, the image and the service's default name the same port, and the environment does not."""
    monkeypatch.delenv("PORT", raising=False)

    assert Settings().port == API["port"] == int(re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)[0])
    assert [] == [entry for entry in MANIFEST["environment"] if entry.startswith("PORT")]


def test_secrets_are_required_by_name_alone() -> None:
    """Names without a value stop a build until somebody has set them (convox-facts 7)."""
    assert {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} == {name for name in MANIFEST["environment"] if "=" not in name}


def test_every_name_in_the_manifest_is_a_setting() -> None:
    """What convox.yml sets, the service reads."""
    names = {entry.split("=")[0].lower() for entry in MANIFEST["environment"]}

    assert names <= set(Settings.model_fields)


def test_manifest_is_that_of_the_guide() -> None:
    """The numbers that were agreed, and no replica gone before its successor is ready."""
    assert {"path": "/health", "interval": 10, "timeout": 5, "grace": 30} == API["health"]
    assert {"count": "2-10", "cpu": 512, "memory": 1024, "targets": {"cpu": 70}} == API["scale"]
    assert {"minimum": 100, "maximum": 200} == API["deployment"]
    assert 30 == API["termination"]["grace"]
    assert 180 == API["timeout"]


def test_pins_have_hashes_and_no_addresses() -> None:
    """The image installs with --require-hashes, from whichever index it is built with."""
    pins = (ROOT / "service/requirements.txt").read_text()

    for name, version in PIN.findall(pins):
        assert f"{name}=={version} \\\n    --hash=sha256:" in pins
    assert "://" not in pins
    assert "--index" not in pins


def test_tests_run_on_what_is_shipped() -> None:
    """Each version in the image is the one in the development environment."""
    tested = dict(PIN.findall((ROOT / ".ci/requirements/dev.txt").read_text()))

    shipped = dict(PIN.findall((ROOT / "service/requirements.txt").read_text()))

    assert shipped == {name: tested[name] for name in shipped}


def test_local_rack_can_run_what_the_image_runs() -> None:
    """The extra `service`, with which the local rack starts services, brings what the image installs."""
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["service"]

    names = {re.split(r"[<>=;\[ ]", requirement)[0] for requirement in extra}
    assert {"fastapi", "gunicorn", "pydantic-settings"} <= names
