//! What is taken as a secret, and what is left of it when the run is over: nothing on the
//! disk, and nothing in the environment of a program that the host starts.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{VALUE, courier};
use crate::echo::{Echo, answer};
use crate::sluice::Sluice;

/// The files below the folder that hold the text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is ours").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if memchr::memmem::find(&fs::read(&path).expect("the file is ours"), text.as_bytes())
            .is_some()
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_run_leaves_no_value_on_the_disk() {
    let echo = Echo::over_tls(|request| answer("200 OK", &[], request));
    let with = "headers: ['x-key: SECRET']";
    let sluice = courier(&echo, "hosts: [localhost]", "/", with);
    let cache = sluice.folder().join("cache");
    let sluice = echo.trusted_by(sluice).env("SLUICE_CACHE", &cache);
    let said = sluice.events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert!(echo.asked().is_some_and(|request| request.contains(VALUE)));
    assert!(
        !holding(&sluice.folder().join("state"), "localhost").is_empty(),
        "a record is kept"
    );
    assert!(cache.is_dir(), "compiled code is kept");
    assert_eq!(holding(sluice.folder(), VALUE), Vec::<String>::new());
    assert_eq!(
        holding(sluice.folder(), "sluice-secret-"),
        Vec::<String>::new()
    );
}

#[test]
fn a_program_that_the_host_starts_has_no_secret_in_its_environment_or_arguments() {
    let text = format!(
        "name: secret
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  web: {{ url: 'http://127.0.0.1:9/a.git', auth: {{ user: ci, password: '${{{{ secrets.forge }}}}' }} }}
  here: {{ url: 'file:///nowhere.git' }}
steps:
  call:
    uses: {}
    with: {{ call: list-refs, remote: here, prefixes: [refs/] }}
    permissions: {{ git: [{{ remote: here, read: true }}] }}
",
        crate::guests::guest("git")
    );
    let sluice = Sluice::pipeline(&text).env("FORGE", VALUE);
    let programs = sluice.folder().join("bin");
    let seen = sluice.folder().join("seen");
    fs::create_dir(&programs).expect("the folder is ours");
    let git = programs.join("git");
    let script = format!(
        "#!/bin/sh\n{{ env; echo \"$0 $*\"; }} > '{}'\n",
        seen.display()
    );
    fs::write(&git, script).expect("the folder is ours");
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let path = std::env::var("PATH").expect("there is a path");
    let sluice = sluice.env("PATH", format!("{}:{path}", programs.display()));
    let said = sluice.events(&[]);
    let seen = fs::read_to_string(&seen).unwrap_or_else(|_| panic!("{}\n{}", said.out, said.err));
    assert!(seen.contains("upload-pack"), "{seen}");
    assert!(!seen.contains(VALUE) && !seen.contains("FORGE"), "{seen}");
}

#[test]
fn a_value_that_could_not_be_hidden_or_read_is_refused_with_the_reason() {
    let echo = Echo::over_tls(|_| answer("200 OK", &[], ""));
    let refused = |declared: &str, value: &str| {
        let sluice =
            courier(&echo, &format!("hosts: [localhost], {declared}"), "/", "").env("KEY", value);
        let path = sluice.folder().join("pipeline.yaml");
        let text = fs::read_to_string(&path).expect("it is there");
        fs::write(
            &path,
            text.replace(
                "env: KEY, hosts: [localhost], file",
                "hosts: [localhost], file",
            ),
        )
        .expect("the folder is ours");
        fs::write(sluice.folder().join("long"), "x".repeat((64 << 10) + 1)).expect("it is ours");
        fs::write(sluice.folder().join("pin"), "1234\n").expect("it is ours");
        let said = echo.trusted_by(sluice).events(&[]);
        assert_eq!(said.code, Some(2), "{}", said.out);
        said.err
    };
    let short = "is shorter than 8 bytes, too short to be hidden in logs; use a longer one";
    for (declared, value, why) in [
        ("as: header", "0042173", short),
        ("as: header", " 1234567 ", short),
        ("file: pin", "", short),
        ("file: long", "", "is longer than 64 KiB: is `"),
        (
            "as: header",
            "",
            "is empty: the environment variable `KEY` has no value",
        ),
        (
            "as: url",
            "https://localhost/a/bcde/",
            "is declared `as: url`, and what follows its host is shorter than 8 bytes, too short to be hidden in logs; an address without a secret in it needs no secret",
        ),
    ] {
        let said = refused(declared, value);
        let expected = format!("error: step `send` cannot run: secret `key` {why}");
        assert!(said.starts_with(&expected), "{said}");
    }
    assert_eq!(echo.asked(), None);
}
