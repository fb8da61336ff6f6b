//! Each folder of `tests/cases/rbac` holds pipelines and the whole text that is printed for
//! them: documents, or why there are none. `BLESS=1` writes the text anew.

mod catalog;

use std::fs;
use std::path::Path;

use sluice_pipeline::diagnostic::{Problems, Source};
use sluice_pipeline::document::Document;
use sluice_pipeline::pipeline::Pipeline;
use sluice_pipeline::rbac::{Account, Authority, Logs, documents};

fn add(authority: &mut Authority, source: &Source) -> Result<(), Problems> {
    let document = Document::read(source)?;
    let pipeline = Pipeline::read(&document, &catalog::catalog())?;
    for (step, rules) in pipeline.workloads()? {
        for rule in rules {
            authority.add(&pipeline.name, &step.id, &rule);
        }
    }
    Ok(())
}

/// The file of the expected text, and the text.
fn printed(folder: &Path) -> (&'static str, String) {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut authority = Authority::default();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        let source = Source::new(name, fs::read_to_string(&file).unwrap());
        if let Err(problems) = add(&mut authority, &source) {
            return ("rbac.err", problems.render(&source, false));
        }
    }
    let account = Account {
        namespace: "sluice".to_owned(),
        name: "runner".to_owned(),
    };
    let documents = documents(&authority, &account, Logs::Unread);
    ("rbac.txt", documents)
}

#[test]
fn the_documents_for_pipelines_are_the_text_beside_them() {
    let cases = Path::new("../../tests/cases/rbac");
    let mut folders: Vec<_> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    let mut different = Vec::new();
    for folder in folders {
        let (name, actual) = printed(&folder);
        let expected = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &actual).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != actual {
            different.push(format!("{}\n{actual}", folder.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
