//! Documents keep their promises: what they name exists, and what they run runs.

use std::{fs, path::PathBuf};

use regex::Regex;

use crate::{
    deploy::{
        practice::Practice,
        stage::{Fate, Stage},
    },
    guests::guest,
    plan::plan,
    sluice::Sluice,
};

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "docs/notify.md",
    "docs/deploy.md",
    "docs/git.md",
    "docs/mirror.md",
    "docs/performance.md",
    "docs/plans.md",
    "docs/policy.md",
    "docs/rbac.md",
    "docs/security.md",
    "docs/svu-tag.md",
];

fn root() -> PathBuf {
    // Cargo runs a test in the folder of its package.
    std::fs::canonicalize("..").expect("the host lies in the workspace")
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The contents of the fenced blocks of that language.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts
        .filter_map(|part| part.split("\n```").next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut dead = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let folder = root()
            .join(document)
            .parent()
            .expect("it is in the tree")
            .to_owned();
        for part in text.split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
                dead.push(format!("{document}: {target}"));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
}

#[test]
fn the_readmes_pipeline_checks_and_its_output_is_what_the_program_prints() {
    let text = read("README.md");
    let pipeline = blocks(&text, "yaml")
        .into_iter()
        .next()
        .expect("the README shows a pipeline");
    let sluice = Sluice::pipeline(&pipeline);
    let said = sluice.run(&[
        "run",
        "pipeline.yaml",
        "--input",
        "tag=0b5e6f1a",
        "--dry-run",
        "--offline",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let shown = blocks(&text, "text")
        .into_iter()
        .next()
        .expect("the README shows its output");
    let plain = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('$'));
        lines
            .map(normal)
            .collect::<Vec<_>>()
            .join("\n")
            .trim()
            .to_owned()
    };
    assert_eq!(plain(&shown), plain(&said.out));
}

#[test]
fn the_plan_that_the_manual_shows_is_what_its_pipeline_gives() {
    let text = read("docs/plans.md");
    let pipeline = blocks(&text, "yaml").remove(0);
    let shown = blocks(&text, "json").remove(0);
    let stage = Practice::set(Fate::Ready);
    let sluice = Sluice::pipeline(&pipeline).env("KUBECONFIG", stage.kubeconfig());
    plan(&sluice, &["--input", "tag=2"]);
    let plan = fs::read_to_string(sluice.folder().join("plan.json")).expect("it was written");
    let uid = Regex::new("[0-9a-f]{8}-[0-9a-f-]{27}").expect("it is an expression");
    let plain = |text: &str| uid.replace_all(text.trim_end(), "UID").into_owned();
    assert_eq!(plain(&plan), plain(&shown));
}

/// A line without what differs from run to run: durations and the run's name.
fn normal(line: &str) -> String {
    let run = Regex::new(r"\d{8}-\d{6}-[0-9a-f]{4}").expect("it is an expression");
    let time = Regex::new(r"\d+(\.\d+)? ?(ms|s)\b").expect("it is an expression");
    time.replace_all(&run.replace_all(line, "RUN"), "TIME")
        .trim_end()
        .to_owned()
}

#[test]
fn every_pipeline_that_the_page_of_a_plugin_shows_checks() {
    for (page, count) in [
        ("docs/deploy.md", 1),
        ("docs/mirror.md", 1),
        ("docs/notify.md", 3),
        ("docs/svu-tag.md", 2),
    ] {
        let pipelines = blocks(&read(page), "yaml");
        assert_eq!(pipelines.len(), count, "{page}");
        for pipeline in pipelines {
            let said = Sluice::pipeline(&pipeline).run(&["check", "pipeline.yaml"]);
            assert_eq!(said.code, Some(0), "{pipeline}\n{}", said.err);
            assert_eq!(said.err, "", "{pipeline}");
        }
    }
}

#[test]
fn remotes_and_permissions_that_the_page_on_git_shows_check() {
    let shown = blocks(&read("docs/git.md"), "yaml");
    let [remotes, permissions] = &shown[..] else {
        panic!("it shows remotes, and permissions: {shown:?}");
    };
    let permissions = permissions.replace('\n', "\n    ");
    let guest = guest("git");
    let text = format!(
        "name: git\n{remotes}\nsteps:\n  call:\n    uses: {guest}\n    with: {{ call: list-refs, remote: origin }}\n    {permissions}\n"
    );
    let said = Sluice::pipeline(&text).run(&["check", "pipeline.yaml"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(0), ""),
        "{}",
        said.out
    );
}

#[test]
fn every_pipeline_of_the_tree_checks() {
    let folder = root().join("pipelines");
    let mut files = fs::read_dir(folder)
        .expect("there are pipelines")
        .flatten()
        .map(|file| file.path().display().to_string());
    let mut args = vec!["check".to_owned()];
    args.extend(files.by_ref());
    let args = args.iter().map(String::as_str).collect::<Vec<_>>();
    let said = Sluice::pipeline("").run(&args);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out.lines().count(), args.len() - 1);
}

#[test]
fn the_schema_accepts_every_pipeline_of_the_tree_and_refuses_an_unknown_key() {
    let said = Sluice::pipeline("").run(&["schema"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let schema = serde_json::from_str::<serde_json::Value>(&said.out).expect("it is JSON");
    let valid = jsonschema::validator_for(&schema).expect("it is a JSON Schema");
    for entry in fs::read_dir(root().join("pipelines"))
        .expect("there are pipelines")
        .flatten()
    {
        let text = fs::read_to_string(entry.path()).expect("it is a file");
        let file = serde_saphyr::from_str::<serde_json::Value>(&text).expect("it is YAML");
        let problems = valid
            .iter_errors(&file)
            .map(|error| error.to_string())
            .collect::<Vec<_>>();
        assert_eq!(problems, Vec::<String>::new(), "{}", entry.path().display());
    }
    let wrong =
        serde_json::json!({ "name": "x", "stesp": {}, "steps": { "a": { "uses": "deploy" } } });
    assert!(!valid.is_valid(&wrong));
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in ["run", "check", "schema", "rbac"] {
        let said = Sluice::pipeline("").run(&[command, "--help"]);
        assert_eq!(said.code, Some(0));
        assert!(said.out.contains("Examples:"), "{command}:\n{}", said.out);
    }
}
