"""`/_local/faults`: outside the names of a rack's API, so that no CLI takes it for one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from deployer.localrack.faults import Order
from deployer.localrack.forms import read_json_body
from deployer.localrack.machine import Machine
from deployer.rackmodel import Refused


class FaultRoutes:
    """Each method is one route of `api`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def list(self, _: Request) -> Response:
        return JSONResponse([standing.describe() for standing in self._machine.faults.standing])

    async def add(self, request: Request) -> Response:
        """The body is one order, as JSON."""
        document = await read_json_body(request)
        try:
            order = Order.read(document)
        except ValueError as exc:
            raise Refused(400, str(exc)) from exc
        return JSONResponse(self._machine.order(order).describe())

    async def clear(self, request: Request) -> Response:
        """One by its number, or all."""
        wanted = request.path_params.get("fault")
        gone = self._machine.take_back(lambda standing: wanted in (None, standing.id))
        if wanted is not None and not gone:
            raise Refused(404, f"no such fault: {wanted}")
        return PlainTextResponse("ok\n")
