//! The guest that both benchmarks run.

use std::{path::PathBuf, process::Command};

/// The component of `tests/guests/noop`.
pub(crate) fn noop() -> PathBuf {
    let workspace = PathBuf::from("..");
    let target = std::env::temp_dir().join("sluice-bench-guests");
    let status = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args([
            "build",
            "--quiet",
            "--profile",
            "plugin",
            "--target",
            "wasm32-wasip2",
        ])
        .args(["--package", "sluice-guest-noop", "--target-dir"])
        .arg(&target)
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the guest does not build");
    target.join("wasm32-wasip2/plugin/sluice_guest_noop.wasm")
}
