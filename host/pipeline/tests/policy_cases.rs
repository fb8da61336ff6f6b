//! Each folder of `tests/cases/policy` holds a policy, perhaps a pipeline that is held against
//! it, and the whole text that this gives. `BLESS=1` writes the text anew.

mod catalog;

use std::fs;
use std::path::Path;

use sluice_pipeline::diagnostic::{Problems, Source};
use sluice_pipeline::document::Document;
use sluice_pipeline::pipeline::Pipeline;
use sluice_pipeline::policy::Policy;

fn source(folder: &Path, name: &str) -> Option<Source> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(Source::new(name, text))
}

fn pipeline(source: &Source) -> Result<Pipeline, Problems> {
    let document = Document::read(source)?;
    Pipeline::read(&document, &catalog::catalog())
}

fn judged(folder: &Path) -> String {
    let source_of_policy = source(folder, "policy.yaml").unwrap();
    let policy = match Policy::read(&source_of_policy) {
        Ok(policy) => policy,
        Err(problems) => return problems.render(&source_of_policy, false),
    };
    let Some(source) = source(folder, "pipeline.yaml") else {
        return String::new();
    };
    let pipeline = pipeline(&source).unwrap_or_else(|problems| {
        panic!("{}:\n{}", folder.display(), problems.render(&source, false))
    });
    match policy.judge(&pipeline) {
        Ok(()) => String::new(),
        Err(problems) => problems.render(&source, false),
    }
}

#[test]
fn holding_a_pipeline_against_a_policy_gives_the_text_beside_them() {
    let cases = Path::new("../../tests/cases/policy");
    let mut folders: Vec<_> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    let mut different = Vec::new();
    for folder in folders {
        let actual = judged(&folder);
        let expected = folder.join("policy.err");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &actual).unwrap();
        } else if fs::read_to_string(&expected).ok().as_ref() != Some(&actual) {
            different.push(format!("{}\n{actual}", folder.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
