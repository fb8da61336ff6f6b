//! Each folder of `tests/cases/check` holds a pipeline and the whole text that checking it
//! gives. `BLESS=1` writes the text anew.

mod catalog;

use std::fs;
use std::path::Path;

use sluice_pipeline::diagnostic::Source;
use sluice_pipeline::document::Document;
use sluice_pipeline::pipeline::Pipeline;

fn check(text: String) -> String {
    let source = Source::new("pipeline.yaml", text);
    let read =
        Document::read(&source).and_then(|document| Pipeline::read(&document, &catalog::catalog()));
    match read {
        Ok(pipeline) => pipeline.warnings.render(&source, false),
        Err(problems) => problems.render(&source, false),
    }
}

#[test]
fn checking_a_file_gives_the_text_beside_it() {
    let cases = Path::new("../../tests/cases/check");
    let mut folders: Vec<_> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    let mut different = Vec::new();
    for folder in folders {
        let text = fs::read_to_string(folder.join("pipeline.yaml")).unwrap();
        let actual = check(text);
        let expected = folder.join("check.err");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &actual).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != actual {
            different.push(format!("{}\n{actual}", folder.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_deeply_nested_file_of_400_kb_is_refused_at_its_place() {
    for nest in ["{a: ", "[", "- ", "? "] {
        let text = format!(
            "name: deep\nsteps:\n  a: {}",
            nest.repeat(400_000 / nest.len())
        );
        let error = check(text);
        assert!(
            error.starts_with("error: ") && error.contains(" --> pipeline.yaml:3:"),
            "{error}"
        );
        assert!(error.len() < 1000, "{} bytes", error.len());
    }
}
