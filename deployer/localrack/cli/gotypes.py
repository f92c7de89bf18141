"""
The types of a rack's answers as the real CLI declares them in Go, each in one entry.

A struct is its fields in Go's order: `name`, `?` where an empty one is not
written, `:type` where it is no string. A wrong type makes the CLI fail in a
field that it never looks at too, so all fields are here.
Source: convox/convox pkg/structs and sdk/methods.go; convox-facts 2.10, 5.3.
"""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STRUCTS = {
    "structs.App": "generation? locked:bool name release router status budget?:*structs.AppBudget "
    "parameters:map[string]string",
    "structs.AppBudget": "monthly-cap-usd:float64 alert-threshold-percent?:float64 at-cap-action? "
    "pricing-adjustment?:float64 last-cap-mutation-by?",
    "structs.AppBudgetState": "month-start:time.Time current-month-spend-usd:float64 "
    "current-month-spend-as-of:time.Time alert-fired-at-threshold?:time.Time alert-fired-at-cap?:time.Time "
    "circuit-breaker-tripped?:bool circuit-breaker-ack-by? circuit-breaker-ack-at?:time.Time warning-count?:int",
    "sdk.appBudgetResponse": "config:*structs.AppBudget state:*structs.AppBudgetState",
    "structs.AppBudgetShutdownState": "schemaVersion:int shutdownAt:*time.Time armedAt:*time.Time "
    "restoredAt:*time.Time expiredAt:*time.Time notifyBeforeMinutes?:int recoveryMode shutdownOrder shutdownTickId "
    "manifestSha256 eligibleServiceCount:int services:[]structs.AppBudgetShutdownStateService "
    "flapSuppressedUntil:*time.Time recoveryBannerDismissedAt?:*time.Time armedNotificationFiredAt:*time.Time "
    "firedNotificationFiredAt:*time.Time noopNotificationFiredAt:*time.Time cancelledNotificationFiredAt:*time.Time "
    "expiredNotificationFiredAt:*time.Time flapSuppressedNotificationFiredAt:*time.Time "
    "failedNotificationFiredAt:*time.Time restoredNotificationFiredAt:*time.Time discoveryReason? failureReason?",
    "structs.AppBudgetShutdownStateService": "name originalScale:structs.AppBudgetShutdownStateOriginalScale "
    "originalGracePeriodSeconds:int64 kedaScaledObject:*structs.AppBudgetShutdownStateKeda "
    "shutdownSequenceIndex:int shutdownAt:*time.Time",
    "structs.AppBudgetShutdownStateOriginalScale": "count:int min:int max:int replicas:int",
    "structs.AppBudgetShutdownStateKeda": "name pausedReplicasAnnotationSet:bool",
    "structs.AppConfig": "name value",
    "structs.AppDiagnosticReport": "namespace rack app timestamp:time.Time overview?:*structs.DiagnosticOverview "
    "initPods?:[]structs.DiagnosticInitPod pods?:[]structs.DiagnosticPod summary?:*structs.DiagnosticSummary",
    "structs.DiagnosticOverview": "services:[]structs.DiagnosticServiceStatus events?:[]structs.DiagnosticEvent",
    "structs.DiagnosticServiceStatus": "name desiredReplicas:int readyReplicas:int updatedReplicas:int status "
    "stallReason? agent?:bool",
    "structs.DiagnosticEvent": "timestamp:time.Time type reason object message hint?",
    "structs.DiagnosticInitPod": "name service phase initContainers:[]structs.DiagnosticContainer",
    "structs.DiagnosticContainer": "name state logs?",
    "structs.DiagnosticPod": "name service phase ready ageSeconds:int restarts:int classification stateDetail? hint? "
    "logs? previousLogs? events?:[]structs.DiagnosticEvent",
    "structs.DiagnosticSummary": "total:int unhealthy:int notReady:int new:int healthy:int",
    "structs.Balancer": "name endpoint ports:structs.BalancerPorts service",
    "structs.BalancerPort": "protocol source:int target:int",
    "structs.Build": "id app description entrypoint git-sha logs manifest process release reason repository status "
    "started:time.Time ended:time.Time",
    "structs.Certificate": "id domain domains:[]string expiration:time.Time status",
    "structs.Instance": "agent:bool cpu:float64 cpu-capacity:float64 cpu-allocatable:float64 gpu-capacity:int "
    "gpu-allocatable:int id instance-type? memory:float64 memory-capacity:float64 memory-allocatable:float64 "
    "private-ip processes:int public-ip status started:time.Time",
    "structs.Object": "Url",
    "structs.Process": "id app command cpu:float64 gpu:int host image instance memory:float64 name ports:[]string "
    "release service started:time.Time status",
    "structs.Registry": "server username password",
    "structs.Release": "id app build env manifest description created:time.Time",
    "structs.Resource": "name parameters?:map[string]string status? type url apps?:structs.Apps",
    "structs.Service": "count:int cpu:int domain gpu:int gpu-vendor memory:int name nlb:[]structs.ServiceNlbPort "
    "ports:[]structs.ServicePort min?:*int max?:*int cold-start?:*bool autoscale?:*structs.ServiceAutoscaleState",
    "structs.ServiceAutoscaleState": "enabled:bool cpu-threshold?:*int mem-threshold?:*int gpu-threshold?:*int "
    "queue-threshold?:*int metric-name? custom-triggers?:int",
    "structs.ServiceNlbPort": "container-port:int port:int protocol scheme certificate cross-zone?:*bool "
    "allow-cidr?:[]string preserve-client-ip?:*bool",
    "structs.ServicePort": "balancer:int certificate container:int",
    "structs.System": "count:int domain name outputs?:map[string]string parameters?:map[string]string provider "
    "rack-domain region router-internal status type version",
    # What a console lists, and the body of a refusal; what is wrong in these the CLI does not tell.
    "console.Rack": "name organization:console.Organization provider status",
    "console.Organization": "name",
    "stdsdk.Refusal": "Error",
}
LISTS = {
    "structs.Apps": "structs.App",
    "structs.BalancerPorts": "structs.BalancerPort",
    "structs.Balancers": "structs.Balancer",
    "structs.Builds": "structs.Build",
    "structs.Certificates": "structs.Certificate",
    "structs.Instances": "structs.Instance",
    "structs.Processes": "structs.Process",
    "structs.Registries": "structs.Registry",
    "structs.Releases": "structs.Release",
    "structs.Resources": "structs.Resource",
    "structs.Services": "structs.Service",
}
MAP = "map[string]"
ANY = "interface {}"
ZERO_TIME = "0001-01-01T00:00:00Z"
ZEROES = {"string": "", "bool": False, "int": 0, "int64": 0, "float64": 0.0, "time.Time": ""}


