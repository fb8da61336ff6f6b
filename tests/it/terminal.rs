//! What a person at a terminal sees: live progress there, plain lines in a pipe, colours
//! where they are wanted.

use std::process::{Command, Stdio};

use crate::{guests::guest, sluice::Sluice};

fn deploy() -> Sluice {
    Sluice::pipeline(
        "name: live
on: [manual]
steps:
  deploy:
    uses: deploy
    with: { namespace: web, deployment: web, container: app, image: 'ghcr.io/acme/web:1', settle: 1s }
    permissions:
      kube-apply: [{ kind: Deployment, namespace: web, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }]
",
    )
}

/// What the binary writes to a terminal of its own.
fn on_a_terminal(sluice: &Sluice, environment: &[(&str, &str)]) -> String {
    let direct = sluice.command(&[]);
    let binary = direct.get_program().to_string_lossy().into_owned();
    let mut script = Command::new("script");
    script
        .args([
            "-qec",
            &format!("{binary} run pipeline.yaml --practice"),
            "/dev/null",
        ])
        .current_dir(sluice.folder())
        .env_clear()
        .env("TERM", "xterm-256color")
        .envs(
            direct
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    let output = script.output().expect("`script` is part of every Debian");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn terminal_shows_what_each_step_does_now_and_lines_of_what_has_happened() {
    let seen = on_a_terminal(&deploy(), &[]);
    assert!(
        seen.contains("3 of 3 pods updated, 3 available; watching for 1s"),
        "{seen}"
    );
    assert!(
        seen.contains("\u{1b}[32mset-images Deployment web/web done\u{1b}[0m"),
        "{seen}"
    );
    assert!(
        seen.chars().any(|c| ('\u{2800}'..='\u{28ff}').contains(&c)),
        "no spinner in {seen}"
    );
}

#[test]
fn no_color_leaves_no_colours_on_a_terminal() {
    let seen = on_a_terminal(&deploy(), &[("NO_COLOR", "1")]);
    assert!(
        seen.contains("set-images Deployment web/web done"),
        "{seen}"
    );
    for code in ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[3"] {
        assert!(!seen.contains(code), "{code:?} in {seen:?}");
    }
}

#[test]
fn pipe_gets_plain_lines() {
    let sluice = Sluice::pipeline(&format!(
        "name: plain\non: [manual]\nsteps:\n  it: {{ uses: {} }}\n",
        guest("noop")
    ));
    let said = sluice.run(&["run", "pipeline.yaml"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(!said.out.contains('\u{1b}'), "{}", said.out);
    assert_eq!(said.out.lines().count(), 4, "{}", said.out);
}

#[test]
fn reader_that_goes_away_is_no_failure() {
    let sluice = Sluice::pipeline(&format!(
        "name: plain\non: [manual]\nsteps:\n  it: {{ uses: {} }}\n",
        guest("noop")
    ));
    let mut child = sluice
        .command(&["run", "pipeline.yaml"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}
