"""The rack's HTTP API: the table of routes (convox-facts 5.3). What each does is in `routes_*` and `sockets`."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from deployer.localrack import wire
from deployer.localrack.builder import Builder
from deployer.localrack.faulty_door import FaultyDoor
from deployer.localrack.gate import Gate
from deployer.localrack.machine import Machine
from deployer.localrack.objects import Objects
from deployer.localrack.routes_apps import AppRoutes
from deployer.localrack.routes_builds import BuildRoutes
from deployer.localrack.routes_faults import FaultRoutes
from deployer.localrack.routes_processes import ProcessRoutes
from deployer.localrack.sockets import Sockets
from deployer.rackmodel import Refused

EMPTY_LISTS = (
    "/certificates",
    "/registries",
    "/system/processes",
    "/system/releases",
)
"""What a practice rack has none of."""


def make_api(machine: Machine, builder: Builder, objects: Objects, name: str, password: str) -> ASGIApp:
    handlers = {Refused: say_refused, HTTPException: say_nothing}
    app = Starlette(routes=make_routes(machine, builder, objects, name), exception_handlers=handlers)
    return Gate(FaultyDoor(app, machine.faults), password)


def make_routes(machine: Machine, builder: Builder, objects: Objects, name: str) -> list[BaseRoute]:
    apps, builds = AppRoutes(machine), BuildRoutes(machine, builder, objects)
    processes, sockets = ProcessRoutes(machine, name), Sockets(machine, builder)
    rack, faults = RackRoutes(machine, name), FaultRoutes(machine)
    return [
        Route("/system", rack.system),
        Route("/auth", say_ok),
        Route("/racks", rack.list),
        Route("/machines", empty_list),
        Route("/instances", rack.instances),
        Route("/events", say_ok, methods=["POST"]),
        Route("/apps", apps.list),
        Route("/apps", apps.create, methods=["POST"]),
        Route("/apps/{app}", apps.get),
        Route("/apps/{app}", apps.update, methods=["PUT"]),
        Route("/apps/{app}", apps.delete, methods=["DELETE"]),
        Route("/apps/{app}/cancel", apps.cancel, methods=["POST"]),
        Route("/apps/{app}/budget", apps.budget),
        Route("/apps/{app}/budget/shutdown-state", apps.budget_shutdown),
        Route("/apps/{app}/configs", apps.configs),
        Route("/apps/{app}/configs/{name}", apps.config),
        Route("/apps/{app}/configs/{name}", apps.put_config, methods=["PUT"]),
        Route("/apps/{app}/releases", apps.releases),
        Route("/apps/{app}/releases", apps.create_release, methods=["POST"]),
        Route("/apps/{app}/releases/{release}", apps.release),
        Route("/apps/{app}/releases/{release}/promote", apps.promote, methods=["POST"]),
        Route("/apps/{app}/objects/{key:path}", builds.put_object, methods=["POST"]),
        Route("/apps/{app}/objects/{key:path}", builds.get_object),
        Route("/apps/{app}/objects/{key:path}", builds.delete_object, methods=["DELETE"]),
        Route("/apps/{app}/builds", builds.list),
        Route("/apps/{app}/builds", builds.create, methods=["POST"]),
        Route("/apps/{app}/builds/{build}", builds.get),
        WebSocketRoute("/apps/{app}/builds/{build}/logs", sockets.build_logs),
        Route("/apps/{app}/diagnose", processes.diagnose),
        Route("/apps/{app}/processes", processes.list),
        Route("/apps/{app}/processes/{process}", processes.get),
        Route("/apps/{app}/processes/{process}", processes.stop, methods=["DELETE"]),
        Route("/apps/{app}/balancers", apps.balancers),
        Route("/apps/{app}/resources", apps.resources),
        Route("/apps/{app}/resources/{resource}", apps.resource),
        Route("/apps/{app}/services", processes.services),
        Route("/apps/{app}/services/{service}", processes.update_service, methods=["PUT"]),
        Route("/apps/{app}/services/{service}/processes", processes.run, methods=["POST"]),
        Route("/apps/{app}/services/{service}/restart", processes.restart, methods=["POST"]),
        WebSocketRoute("/apps/{app}/processes/{process}/exec", sockets.exec),
        WebSocketRoute("/apps/{app}/logs", sockets.logs),
        WebSocketRoute("/apps/{app}/services/{service}/logs", sockets.logs),
        WebSocketRoute("/apps/{app}/processes/{process}/logs", sockets.logs),
        WebSocketRoute("/system/logs", sockets.no_logs),
        *(Route(path, empty_list) for path in EMPTY_LISTS),
        Route("/_local/faults", faults.list),
        Route("/_local/faults", faults.add, methods=["POST"]),
        Route("/_local/faults", faults.clear, methods=["DELETE"]),
        Route("/_local/faults/{fault:int}", faults.clear, methods=["DELETE"]),
    ]


class RackRoutes:
    """What the rack says of itself."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self._name = name

    async def system(self, _: Request) -> Response:
        return JSONResponse(wire.system(self._name))

    async def list(self, _: Request) -> Response:
        return JSONResponse([{"name": self._name, "provider": wire.PROVIDER, "status": "running"}])

    async def instances(self, _: Request) -> Response:
        """One: this machine. It is what `ps info` calls `local`."""
        count = sum(len(app.pods) for app in self._machine.rack.held())
        return JSONResponse([wire.instance(self._machine.started_s, count)])


async def say_ok(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def empty_list(_: Request) -> Response:
    return JSONResponse([])


async def say_refused(_: Request, exc: Exception) -> Response:
    if not isinstance(exc, Refused):
        raise exc
    return PlainTextResponse(f"{exc.text}\n", exc.status)


async def say_nothing(_: Request, exc: Exception) -> Response:
    """An empty body: the CLI then says `response status 404`, as for any route a rack does not have."""
    if not isinstance(exc, HTTPException):
        raise exc
    return Response(status_code=exc.status_code)