class Field:
    """One field of a struct; `may_be_left_out` when it is empty (Go's `omitempty`)."""

    __slots__ = ("go_type", "may_be_left_out", "name")

    def __init__(self, spec: str) -> None:
        name, _, go_type = spec.partition(":")
        self.name, self.may_be_left_out, self.go_type = name.rstrip("?"), name.endswith("?"), go_type or "string"


@cache
def fields(go_type: str) -> tuple[Field, ...]:
    """Of a struct."""
    return tuple(Field(spec) for spec in STRUCTS[go_type].split())


def element(go_type: str) -> str:
    """The type of what a list or a map holds; empty when it is neither."""
    if go_type.startswith(MAP):
        return go_type.removeprefix(MAP)
    return go_type.removeprefix("[]") if go_type.startswith("[]") else LISTS.get(go_type, "")


def zero(go_type: str) -> Any:
    """What a field holds that the answer does not have: None for pointers, lists and maps, `""` for a time."""
    if go_type in STRUCTS:
        return {field.name: zero(field.go_type) for field in fields(go_type)}
    return ZEROES.get(go_type)


def marshalled(go_type: str, value: Any) -> Any:
    """What Go writes of a value: the fields in their order, without those that are empty and may be left out."""
    if value is None:
        return None
    go_type = go_type.removeprefix("*")
    if go_type in STRUCTS:
        return {
            field.name: marshalled(field.go_type, value[field.name])
            for field in fields(go_type)
            if value[field.name] or not field.may_be_left_out
        }
    if isinstance(value, list):
        return [marshalled(element(go_type), item) for item in value]
    return ZERO_TIME if go_type == "time.Time" and not value else value
