"""Apps, their configs and releases over HTTP."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from deployer.localrack import wire
from deployer.localrack.forms import is_true, read_form, read_int, read_limit
from deployer.localrack.machine import Machine
from deployer.rackmodel import Refused

OK = "ok\n"


class AppRoutes:
    """Each method is one route of `api`; a `Refused` becomes the answer there."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._rack = machine.rack

    async def list(self, _: Request) -> Response:
        return JSONResponse([wire.app(row) for row in self._rack.apps()])

    async def create(self, request: Request) -> Response:
        name = (await read_form(request)).get("name", "")
        return JSONResponse(wire.app(self._machine.act(lambda rack: rack.create_app(name))))

    async def get(self, request: Request) -> Response:
        return JSONResponse(wire.app(self._rack.app(request.path_params["app"])))

    async def update(self, request: Request) -> Response:
        """`apps lock` and `apps unlock`. Parameters are a cluster's, and heeded by nobody here."""
        app, form = request.path_params["app"], await read_form(request)
        if "lock" in form:
            self._machine.act(lambda rack: rack.lock_app(app, locked=is_true(form["lock"])))
        return PlainTextResponse(OK)

    async def delete(self, request: Request) -> Response:
        app = request.path_params["app"]
        self._machine.act(lambda rack: rack.delete_app(app))
        return PlainTextResponse(OK)

    async def cancel(self, request: Request) -> Response:
        app = request.path_params["app"]
        self._machine.act(lambda rack: rack.cancel(app))
        return PlainTextResponse(OK)

    async def budget(self, request: Request) -> Response:
        """`ps`, `services` and `scale` ask, and complain on stderr if there is no such route. Set by an order only."""
        return JSONResponse(wire.budget(self._rack.budget(request.path_params["app"]), self._machine.clock()))

    async def budget_shutdown(self, request: Request) -> Response:
        """Nothing is ever shut down for its cost here."""
        self._rack.app(request.path_params["app"])
        return JSONResponse(None)

    async def balancers(self, request: Request) -> Response:
        """None: services have their front doors, and a manifest's own `balancers` would be a cloud's."""
        self._rack.app(request.path_params["app"])
        return JSONResponse([])

    async def resources(self, request: Request) -> Response:
        return JSONResponse([wire.resource(row) for row in self._rack.resources(request.path_params["app"])])

    async def resource(self, request: Request) -> Response:
        return JSONResponse(
            wire.resource(self._rack.resource(request.path_params["app"], request.path_params["resource"]))
        )

    async def configs(self, request: Request) -> Response:
        found = self._rack.configs(request.path_params["app"])
        return JSONResponse([{"name": name, "value": value} for name, value in found.items()])

    async def config(self, request: Request) -> Response:
        name = request.path_params["name"]
        value = self._rack.config(request.path_params["app"], name)
        return JSONResponse({"name": name, "value": value})

    async def put_config(self, request: Request) -> Response:
        app, name = request.path_params["app"], request.path_params["name"]
        value = _decode((await read_form(request)).get("value", ""))
        self._machine.act(lambda rack: rack.put_config(app, name, value))
        return PlainTextResponse(OK)

    async def releases(self, request: Request) -> Response:
        limit = read_limit(request.query_params.get("limit"))
        found = self._rack.releases(request.path_params["app"], limit)
        return JSONResponse([wire.release(release) for release in found])

    async def create_release(self, request: Request) -> Response:
        app, form = request.path_params["app"], await read_form(request)
        made = self._machine.act(
            lambda rack: rack.create_release(
                app,
                build=form.get("build"),
                env=form.get("env"),
                description=form.get("description"),
                parent=form.get("parent-release"),
            )
        )
        return JSONResponse(wire.release(made))

    async def release(self, request: Request) -> Response:
        found = self._rack.release(request.path_params["app"], request.path_params["release"])
        return JSONResponse(wire.release(found))

    async def promote(self, request: Request) -> Response:
        app, release = request.path_params["app"], request.path_params["release"]
        form = await read_form(request)
        timeout_s = float(read_int(form.get("timeout"), 0)) or None
        force = is_true(form.get("force"))
        self._machine.act(lambda rack: rack.promote(app, release, force=force, timeout_s=timeout_s))
        return PlainTextResponse(OK)


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise Refused(500, "illegal base64 data") from exc
