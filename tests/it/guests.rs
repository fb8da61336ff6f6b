//! The components under `tests/guests` and `examples`, built once when a test first needs
//! one.

use std::{path::PathBuf, process::Command, sync::LazyLock};

/// The path of a guest's or an example's component.
pub(crate) fn guest(name: &str) -> String {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(build);
    let guest = BUILT.join(format!("sluice_guest_{name}.wasm"));
    let example = BUILT.join(format!("{name}.wasm"));
    if guest.is_file() { guest } else { example }
        .display()
        .to_string()
}

fn build() -> PathBuf {
    let workspace = PathBuf::from("..");
    // Beside the host's own target folder, whose lock the outer cargo may hold.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(workspace)
        .args([
            "build",
            "--locked",
            "--profile",
            "plugin",
            "--target",
            "wasm32-wasip2",
        ])
        .args([
            "--package",
            "sluice-guest-*",
            "--package",
            "hello",
            "--target-dir",
        ])
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR");
    let output = cargo.output().expect("cargo starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join("wasm32-wasip2/plugin")
}
