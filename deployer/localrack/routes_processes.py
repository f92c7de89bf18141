"""Processes and services over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from deployer.localrack import wire
from deployer.localrack.diagnose import Asked, diagnose
from deployer.localrack.forms import is_true, read_form, read_int, read_map
from deployer.localrack.images import MAX_REPLICAS
from deployer.localrack.machine import Machine
from deployer.rackmodel import Change, Refused

OK = "ok\n"
CHANGES = {"count": "count", "min": "minimum", "max": "maximum", "cpu": "cpu", "memory": "memory"}
"""The fields of `PUT services/S` that are heeded, as `Change` names them."""


class ProcessRoutes:
    """Each method is one route of `api`; a `Refused` becomes the answer there."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self._rack = machine.rack
        self._name = name

    async def list(self, request: Request) -> Response:
        query = request.query_params
        rows = self._rack.processes(
            request.path_params["app"], service=query.get("service"), release=query.get("release")
        )
        return JSONResponse([wire.process(row) for row in rows])

    async def get(self, request: Request) -> Response:
        return JSONResponse(
            wire.process(self._rack.process(request.path_params["app"], request.path_params["process"]))
        )

    async def stop(self, request: Request) -> Response:
        app, process = request.path_params["app"], request.path_params["process"]
        self._machine.act(lambda rack: rack.stop_process(app, process))
        return PlainTextResponse(OK)

    async def run(self, request: Request) -> Response:
        """A one-off process: its options come as headers (convox-facts 5.3)."""
        app, service, headers = request.path_params["app"], request.path_params["service"], request.headers
        row = self._machine.act(
            lambda rack: rack.run_process(
                app,
                service,
                headers.get("command", ""),
                release=headers.get("release"),
                environment=read_map(headers.get("environment", "")),
            )
        )
        return JSONResponse(wire.process(row))

    async def diagnose(self, request: Request) -> Response:
        """What `deploy-debug` shows."""
        app = request.path_params["app"]
        self._rack.app(app)
        held = next(each for each in self._rack.held() if each.name == app)
        now_s, lines = self._machine.clock(), self._machine.log_of(app).since(0)
        asked = _asked(request.query_params)
        return JSONResponse(diagnose(held, self._name, now_s, self._rack.physics, lines, asked))

    async def services(self, request: Request) -> Response:
        app = request.path_params["app"]
        return JSONResponse(
            [
                wire.service(row, app, self._name, self._machine.service_ports.of(app, row.name) if row.port else None)
                for row in self._rack.services(app)
            ]
        )

    async def update_service(self, request: Request) -> Response:
        """`scale` and `services update`. There is no GPU here, and what a process may use is not bounded."""
        app, service = request.path_params["app"], request.path_params["service"]
        form = await read_form(request)
        given = {field: read_int(form[name], 0) for name, field in CHANGES.items() if form.get(name)}
        for number in given.values():
            _check_number(service, number)
        if max(given.get(field, 0) for field in ("count", "minimum", "maximum")) > MAX_REPLICAS:
            raise Refused(400, f"a local rack runs at most {MAX_REPLICAS} replicas of a service")
        self._machine.act(lambda rack: rack.update_service(app, service, Change(**given)))
        return PlainTextResponse(OK)

    async def restart(self, request: Request) -> Response:
        app, service = request.path_params["app"], request.path_params["service"]
        self._machine.act(lambda rack: rack.restart(app, service))
        return PlainTextResponse(OK)


def _check_number(service: str, number: int) -> None:
    if number < 0:
        # ASSUMPTION: Kubernetes' words for a Deployment
        text = f'Deployment.apps "{service}" is invalid: Invalid value: {number}: must be greater than or equal to 0'
        raise Refused(500, text)


def _asked(query: Mapping[str, str]) -> Asked:
    """Raises Refused if a number is none."""
    usual = Asked()
    return Asked(
        checks=frozenset(query["checks"].split(",")) if query.get("checks") else usual.checks,
        services=frozenset(query["services"].split(",")) if query.get("services") else usual.services,
        age_s=read_int(query.get("age"), int(usual.age_s)),
        everything=is_true(query.get("all")),
        lines=max(1, read_int(query.get("lines"), usual.lines)),
        events=query.get("events") != "false",
        previous=query.get("previous") != "false",
    )
