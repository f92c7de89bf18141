"""The JSON that `convox api get` (convox-facts 5.3) and `deploy-debug` print, as far as deployer reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, TypeAdapter, ValidationError

from deployer.core.errors import Garbled
from deployer.core.models import Port, Process, Service
from deployer.core.names import ProcessId, ReleaseId, ServiceName
from deployer.core.redact import scrub
from deployer.core.why import Unwell

T = TypeVar("T")


def _none_as_empty(value: object) -> object:
    """Go prints an empty list as `null` (case ps-200-null)."""
    return [] if value is None else value


def _harmless(text: str) -> str:
    """JSON can spell any character: what would act on a terminal is in no name of the rack's."""
    if scrub(text) != text or "\n" in text:
        raise ValueError("control characters")
    return text


Word = Annotated[str, AfterValidator(_harmless)]


class PortWire(BaseModel):
    balancer: int
    container: int


class ServiceWire(BaseModel):
    name: Word
    domain: Word = ""
    count: int | None = None
    ports: Annotated[list[PortWire], BeforeValidator(_none_as_empty)] = []

    def model(self) -> Service:
        ports = tuple(Port(each.balancer, each.container) for each in self.ports)
        return Service(ServiceName(self.name), self.domain, ports, self.count)


class ProcessWire(BaseModel):
    """`name` is the service (convox-facts 5.3)."""

    id: Word
    name: Word
    status: Word
    release: Word

    def model(self) -> Process:
        return Process(ProcessId(self.id), ServiceName(self.name), self.status, ReleaseId(self.release))


class EventWire(BaseModel):
    reason: str = ""
    message: str = ""


class PodWire(BaseModel):
    """A pod of `deploy-debug -o json`; fields that are empty are left out (case deploy-debug-json)."""

    name: Word
    service: Word = ""
    phase: Word = ""
    ready: Word = ""
    restarts: int = 0
    stateDetail: str = ""  # noqa: N815 - as it is on the wire
    hint: str = ""
    logs: str = ""
    previousLogs: str = ""  # noqa: N815
    events: Annotated[list[EventWire], BeforeValidator(_none_as_empty)] = []

    @property
    def _said(self) -> tuple[str, ...]:
        """A container that waits for its next start shows its last run as both (case deploy-debug-json)."""
        before = [] if self.logs == self.previousLogs else self.previousLogs.splitlines()
        return (*before, *self.logs.splitlines())

    def model(self) -> Unwell:
        return Unwell(
            ProcessId(self.name),
            ServiceName(self.service),
            self.stateDetail or self.phase,
            self.ready,
            self.restarts,
            self.hint,
            self._said,
            tuple(f"{each.reason}: {each.message}" for each in self.events),
        )


class DiagnosisWire(BaseModel):
    pods: Annotated[list[PodWire], BeforeValidator(_none_as_empty)] = []


_DIAGNOSIS = TypeAdapter(DiagnosisWire)
_SERVICES = TypeAdapter(Annotated[list[ServiceWire], BeforeValidator(_none_as_empty)])
_PROCESSES = TypeAdapter(Annotated[list[ProcessWire], BeforeValidator(_none_as_empty)])


def services(text: str) -> tuple[Service, ...]:
    return tuple(each.model() for each in _read(_SERVICES, text))


def processes(text: str) -> tuple[Process, ...]:
    return tuple(each.model() for each in _read(_PROCESSES, text))


def diagnosis(text: str) -> tuple[Unwell, ...]:
    return tuple(each.model() for each in _read(_DIAGNOSIS, text).pods)


def restarts(text: str) -> Mapping[ProcessId, int]:
    return {ProcessId(each.name): each.restarts for each in _read(_DIAGNOSIS, text).pods}


def _read(adapter: TypeAdapter[T], text: str) -> T:
    """Raises Garbled, which says where the trouble is and not what was there; pydantic's error quotes its input."""
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(each) for each in first["loc"]) or "the answer"
    raise Garbled("the rack's JSON is not what deployer knows", why=f"{where}: {first['type']}")
