//! The reader of pipeline files: whatever the text, it ends, points to places within the
//! text, and reads JSON as JSON.

use std::{collections::BTreeSet, fs, path::Path};

use proptest::{
    collection::{btree_map, vec},
    prelude::{Strategy, any},
    prop_assert, prop_assert_eq, prop_oneof,
    test_runner::TestCaseError,
};
use serde_json::{Map, Value};

use super::bounded::{holds, mutated};
use crate::{
    catalog::Catalog,
    diagnostic::{Problems, Source, Span},
    document::{Content, Document, MAX_DEPTH, Node},
    pipeline::Pipeline,
};

const TOKENS: &[&str] = &[
    "\n",
    "  ",
    "\t",
    "- ",
    ": ",
    ":",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    "\"",
    "\\",
    "|",
    ">",
    "|-",
    ">+",
    "#",
    "&a ",
    "*a",
    "!x ",
    "!!str ",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "~",
    "null",
    "${{ ",
    " }}",
    "$${{",
    "ä",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "\r",
    "0x",
    "1e9",
    "\\ud800",
    "\\x",
    "steps",
    "needs",
    "permissions",
    "secrets",
];

/// The pipelines of the tree, right and wrong.
fn corpus() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut folders = vec![
        Path::new("../../pipelines").to_owned(),
        Path::new("../../tests/cases/check").to_owned(),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the tree has it").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                texts.push(fs::read_to_string(path).expect("pipelines are text"));
            }
        }
    }
    assert!(texts.len() > 20, "{} pipelines", texts.len());
    texts
}

#[test]
fn any_text_is_read_or_refused_at_places_within_it() {
    let strategy = mutated(corpus(), TOKENS);
    holds("src/fuzz/regressions/yaml.txt", &strategy, |text| {
        let source = Source::new("p.yaml", text.as_str());
        let document = match Document::read(&source) {
            Ok(document) => document,
            Err(problems) => return said(&problems, &source),
        };
        within(document.root(), &text, 0)?;
        match Pipeline::read(&document, &Catalog::default()) {
            Ok(pipeline) => said_of(&pipeline.warnings, &source),
            Err(problems) => said(&problems, &source),
        }
    });
}

/// Refused with at least one reason, and each can be shown.
fn said(problems: &Problems, source: &Source) -> Result<(), TestCaseError> {
    prop_assert!(!problems.is_empty(), "refused without a reason");
    said_of(problems, source)
}

fn said_of(problems: &Problems, source: &Source) -> Result<(), TestCaseError> {
    for span in problems.iter().filter_map(|problem| problem.span) {
        lies(span, &source.text)?;
    }
    let shown = problems.render(source, false);
    prop_assert_eq!(shown.is_empty(), problems.is_empty());
    Ok(())
}

fn lies(span: Span, text: &str) -> Result<(), TestCaseError> {
    let Span { start, end } = span;
    prop_assert!(start <= end && end <= text.len(), "{start}-{end}");
    prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
    Ok(())
}

/// Places within the text, depth within its bound, no key twice.
fn within(node: &Node, text: &str, depth: usize) -> Result<(), TestCaseError> {
    prop_assert!(depth <= MAX_DEPTH);
    lies(node.span, text)?;
    match &node.content {
        Content::Scalar(_) => {}
        Content::List(items) => {
            for item in items {
                within(item, text, depth + 1)?;
            }
        }
        Content::Map(entries) => {
            let mut keys = BTreeSet::new();
            for entry in entries {
                prop_assert!(keys.insert(&entry.key), "`{}` twice", entry.key);
                lies(entry.key_span, text)?;
                within(&entry.value, text, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// JSON whose texts hold what YAML lets stand unescaped, and what JSON escapes.
fn json() -> impl Strategy<Value = Value> {
    let text = "[ -~\\n\\t\\r\u{8}äß漢🦀]{0,12}";
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
        proptest::prelude::Just(Value::Null),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(text, inner, 0..6)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[test]
fn json_is_read_as_json() {
    holds("src/fuzz/regressions/json.txt", &json(), |value| {
        for text in [value.to_string(), format!("{value:#}")] {
            let source = Source::new("p.yaml", text.as_str());
            let document = Document::read(&source);
            let document = document.map_err(|problems| {
                TestCaseError::fail(format!("{text}\n{}", problems.render(&source, false)))
            })?;
            prop_assert!(document.problems().is_empty(), "{}", text);
            same(document.root(), &value)?;
        }
        Ok(())
    });
}

fn same(node: &Node, value: &Value) -> Result<(), TestCaseError> {
    match (&node.content, value) {
        (Content::Scalar(scalar), Value::String(text)) => {
            prop_assert!(!scalar.plain);
            prop_assert_eq!(&scalar.text, text);
        }
        (Content::Scalar(scalar), value) => {
            prop_assert!(scalar.plain);
            prop_assert_eq!(&scalar.text, &value.to_string());
        }
        (Content::List(items), Value::Array(values)) => {
            prop_assert_eq!(items.len(), values.len());
            for (item, value) in items.iter().zip(values) {
                same(item, value)?;
            }
        }
        (Content::Map(entries), Value::Object(fields)) => {
            prop_assert_eq!(entries.len(), fields.len());
            for (entry, (key, value)) in entries.iter().zip(fields) {
                prop_assert_eq!(&entry.key, key);
                same(&entry.value, value)?;
            }
        }
        (_, value) => prop_assert!(false, "{} is another kind of node", value),
    }
    Ok(())
}
