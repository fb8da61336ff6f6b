#!/usr/bin/env bash
# Ends the Gitea whose data is in GITEA_RUN, and removes that.
set -uo pipefail
run=${GITEA_RUN:?is not set}
pkill -9 --pidfile "$run/pid" 2>/dev/null
pkill -9 -f "$run/gitea" 2>/dev/null
rm -rf "$run"
