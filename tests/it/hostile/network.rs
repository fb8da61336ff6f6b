//! A network of a test's own: nothing but its loopback, which has whatever addresses the test
//! wants, and a name server. What is dialled there by mistake arrives where the test looks.

use std::{env, fs, process::Command};

/// Says that the process is in a network of its own.
const WITHIN: &str = "SLUICE_TEST_NETWORK";

/// Runs the rest of the test within a network of its own, in a process of its own; `false` in
/// the process that waits for that. `test` is the test's path.
#[track_caller]
pub(super) fn within(test: &str, addresses: &[&str]) -> bool {
    if env::var_os(WITHIN).is_some() {
        prepare(addresses);
        return true;
    }
    let own = env::current_exe().expect("it has a path");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--net"])
        .arg(own)
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .env(WITHIN, "yes")
        .output()
        .expect("`unshare` is part of every Linux");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}\n{err}");
    assert!(
        out.contains("1 passed"),
        "no test is called `{test}`:\n{out}"
    );
    false
}

/// Brings the loopback up with these addresses beside its own, and names the name server.
fn prepare(addresses: &[&str]) {
    run("ip", &["link", "set", "lo", "up"]);
    for address in addresses {
        let length = if address.contains(':') { 128 } else { 32 };
        let address = format!("{address}/{length}");
        run("ip", &["address", "add", &address, "dev", "lo"]);
    }
    let folder = tempfile::tempdir().expect("a folder can be made").keep();
    for (name, text) in [
        (
            "resolv.conf",
            "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        ),
        ("nsswitch.conf", "hosts: dns\n"),
    ] {
        let file = folder.join(name);
        fs::write(&file, text).expect("the folder is ours");
        let place = format!("/etc/{name}");
        run("mount", &["--bind", &file.display().to_string(), &place]);
    }
}

#[track_caller]
fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {err}");
}
