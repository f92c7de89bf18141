"""Uploaded sources and builds over HTTP."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from deployer.localrack import wire
from deployer.localrack.builder import Builder, BuildRequest
from deployer.localrack.forms import read_form, read_limit
from deployer.localrack.machine import Machine
from deployer.localrack.objects import Objects, ObjectTooLarge
from deployer.rackmodel import Refused


class BuildRoutes:
    """Each method is one route of `api`; a `Refused` becomes the answer there."""

    def __init__(self, machine: Machine, builder: Builder, objects: Objects) -> None:
        self._rack = machine.rack
        self._builder = builder
        self._objects = objects

    async def put_object(self, request: Request) -> Response:
        """An upload is taken for an app that does not exist; the build is what fails (recorded: build-app-notfound)."""
        params = request.path_params
        try:
            # the server has checked that it is a number, and lets no more than that through
            announced = int(request.headers.get("content-length", 0))
            url = await self._objects.put(params["app"], params["key"], request.stream(), announced)
        except ObjectTooLarge:
            raise Refused(413, "object too large") from None
        return JSONResponse({"Url": url})

    async def get_object(self, request: Request) -> Response:
        """HEAD comes here too."""
        found = self._objects.find(request.path_params["app"], request.path_params["key"])
        if found is None:
            raise Refused(404, f"no such key: {request.path_params['key']}")
        return FileResponse(found, media_type="application/octet-stream")

    async def delete_object(self, request: Request) -> Response:
        self._objects.delete(request.path_params["app"], request.path_params["key"])
        return PlainTextResponse("ok\n")

    async def list(self, request: Request) -> Response:
        limit = read_limit(request.query_params.get("limit"))
        return JSONResponse([wire.build(build) for build in self._rack.builds(request.path_params["app"], limit)])

    async def create(self, request: Request) -> Response:
        form = await read_form(request)
        # the list is comma-joined, so a value with a comma is split: a real rack's trap, kept (convox-facts 2.5)
        pairs = (entry.partition("=") for entry in form.get("build-args", "").split(",") if entry)
        wanted = BuildRequest(
            url=form.get("url", ""),
            description=form.get("description", ""),
            git_sha=form.get("git-sha", ""),
            manifest=form.get("manifest") or "convox.yml",
            build_args={name: value for name, _, value in pairs},
        )
        return JSONResponse(wire.build(self._builder.start(request.path_params["app"], wanted)))

    async def get(self, request: Request) -> Response:
        return JSONResponse(wire.build(self._rack.build(request.path_params["app"], request.path_params["build"])))
