#!/usr/bin/env bash
# Runs the benchmark of mirrors and tags beside git and svu. Wants root for lighttpd and GNU
# time where they are missing, and Go for svu, which is left out without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/prepare.sh
. scripts/prepare.sh

svu_version=v3.4.1
debian lighttpd lighttpd
debian /usr/bin/time time
if command -v go >/dev/null; then
  [ -x "$cache/bin/svu" ] || GOBIN=$cache/bin go install "github.com/caarlos0/svu/v3@$svu_version" \
    || echo "svu $svu_version cannot be had: git alone stands beside svu-tag" >&2
  [ ! -x "$cache/bin/svu" ] || export SVU=$cache/bin/svu
fi
cargo bench --locked --package sluice --bench git -- "$@"
