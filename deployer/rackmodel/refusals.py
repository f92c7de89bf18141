"""What the rack says when it says no: an HTTP status and its exact words.

Source: convox-facts 2.6, 2.8, 2.12, 5.1 and the recorded runs (rack-cases.jsonl).
Keep `%` out of these texts: the real CLI passes them through a Go format call (convox-facts 2.0).
"""

from __future__ import annotations

from collections.abc import Iterable


class Refused(Exception):
    """An operation that the rack refuses, with the status and the text its API answers with."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def app_not_found(app: str) -> Refused:
    return Refused(404, f"app not found: {app}")


def bad_app_name(app: str) -> Refused:
    # ASSUMPTION: the text, after the one for a service's name (convox-facts 7).
    return Refused(400, f"app name {app} invalid, must contain only lowercase alphanumeric and dashes")


def app_exists(app: str) -> Refused:
    # ASSUMPTION: the text. The status of a Kubernetes error is 500 (convox-facts 5.1).
    return Refused(500, f'namespaces "{app}" already exists')


def app_locked(app: str) -> Refused:
    # ASSUMPTION: status and text; the facts only say that there is a lock.
    return Refused(403, f"app is locked: {app}")


def release_not_found(release: str) -> Refused:
    return Refused(500, f'releases.convox.com "{release.lower()}" not found')


def build_not_found(build: str) -> Refused:
    return Refused(500, f'builds.convox.com "{build.lower()}" not found')


def process_not_found(process: str) -> Refused:
    return Refused(500, f'pods "{process}" not found')


def service_not_found(service: str) -> Refused:
    # ASSUMPTION: the text; no recorded case asks for a service that is not there.
    return Refused(404, f"service not found: {service}")


def resource_not_found(resource: str) -> Refused:
    # ASSUMPTION: the text, after the one that a manifest's check uses for a service's.
    return Refused(500, f"resource not found: {resource}")


def at_budget_cap(spent_usd: float, cap_usd: float) -> Refused:
    # ASSUMPTION: the text, after `promote-post-409-budget`; without its `%`, which the CLI mangles.
    return Refused(409, f"budget cap reached: ${spent_usd:.2f} of ${cap_usd:.2f} used; new deploys are blocked")


def no_way_back(service: str) -> Refused:
    # provider/k8s ensureWakeMechanism
    return Refused(
        400,
        f"cannot set --min 0 on service {service}: no autoscale mechanism is configured to wake pods back up. Set "
        "scale.autoscale.* in convox.yml and promote a release first, or use --min 1 (or higher)",
    )


def config_not_found(name: str) -> Refused:
    return Refused(404, f"app config not found: {name}")


def no_release_promoted(app: str) -> Refused:
    # ASSUMPTION: the text; the code needs an active release to run a service's image (convox-facts 2.9).
    return Refused(500, f"no release promoted for app: {app}")


def currently_updating() -> Refused:
    return Refused(403, "app is currently updating")


def older_release() -> Refused:
    return Refused(400, "can not promote an older release, try rollback")


def empty_manifest() -> Refused:
    return Refused(400, "can not promote a release with an empty manifest")


def not_updating() -> Refused:
    return Refused(403, "app is not updating")


def not_currently_updating() -> Refused:
    return Refused(500, "not currently updating")


def required_env(missing: Iterable[str]) -> Refused:
    return Refused(500, f"required env: {', '.join(sorted(missing))}")


def bad_manifest(text: str) -> Refused:
    return Refused(500, text)


def env_line_too_long() -> Refused:
    # The rack diffs a new env against the old one, and Go's scanner stops at 64 KiB (convox-facts 4).
    return Refused(500, "bufio.Scanner: token too long")
