#!/usr/bin/env bash
# `make demo`: everything that deployer is for, on this machine, in under a minute. Leaves nothing running or behind.
set -euo pipefail
cd "$(dirname "$0")/.."

home=$(mktemp -d)
export XDG_STATE_HOME=$home/state CONVOX_CONFIG=$home/convox
unset RACK_URL CONVOX_RACK

leave() {
  deployer rack down >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { [ -t 1 ] && [ -z "${NO_COLOR-}" ] && cat || sed 's/\x1b\[[0-9]*m//g'; }; }

# run STATUS COMMAND…: show the command, run it, and insist on its exit status.
run() {
  local wanted=$1 status=0
  shift
  printf '$ %s\n' "$*"
  "$@" || status=$?
  if ((status != wanted)); then
    printf 'demo: expected status %s, got %s\n' "$wanted" "$status" >&2
    exit 1
  fi
}

# The service asks for two keys. They travel by name, and on standard input from there on: never on a command line.
export OPENAI_API_KEY=a-key-for-the-demo ANTHROPIC_API_KEY=another-key-for-the-demo
target=(--rack local --app myapi)

say "1. A Convox rack on this machine, its times at a fifth of the real ones"
run 0 deployer rack up --time-scale 0.2 --app myapi

say "2. Ship this checkout: every replica must answer for the new release"
run 0 deployer ship "${target[@]}" --env-from OPENAI_API_KEY --env-from ANTHROPIC_API_KEY --soak 2s

say "3. What serves now"
run 0 deployer status "${target[@]}"

say "4. Ship a second release: one worker a process instead of two"
run 0 deployer ship "${target[@]}" --set GUNICORN_WORKERS=1 --soak 2s

say "5. Ship a release that cannot start: the service refuses this log level (status 20: the old one serves again)"
run 20 deployer ship "${target[@]}" --set LOG_LEVEL=loud --soak 2s

say "6. On call: back to the release before, by hand"
run 0 deployer rollback "${target[@]}" --soak 2s --yes

say "7. The rack goes down, and nothing of it stays"
run 0 deployer rack down
