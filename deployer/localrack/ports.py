"""Loopback ports: one that stays for each service, one for each replica's life."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from pathlib import Path

from deployer.localrack.files import read_notes, write_json

LOOPBACK = "127.0.0.1"

# Below the range that systems take outgoing connections' ports from, so that nothing steals one in between.
_FIRST, _LAST = 20_000, 32_000


class ReplicaPorts:
    """Ports for replicas. Each rack starts its search elsewhere, so two racks rarely try the same one."""

    def __init__(self) -> None:
        size = _LAST - _FIRST
        offset = os.getpid() * 97 % size
        self._candidates = (_FIRST + (offset + step) % size for step in itertools.count())
        self._taken: set[int] = set()

    def take(self) -> int:
        for port in self._candidates:
            if port not in self._taken and is_free(port):
                self._taken.add(port)
                return port
        raise AssertionError("the candidates never end")

    def give_back(self, port: int) -> None:
        self._taken.discard(port)


class ServicePorts:
    """The port of each service, the same as long as the rack's folder lives."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ports: dict[str, int] = read_notes(file)

    def of(self, app: str, service: str) -> int:
        key = f"{app}/{service}"
        if key not in self._ports:
            self.change(app, service)
        return self._ports[key]

    def change(self, app: str, service: str) -> int:
        """Somebody else has the port: take another."""
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self._ports[f"{app}/{service}"] = probe.getsockname()[1]
        with contextlib.suppress(OSError):  # a port that could not be noted is another one after a restart
            write_json(self._file, self._ports)
        return self._ports[f"{app}/{service}"]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
