"""What a build leaves behind: the source it unpacked, and how each service is started from it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployer.localrack import dockerfile
from deployer.localrack.command import Command, from_text
from deployer.localrack.files import read_notes, write_json
from deployer.rackmodel import Manifest, Service

MAX_REPLICAS = 50
"""Of one service: they are all processes of this one machine."""


class NotRunnable(Exception):
    """A service that nothing here could start; the message is for the build log."""


@dataclass(frozen=True, slots=True)
class ServiceImage:
    """Where a service's processes are started, and with what when its manifest names no command."""

    cwd: Path
    command: Command | None
    env: Mapping[str, str] = field(repr=False)


class Images:
    """The folder of unpacked sources, one per build."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def source(self, build: str) -> Path:
        return self._folder / build / "source"

    def record(self, build: str, manifest: Manifest, build_args: Mapping[str, str]) -> None:
        """Read the Dockerfiles of a build's services and write down what they say. Raises NotRunnable."""
        source = self.source(build)
        services = {service.name: _describe(service, source, build_args) for service in manifest.services}
        write_json(self._folder / build / "image.json", services)

    def find(self, build: str, service: str) -> ServiceImage | None:
        """None if the build's source is gone, or had no such service."""
        found = read_notes(self._folder / build / "image.json").get(service)
        if found is None or not self.source(build).is_dir():
            return None
        command = found["command"]
        return ServiceImage(
            cwd=self.source(build) / found["folder"],
            command=Command(tuple(command["argv"]), command["through_shell"]) if command else None,
            env=found["env"],
        )

    def remove(self, build: str) -> None:
        shutil.rmtree(self._folder / build, ignore_errors=True)

    def known(self) -> list[str]:
        return [entry.name for entry in self._folder.iterdir() if entry.is_dir()]


def _describe(service: Service, source: Path, build_args: Mapping[str, str]) -> dict[str, object]:
    if service.image and not service.command:
        raise NotRunnable(f"service {service.name} is the image {service.image}: the local rack has no Docker")
    if service.scale.count > MAX_REPLICAS:
        raise NotRunnable(f"service {service.name} wants more than the {MAX_REPLICAS} replicas of a local rack")
    folder = _inside(source, service.build_path, service.name)
    file = _inside(folder, service.dockerfile, service.name)
    image = dockerfile.read_dockerfile(file.read_text(), build_args) if file.is_file() else dockerfile.Image()
    if not image.command and not service.command:
        where = "no CMD in its Dockerfile" if file.is_file() else f"no {service.dockerfile}"
        raise NotRunnable(f"service {service.name} has no command in convox.yml and {where}")
    command = {"argv": image.command.argv, "through_shell": image.command.through_shell} if image.command else None
    # the image's PATH leads into folders that only the image has
    env = {name: value for name, value in image.env.items() if name != "PATH"}
    return {"folder": str(folder.relative_to(source)), "command": command, "env": env}


def _inside(root: Path, name: str, service: str) -> Path:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise NotRunnable(f"service {service} is built from outside the source: {name}")
    return root / name


def command_of(image: ServiceImage, text: str) -> Command | None:
    """A manifest's or a person's command stands over the image's own."""
    return from_text(text) if text else image.command
