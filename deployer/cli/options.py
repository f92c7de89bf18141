"""The options that several commands share, and the words of their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# Headings of the help of commands with many options, in their order.
WHERE = "Where"
SHIPPED = "What is shipped"
COMMAND = "Release command"
PROOF = "Proof"
BACK = "The way back"
PATIENCE = "Patience"
TELLING = "What is told"

App = Annotated[
    str | None,
    typer.Option(
        "--app",
        "-a",
        metavar="NAME",
        help="The Convox app. [env: DEPLOYER_APP]",
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
Rack = Annotated[
    str | None,
    typer.Option(
        "--rack",
        "-r",
        metavar="NAME",
        help="The rack, `local` for the embedded one. Without it: RACK_URL, then what `convox switch` chose. "
        "[env: DEPLOYER_RACK]",
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
Convox = Annotated[
    Path | None,
    typer.Option(
        "--convox",
        metavar="PATH",
        help="The convox binary. Without it: the one on PATH. [env: DEPLOYER_CONVOX]",
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
InsecureRack = Annotated[
    bool | None,
    typer.Option(
        "--insecure-rack",
        help="Accept a rack whose TLS certificate cannot be verified. [env: DEPLOYER_INSECURE_RACK]",
        rich_help_panel=WHERE,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="auto|live|plain|json|github",
        help="How to tell the story. auto: live on a terminal, github in Actions, else plain. [env: DEPLOYER_OUTPUT]",
        show_default=False,
        rich_help_panel=TELLING,
    ),
]
Verbose = Annotated[
    bool | None,
    typer.Option(
        "--verbose",
        "-v",
        help="Show the commands that are run (values never). [env: DEPLOYER_VERBOSE]",
        rich_help_panel=TELLING,
    ),
]
Source = Annotated[Path | None, typer.Argument(help="The checkout to build.", show_default="this folder")]
EnvFile = Annotated[
    list[Path] | None,
    typer.Option("--env-file", metavar="FILE", help="A .env file, - for standard input.", rich_help_panel=SHIPPED),
]
EnvFrom = Annotated[
    list[str] | None,
    typer.Option(
        "--env-from", metavar="NAME", help="A variable of deployer's own environment, by name.", rich_help_panel=SHIPPED
    ),
]
SetPlain = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Only for what is not secret: other users see a command line.",
        rich_help_panel=SHIPPED,
    ),
]
EnvExclusive = Annotated[
    bool, typer.Option("--env-exclusive", help="Remove keys that are not given here.", rich_help_panel=SHIPPED)
]
Release = Annotated[
    str | None,
    typer.Option(
        "--release", metavar="R…", help="Ship an existing release instead of building.", rich_help_panel=SHIPPED
    ),
]
Staged = Annotated[
    str | None,
    typer.Option(
        "--staged",
        metavar="allow|refuse",
        help="Env that others set and never promoted ships along.",
        rich_help_panel=SHIPPED,
    ),
]
BuildTimeout = Annotated[
    str | None,
    typer.Option(
        "--build-timeout",
        metavar="DURATION",
        help="For the build. Default 60m. [env: DEPLOYER_BUILD_TIMEOUT]",
        show_default=False,
        rich_help_panel=PATIENCE,
    ),
]
Soak = Annotated[
    str | None,
    typer.Option(
        "--soak",
        metavar="DURATION",
        help="How long the release must stay proven, such as 15s or 2m. Default 15s. [env: DEPLOYER_SOAK]",
        show_default=False,
        rich_help_panel=PROOF,
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        help="Give a rollout up after this long in all. Default 33m. [env: DEPLOYER_TIMEOUT]",
        show_default=False,
        rich_help_panel=PATIENCE,
    ),
]
StartTimeout = Annotated[
    str | None,
    typer.Option(
        "--start-timeout",
        metavar="DURATION",
        help="How long a process may take to become ready, beyond its health grace and three intervals. Default 60s. "
        "[env: DEPLOYER_START_TIMEOUT]",
        show_default=False,
        rich_help_panel=PATIENCE,
    ),
]
ReleaseCommand = Annotated[
    str | None,
    typer.Option(
        "--release-command",
        metavar="COMMAND",
        help="Run this once in a process of the release before it is promoted: a migration, say. It may stay visible: "
        "no secrets. [env: DEPLOYER_RELEASE_COMMAND]",
        show_default=False,
        rich_help_panel=COMMAND,
    ),
]
ReleaseService = Annotated[
    str | None,
    typer.Option(
        "--release-service",
        metavar="SERVICE",
        help="In which service, where there are several. [env: DEPLOYER_RELEASE_SERVICE]",
        show_default=False,
        rich_help_panel=COMMAND,
    ),
]
CommandTimeout = Annotated[
    str | None,
    typer.Option(
        "--command-timeout",
        metavar="DURATION",
        help="For the release command. Default 15m. [env: DEPLOYER_COMMAND_TIMEOUT]",
        show_default=False,
        rich_help_panel=COMMAND,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Identity = Annotated[
    str | None,
    typer.Option(
        "--identity",
        metavar="health|ps",
        help="ps: accept the process list as the only proof. [env: DEPLOYER_IDENTITY]",
        show_default=False,
        rich_help_panel=PROOF,
    ),
]
Verify = Annotated[
    bool | None,
    typer.Option(
        " /--no-verify",
        help="Prove nothing and take nothing back: wait until the rack calls it running for the soak, and end as "
        "`unverified`. [env: DEPLOYER_VERIFY=false]",
        rich_help_panel=PROOF,
    ),
]
Irreversible = Annotated[
    bool | None,
    typer.Option(
        "--irreversible",
        help="The old release cannot serve again once this one has (a migration, say): a bad one is left, with the "
        "command to take it back. [env: DEPLOYER_IRREVERSIBLE]",
        rich_help_panel=BACK,
    ),
]
Rollback = Annotated[
    bool | None,
    typer.Option(
        " /--no-rollback",
        help="Leave a bad release where it is, and say so. [env: DEPLOYER_ROLLBACK=false]",
        rich_help_panel=BACK,
    ),
]
