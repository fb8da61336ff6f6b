//! The direction of dependencies, read from the `use` lines.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The host's modules from the lowest to the highest: each may use those before it.
/// `secret` and `run` stand on one floor: an attempt carries its secrets, and what is
/// wrong with a secret is a step's error.
const LAYERS: [(&str, &[&str]); 8] = [
    // Of tests alone: what tries properties.
    ("fuzz", &[]),
    ("directory", &[]),
    ("secret", &["run", "secret"]),
    ("run", &["directory", "run", "secret"]),
    (
        "capability",
        &["bindings", "capability", "fuzz", "run", "secret"],
    ),
    (
        "plugin",
        &[
            "bindings",
            "capability",
            "directory",
            "plugin",
            "run",
            "secret",
        ],
    ),
    ("practice", &["capability", "plugin"]),
    (
        "cli",
        &["capability", "cli", "plugin", "practice", "run", "secret"],
    ),
];

#[test]
fn modules_of_the_host_use_only_what_lies_below_them() {
    let source = Path::new("src");
    let mut wrong = Vec::new();
    for (layer, allowed) in LAYERS {
        for file in files(source, layer) {
            let text = fs::read_to_string(&file).expect("the file was just found");
            for used in used(&text) {
                if !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{} uses `{used}`", file.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_run_knows_no_webassembly() {
    let source = Path::new("src");
    for file in files(source, "run") {
        let text = fs::read_to_string(&file).expect("the file was just found");
        assert!(!text.contains("wasmtime"), "{}", file.display());
    }
}

/// The files of a module.
fn files(source: &Path, module: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![source.join(module)];
    let single = source.join(format!("{module}.rs"));
    if single.is_file() {
        found.push(single);
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "there is no module `{module}`");
    found
}

/// The top modules that a file names after `crate::`.
fn used(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for part in text.split("crate::").skip(1) {
        let names = match part.strip_prefix('{') {
            Some(group) => top_names(group),
            None => vec![name(part)],
        };
        used.extend(names.into_iter().filter(|name| !name.is_empty()));
    }
    used.sort();
    used.dedup();
    used
}

fn name(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The names at the first level of a `{…}` group.
fn top_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut start) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && !c.is_whitespace() => {
                names.push(name(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}
