//! Reading maps and scalars with the problems that readers of every part have in common:
//! an unknown key, a missing one, a value of another kind.

use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::duration::parse_duration;
use super::keys::Key;
use crate::diagnostic::{Problem, Problems, Span, did_you_mean, listed};
use crate::document::{Content, Entry, Node};

/// A map whose keys are known.
pub(crate) struct Fields<'d> {
    entries: &'d [Entry],
}

impl<'d> Fields<'d> {
    /// Reads a map. `what` names it with its article ("a step"), `place` is where a missing
    /// key is reported. `None`, with a problem, where it is no map.
    pub(crate) fn read(
        node: &'d Node,
        keys: &'static [Key],
        what: &str,
        place: Span,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Some(entries) = node.map() else {
            let span = if node.is_null() { place } else { node.span };
            problems.push(
                Problem::error(format!("{what} must be a map, and this is {}", node.kind()))
                    .at(span)
                    .help(format!(
                        "its keys: {}",
                        listed(keys.iter().map(|key| key.name), "and")
                    )),
            );
            return None;
        };
        for entry in entries {
            if !keys.iter().any(|key| key.name == entry.key) {
                let names = || keys.iter().map(|key| key.name);
                problems.push(
                    Problem::error(format!("{what} has no key `{}`", entry.key))
                        .at(entry.key_span)
                        .label(did_you_mean(&entry.key, names()))
                        .help(format!("its keys: {}", listed(names(), "and"))),
                );
            }
        }
        for key in keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|entry| entry.key == key.name) {
                problems.push(
                    Problem::error(format!("{what} needs the key `{}`", key.name))
                        .at(place)
                        .help(in_passing(key.doc)),
                );
            }
        }
        Some(Self { entries })
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&'d Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'d Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn text(&self, key: &str, problems: &mut Problems) -> Option<&'d str> {
        text(self.get(key)?, &format!("`{key}`"), problems)
    }

    pub(crate) fn boolean(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        let node = self.get(key)?;
        match node.scalar().map(crate::document::Scalar::core) {
            Some(Value::Bool(boolean)) => Some(boolean),
            _ => wrong(
                node,
                &format!("`{key}` must be `true` or `false`"),
                problems,
            ),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn integer(
        &self,
        key: &str,
        least: i64,
        most: i64,
        problems: &mut Problems,
    ) -> Option<i64> {
        let node = self.get(key)?;
        let number = node.scalar().and_then(|scalar| scalar.core().as_i64());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Some(number),
            None => wrong(
                node,
                &format!("`{key}` must be a whole number from {least} to {most}"),
                problems,
            ),
        }
    }

    pub(crate) fn duration(&self, key: &str, problems: &mut Problems) -> Option<Duration> {
        let node = self.get(key)?;
        match node
            .scalar()
            .and_then(|scalar| parse_duration(&scalar.text))
        {
            Some(duration) => Some(duration),
            None => wrong(
                node,
                &format!("`{key}` must be a duration such as `500ms`, `30s`, `5m` or `1h30m`"),
                problems,
            ),
        }
    }

    /// One of a few words, by its index.
    pub(crate) fn word(&self, key: &str, words: &[&str], problems: &mut Problems) -> Option<usize> {
        word(self.get(key)?, key, words, problems)
    }

    /// The nodes of a list.
    pub(crate) fn list(&self, key: &str, problems: &mut Problems) -> Option<&'d [Node]> {
        let node = self.get(key)?;
        match &node.content {
            Content::List(items) => Some(items),
            Content::Scalar(scalar) if !scalar.is_null() => {
                let problem = Problem::error(format!("`{key}` must be a list")).at(node.span);
                problems.push(problem.label(format!("put it in brackets: `[{}]`", scalar.text)));
                None
            }
            _ => wrong(node, &format!("`{key}` must be a list"), problems),
        }
    }

    /// The texts of a list, with their places; empty where there is none.
    pub(crate) fn texts(&self, key: &str, problems: &mut Problems) -> Vec<(&'d str, Span)> {
        let items = self.list(key, problems).unwrap_or_default();
        let what = format!("an item of `{key}`");
        items
            .iter()
            .filter_map(|item| Some((text(item, &what, problems)?, item.span)))
            .collect()
    }

    /// The entries of a map with names of the author's choice; empty where there is none.
    pub(crate) fn named(&self, key: &str, problems: &mut Problems) -> &'d [Entry] {
        let Some(node) = self.get(key) else {
            return &[];
        };
        let Some(entries) = node.map() else {
            wrong::<()>(node, &format!("`{key}` must be a map"), problems);
            return &[];
        };
        for entry in entries {
            if !is_identifier(&entry.key) {
                problems.push(
                    Problem::error(format!("`{}` is not an identifier", entry.key))
                        .at(entry.key_span)
                        .help("letters, digits and `_`, not a digit first, so that an expression can name it"),
                );
            }
        }
        entries
    }
}

/// A sentence as the help of a message: in lower case, without its full stop.
fn in_passing(sentence: &str) -> String {
    let mut text = sentence.trim_end_matches('.').to_owned();
    // An article or pronoun; `OCI` and the like stay what they are.
    let word_end = text.find(' ').unwrap_or(text.len());
    if text[1..word_end].chars().all(char::is_lowercase) {
        text[..1].make_ascii_lowercase();
    }
    text
}

fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.len() <= 64 && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A scalar's text, which must say something.
pub(crate) fn text<'d>(node: &'d Node, what: &str, problems: &mut Problems) -> Option<&'d str> {
    match &node.content {
        Content::Scalar(scalar) if !scalar.is_null() && !scalar.text.trim().is_empty() => {
            Some(&scalar.text)
        }
        Content::Scalar(_) => wrong(node, &format!("{what} is empty"), problems),
        _ => wrong(node, &format!("{what} must be a text"), problems),
    }
}

/// One of a few words, by its index.
pub(crate) fn word(
    node: &Node,
    key: &str,
    words: &[&str],
    problems: &mut Problems,
) -> Option<usize> {
    let text = text(node, &format!("`{key}`"), problems)?;
    let found = words.iter().position(|word| *word == text);
    if found.is_none() {
        problems.push(
            Problem::error(format!(
                "`{text}` is not one of {}",
                listed(words.iter().copied(), "and")
            ))
            .at(node.span)
            .label(did_you_mean(text, words.iter().copied())),
        );
    }
    found
}

/// A text in a language of its own.
pub(crate) fn parsed<T: FromStr<Err = String>>(
    text: &str,
    span: Span,
    problems: &mut Problems,
) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(Problem::error(error).at(span));
            None
        }
    }
}

/// Reports a value of another kind; a map or a list says so.
pub(crate) fn wrong<T>(node: &Node, message: &str, problems: &mut Problems) -> Option<T> {
    let problem = Problem::error(message).at(node.span);
    problems.push(match &node.content {
        Content::Scalar(scalar) if !scalar.is_null() => problem,
        _ => problem.label(format!("this is {}", node.kind())),
    });
    None
}
