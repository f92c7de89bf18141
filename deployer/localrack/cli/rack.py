"""The calls of the rack API that the commands make, one method each (convox-facts 5.3)."""

from __future__ import annotations

from contextlib import suppress

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.flags import format_duration
from deployer.localrack.cli.gotypes import ANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from deployer.localrack.cli.client import Client, Json, Options
    from deployer.localrack.cli.sockets import Socket

LOG_TAIL_SINCE = {"Prefix": "true", "Since": format_duration(5)}


class Rack:
    """A rack to command. Every method raises CommandError with the rack's or the network's words."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str) -> Any:
        return self.client.read(ANY, "GET", path)

    def system(self) -> Json:
        return self.client.read_object("structs.System", "GET", "/system")

    def apps(self) -> list[Json]:
        return self.client.read_list("structs.Apps", "/apps")

    def app(self, app: str) -> Json:
        return self.client.read_object("structs.App", "GET", f"/apps/{app}")

    def create_app(self, app: str, options: Options) -> None:
        self.client.read("*structs.App", "POST", "/apps", form={"name": app, **options})

    def update_app(self, app: str, options: Options) -> None:
        self.client.send("PUT", f"/apps/{app}", form=options)

    def delete_app(self, app: str) -> None:
        self.client.send("DELETE", f"/apps/{app}")

    def cancel(self, app: str) -> None:
        self.client.send("POST", f"/apps/{app}/cancel")

    def releases(self, app: str, limit: str | None = None) -> list[Json]:
        return self.client.read_list("structs.Releases", f"/apps/{app}/releases", query={"limit": limit})

    def release(self, app: str, release: str) -> Json:
        return self.client.read_object("structs.Release", "GET", f"/apps/{app}/releases/{release}")

    def newest_release(self, app: str) -> Json | None:
        """None when there is none."""
        newest = self.releases(app, "1")
        return self.release(app, text(newest[0], "id")) if newest else None

    def create_release(self, app: str, options: Options) -> Json:
        return self.client.read_object("structs.Release", "POST", f"/apps/{app}/releases", form=options)

    def promote(self, app: str, release: str, *, force: bool) -> None:
        form = {"force": "true" if force else "false"}
        self.client.send("POST", f"/apps/{app}/releases/{release}/promote", form=form)

    def store(self, app: str, key: str, data: bytes) -> str:
        """The opaque URL under which the rack finds the object again."""
        stored = self.client.read_object("structs.Object", "POST", f"/apps/{app}/objects/{key}", body=data)
        return text(stored, "Url")

    def builds(self, app: str, limit: str | None = None) -> list[Json]:
        return self.client.read_list("structs.Builds", f"/apps/{app}/builds", query={"limit": limit})

    def build(self, app: str, build: str) -> Json:
        return self.client.read_object("structs.Build", "GET", f"/apps/{app}/builds/{build}")

    def create_build(self, app: str, options: Options) -> Json:
        return self.client.read_object("structs.Build", "POST", f"/apps/{app}/builds", form=options)

    def build_logs(self, app: str, build: str) -> Socket:
        return self._socket(f"/apps/{app}/builds/{build}/logs", {})

    def processes(self, app: str, *, service: str | None = None, release: str | None = None) -> list[Json]:
        query = {"service": service, "release": release}
        return self.client.read_list("structs.Processes", f"/apps/{app}/processes", query=query)

    def process(self, app: str, process: str) -> Json:
        return self.client.read_object("structs.Process", "GET", f"/apps/{app}/processes/{process}")

    def stop_process(self, app: str, process: str) -> None:
        self.client.send("DELETE", f"/apps/{app}/processes/{process}")

    def run(self, app: str, service: str, headers: Options) -> Json:
        return self.client.read_object(
            "structs.Process", "POST", f"/apps/{app}/services/{service}/processes", headers=headers
        )

    def exec(self, app: str, process: str, headers: Options) -> Socket:
        return self._socket(f"/apps/{app}/processes/{process}/exec", headers)

    def services(self, app: str) -> list[Json]:
        return self.client.read_list("structs.Services", f"/apps/{app}/services")

    def update_service(self, app: str, service: str, options: Options) -> None:
        self.client.send("PUT", f"/apps/{app}/services/{service}", form=options)

    def restart_service(self, app: str, service: str) -> None:
        self.client.send("POST", f"/apps/{app}/services/{service}/restart")

    def app_logs(self, app: str, headers: Options) -> Socket:
        return self._socket(f"/apps/{app}/logs", headers)

    def service_logs(self, app: str, service: str, headers: Options) -> Socket:
        return self._socket(f"/apps/{app}/services/{service}/logs", headers)

    def budget(self, app: str) -> Json:
        """Without a config and a state when the rack answers `null`."""
        found: Json = self.client.read("sdk.appBudgetResponse", "GET", f"/apps/{app}/budget")
        return found

    def budget_shutdown(self, app: str) -> Json | None:
        """None when the rack answers `null`."""
        path = f"/apps/{app}/budget/shutdown-state"
        found: Json | None = self.client.read("*structs.AppBudgetShutdownState", "GET", path)
        return found

    def configs(self, app: str) -> list[Json]:
        return self.client.read_list("[]structs.AppConfig", f"/apps/{app}/configs")

    def config(self, app: str, name: str) -> Json:
        return self.client.read_object("structs.AppConfig", "GET", f"/apps/{app}/configs/{name}")

    def set_config(self, app: str, name: str, encoded: str) -> None:
        self.client.send("PUT", f"/apps/{app}/configs/{name}", form={"value": encoded})

    def balancers(self, app: str) -> list[Json]:
        return self.client.read_list("structs.Balancers", f"/apps/{app}/balancers")

    def resources(self, app: str) -> list[Json]:
        return self.client.read_list("structs.Resources", f"/apps/{app}/resources")

    def resource(self, app: str, name: str) -> Json:
        return self.client.read_object("structs.Resource", "GET", f"/apps/{app}/resources/{name}")

    def certificates(self, options: Options) -> list[Json]:
        return self.client.read_list("structs.Certificates", "/certificates", query=options)

    def instances(self) -> list[Json]:
        return self.client.read_list("structs.Instances", "/instances")

    def registries(self) -> list[Json]:
        return self.client.read_list("structs.Registries", "/registries")

    def diagnose(self, app: str, options: Options) -> Json:
        return self.client.read_object("structs.AppDiagnosticReport", "GET", f"/apps/{app}/diagnose", query=options)

    def _socket(self, path: str, headers: Options) -> Socket:
        from deployer.localrack.cli.sockets import Socket  # 50 ms that few commands need

        with suppress(CommandError):  # renews a console session; what it answers is ignored (convox-facts 5.3)
            self.client.send("GET", "/machines")
        return Socket(self.client, path, headers)


def text(record: Json, key: str) -> str:
    """A text or a time of the answer (`gotypes`); none is empty."""
    return record[key] or ""


def number(record: Json, key: str) -> int:
    """An integer of the answer; none is 0."""
    return record[key] or 0
