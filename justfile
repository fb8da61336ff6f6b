# The developers' manual: `just --list`.

# Keeps what is built outside the clone, so that a fresh clone is quick.
export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", env("HOME") / ".cache/sluice-dev/target")

# Everything that a change must pass, as CI runs it.
ci:
    ./test

# What needs nothing but Rust and git: formatting, lints, licences, documentation, tests.
fast:
    ./test fast

# The story on one machine, with nothing set up.
demo:
    ./demo

# Format everything.
fmt:
    cargo fmt --all

# Rewrite the expected texts of the test cases from what the program says now; look at the diff.
bless:
    BLESS=1 cargo test --package sluice-pipeline --package sluice

# Try each property of the parsers and decisions for so many seconds; what breaks one is kept.
fuzz seconds="60":
    SLUICE_FUZZ_SECONDS={{seconds}} cargo test --package sluice-pipeline --lib fuzz
    SLUICE_FUZZ_SECONDS={{seconds}} cargo test --package sluice --lib fuzz
    SLUICE_FUZZ_SECONDS={{seconds}} cargo test --package sluice --lib host_that_is_decided_on

# The figures of docs/performance.md, all measured in one run.
bench:
    cargo bench --package sluice --bench step --bench process
    scripts/bench-git.sh large
    scripts/bench-rollout.sh

# A real Kubernetes control plane to play with; prints its KUBECONFIG.
cluster-up:
    tests/real/kubernetes/up.sh

# Ends it and removes its state.
cluster-down:
    tests/real/kubernetes/down.sh
