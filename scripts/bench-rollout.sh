#!/usr/bin/env bash
# Runs the benchmark of rollouts on a control plane of its own, which wants Go and root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

KUBEKIT_RUN=$(mktemp -d)
export KUBEKIT_RUN KUBEKIT_CACHE=${SLUICE_DEV_CACHE:-$HOME/.cache/sluice-dev}/kubernetes
trap 'tests/real/kubernetes/down.sh' EXIT
tests/real/kubernetes/up.sh >/dev/null
SLUICE_TEST_CLUSTER=$KUBEKIT_RUN cargo bench --package sluice --bench rollout
