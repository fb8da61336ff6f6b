//! Builds the plugins in `plugins/` for `wasm32-wasip2`, so that they are part of the
//! binary and `cargo install --path host` gives one file that works.
//!
//! The nested build has a target directory of its own (sharing one would wait for the
//! lock that the outer build holds), an environment without the outer build's settings,
//! and remapped paths: a component's digest must not depend on the machine.

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

const PLUGINS: [&str; 4] = ["deploy", "mirror", "notify", "svu-tag"];
const TARGET: &str = "wasm32-wasip2";

fn main() {
    let host = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let workspace = host
        .parent()
        .expect("the host crate lies in the workspace")
        .to_owned();
    let out = PathBuf::from(variable("OUT_DIR"));
    for watched in [
        "plugins",
        "wit",
        "Cargo.lock",
        "Cargo.toml",
        "rust-toolchain.toml",
    ] {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(watched).display()
        );
    }
    let built = build(&workspace, &out.join("plugins"));
    let mut table =
        String::from("/// The built-in plugins.\npub static BUILT_IN: &[BuiltIn] = &[\n");
    for name in PLUGINS {
        let file = name.replace('-', "_");
        let path = built.join(format!("sluice_plugin_{file}.wasm"));
        let literal = path.display().to_string();
        let bytes = fs::read(&path)
            .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
        let digest = format!("{:x}", Sha256::digest(&bytes));
        let _ = writeln!(
            table,
            "    BuiltIn {{ name: {name:?}, bytes: include_bytes!({literal:?}), digest: \"sha256:{digest}\" }},"
        );
    }
    table.push_str("];\n");
    fs::write(out.join("built_in.rs"), table).expect("the build's output folder can be written to");
}

/// Builds all plugins; the folder that they are in.
fn build(workspace: &Path, target: &Path) -> PathBuf {
    let home = |name: &str, default: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(default)))
    };
    let cargo_home = home("CARGO_HOME", ".cargo").expect("`CARGO_HOME` or `HOME` is set");
    let remapped = [
        format!("--remap-path-prefix={}=/sluice", workspace.display()),
        format!("--remap-path-prefix={}=/cargo", cargo_home.display()),
    ];
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(workspace)
        .env_clear()
        .env("CARGO_ENCODED_RUSTFLAGS", remapped.join("\x1f"))
        .env("RUSTC", variable("RUSTC"))
        .args([
            "build",
            "--locked",
            "--profile",
            "plugin",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target);
    for kept in [
        "PATH",
        "HOME",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "SSL_CERT_FILE",
    ] {
        if let Some(value) = env::var_os(kept) {
            cargo.env(kept, value);
        }
    }
    if env::var_os("CARGO_NET_OFFLINE").is_some() {
        cargo.arg("--offline");
    }
    for name in PLUGINS {
        cargo.args(["--package", &format!("sluice-plugin-{name}")]);
    }
    let output = cargo
        .output()
        .unwrap_or_else(|error| panic!("cannot run cargo: {error}"));
    assert!(
        output.status.success(),
        "the built-in plugins do not build; if the target is missing, `rustup target add {TARGET}`\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join(TARGET).join("plugin")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets `{name}` for build scripts"))
}
