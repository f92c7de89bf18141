"""A model of a Convox rack: operations and events in, actions out, time from outside.

Standard library only; no clock, no randomness of its own, no processes, no I/O. `deployer.localrack` runs it in real
time with real processes, `deployer.testing` in virtual time with faults. Each rule cites its section of the Convox
facts or is marked ASSUMPTION, with a number in `Physics` to turn.

A rack is driven in a loop: `advance` to an instant, do the actions, report what became of them, and look up
`next_instant_s` to know how long nothing will happen by itself.

>>> import random
>>> rack = Rack(Ids(random.Random(7)), Physics(resync_s=2))
>>> rack.create_app("myapi").status
'running'
>>> manifest = '{"services": {"api": {"command": "serve", "port": 8000, "scale": 2}}}'
>>> release = rack.complete_build("myapi", rack.create_build("myapi").id, manifest)
>>> rack.promote("myapi", release.id)
>>> def run(until_s):
...     while (instant_s := rack.next_instant_s()) is not None and instant_s <= until_s:
...         for action in rack.advance(instant_s):
...             match action:
...                 case StartProcess():
...                     rack.started(action.app, action.process)
...                 case ProbeProcess():
...                     rack.probed(action.app, action.process, ok=True)
...                 case StopProcess():
...                     rack.exited(action.app, action.process, 0)
...     rack.advance(until_s)
>>> run(until_s=3)
>>> rack.app("myapi").status, rack.app("myapi").release == release.id
('updating', True)
>>> [(row.status.value, row.release == release.id) for row in rack.processes("myapi", service="api")]
[('starting', True), ('starting', True)]
>>> run(until_s=20)
>>> rack.app("myapi").status, [row.status.value for row in rack.processes("myapi", service="api")]
('running', ['running', 'running'])
"""

from deployer.rackmodel.actions import Action, Logged, ProbeProcess, StartProcess, StopProcess
from deployer.rackmodel.atom import AtomState
from deployer.rackmodel.budget import Budget
from deployer.rackmodel.ids import Ids
from deployer.rackmodel.manifest import Health, Manifest, ManifestInvalid, Service
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.rack import Rack
from deployer.rackmodel.records import (
    AppRow,
    Build,
    BuildStatus,
    ProcessKind,
    ProcessRow,
    ProcessStatus,
    Release,
    ResourceRow,
    ServiceRow,
)
from deployer.rackmodel.refusals import Refused
from deployer.rackmodel.scaling import Change

__all__ = [
    "Action",
    "AppRow",
    "AtomState",
    "Budget",
    "Build",
    "BuildStatus",
    "Change",
    "Health",
    "Ids",
    "Logged",
    "Manifest",
    "ManifestInvalid",
    "Physics",
    "ProbeProcess",
    "ProcessKind",
    "ProcessRow",
    "ProcessStatus",
    "Rack",
    "Refused",
    "Release",
    "ResourceRow",
    "Service",
    "ServiceRow",
    "StartProcess",
    "StopProcess",
]
