//! A slow and obvious svu for the tests: git itself orders the tags and finds the range,
//! regular expressions read tags and titles. Shares nothing with the plugin.

use regex::Regex;
use serde_json::Value;

use crate::testing::Repository;

/// What svu answers, and what it was counted from.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// With the prefix.
    pub(crate) version: String,
    /// The current tag; empty where there is none.
    pub(crate) previous: String,
    /// Since then.
    pub(crate) commits: u64,
}

/// Three numbers, the prerelease, the metadata.
type Parts = (u64, u64, u64, String, String);

/// The answer; `None` where svu fails.
pub(crate) fn answer(repository: &Repository, with: &Value) -> Option<Answer> {
    let text = |key: &str| with[key].as_str().unwrap_or_default();
    let flag = |key: &str| with[key].as_bool().unwrap_or_default();
    let prefix = with["prefix"].as_str().unwrap_or("v");
    let mut tag_command = vec![
        "-c",
        "versionsort.suffix=-",
        "tag",
        "--sort=-version:refname",
    ];
    if text("mode") == "current" {
        tag_command.push("--merged");
    }
    let tags = repository.try_git(&tag_command, "").ok()?;
    let pattern = Regex::new(&expression(text("pattern"))).expect("an expression");
    let previous = tags
        .lines()
        .chain([""])
        .find(|tag| text("pattern").is_empty() || pattern.is_match(tag))?
        .to_owned();
    let mut current = if previous.is_empty() {
        parse("0.0.0")?
    } else {
        parse(previous.strip_prefix(prefix).unwrap_or(&previous))?
    };
    let range = if previous.is_empty() {
        "HEAD".to_owned()
    } else {
        format!("tags/{previous}..HEAD")
    };
    let log = repository
        .try_git(&["log", "-z", "--format=%x01%B", &range], "")
        .ok()?;
    let messages: Vec<&str> = log
        .split('\0')
        .filter(|message| !message.is_empty())
        .collect();
    let done = |parts: Parts| Answer {
        version: format!("{prefix}{}", written(&parts)),
        previous: previous.clone(),
        commits: messages.len() as u64,
    };
    let command = with["command"].as_str().unwrap_or("next");
    if command == "current" {
        return Some(done(current));
    }
    if flag("always") {
        current.3.clear();
        current.4.clear();
    }
    let bump = match command {
        "next" | "prerelease" => {
            let bump = weightiest(&messages);
            match bump {
                "none" if flag("always") => "patch",
                "major" if flag("v0") && current.0 == 0 => "minor",
                bump => bump,
            }
        }
        command => command,
    };
    let mut next = bumped(&current, bump);
    if command == "prerelease" {
        next = prerelease(&current, next, text("prerelease"))?;
    } else {
        next.3 = text("prerelease").to_owned();
    }
    next.4 = text("metadata").to_owned();
    // What was put on it has to be a version still.
    parse(&written(&next))?;
    Some(done(next))
}

/// A glob as an expression.
fn expression(glob: &str) -> String {
    let mut expression = String::from("^");
    for c in glob.chars() {
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '{' => expression.push_str("(?:"),
            ',' => expression.push('|'),
            '}' => expression.push(')'),
            '[' | ']' | '-' => expression.push(c),
            '!' => expression.push('^'),
            c => expression.push_str(&regex::escape(&c.to_string())),
        }
    }
    expression + "$"
}

fn parse(text: &str) -> Option<Parts> {
    let version = Regex::new(
        r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$",
    )
    .expect("an expression");
    let found = version.captures(text)?;
    let group = |at: usize| found.get(at).map_or("", |group| group.as_str());
    let number = |at: usize| {
        if group(at).is_empty() {
            Ok(0)
        } else {
            group(at).parse()
        }
    };
    let zero = Regex::new(r"^0[0-9]+$").expect("an expression");
    if group(4).split('.').any(|part| zero.is_match(part)) {
        return None;
    }
    let has_gap = |text: &str| !text.is_empty() && text.split('.').any(str::is_empty);
    if has_gap(group(4)) || has_gap(group(5)) {
        return None;
    }
    Some((
        number(1).ok()?,
        number(2).ok()?,
        number(3).ok()?,
        group(4).to_owned(),
        group(5).to_owned(),
    ))
}

fn written((major, minor, patch, prerelease, metadata): &Parts) -> String {
    let mut text = format!("{major}.{minor}.{patch}");
    if !prerelease.is_empty() {
        text.extend(["-", prerelease]);
    }
    if !metadata.is_empty() {
        text.extend(["+", metadata]);
    }
    text
}

fn weightiest(messages: &[&str]) -> &'static str {
    let is = |expression: &str| Regex::new(expression).expect("an expression");
    let footer = is(r"BREAKING[ -]CHANGE:");
    let mark = is(r"(?-u:\w)(\(.*\))?!:");
    let feature = is(r"(?i-u:feat)(\(.*\))?:");
    let fix = is(r"(?i-u:fix)(\(.*\))?:");
    let split = |message: &str| {
        // The first character shows that there is a message, even an empty one.
        let message = message.trim_start_matches('\u{1}');
        let (title, body) = message.split_once('\n').unwrap_or((message, ""));
        (title.to_owned(), body.to_owned())
    };
    let commits: Vec<_> = messages.iter().map(|message| split(message)).collect();
    if commits
        .iter()
        .any(|(title, body)| footer.is_match(body) || mark.is_match(title))
    {
        "major"
    } else if commits.iter().any(|(title, _)| feature.is_match(title)) {
        "minor"
    } else if commits.iter().any(|(title, _)| fix.is_match(title)) {
        "patch"
    } else {
        "none"
    }
}

fn bumped(current: &Parts, bump: &str) -> Parts {
    let &(major, minor, patch, ref prerelease, _) = current;
    let (major, minor, patch) = match bump {
        "major" => (major + 1, 0, 0),
        "minor" => (major, minor + 1, 0),
        "patch" if prerelease.is_empty() => (major, minor, patch + 1),
        "patch" => (major, minor, patch),
        _ => return current.clone(),
    };
    (major, minor, patch, String::new(), String::new())
}

fn prerelease(current: &Parts, mut next: Parts, name: &str) -> Option<Parts> {
    let numbers = |parts: &Parts| (parts.0, parts.1, parts.2);
    let split: Vec<&str> = name.split('.').collect();
    if split.len() > 1 && split[split.len() - 1].parse::<i64>().is_ok() {
        let mut exact = current.clone();
        name.clone_into(&mut exact.3);
        return Some(exact);
    }
    let suffix = if name.is_empty() || current.3.split('.').next() == Some(name) {
        current.3.clone()
    } else {
        name.to_owned()
    };
    if suffix.is_empty() {
        return None;
    }
    if current.3.is_empty() && numbers(&next) <= numbers(current) {
        next = bumped(current, "patch");
    }
    let parts: Vec<&str> = suffix.split('.').collect();
    next.3 = if numbers(&next) > numbers(current) {
        format!("{}.0", parts[0])
    } else if parts.len() == 2 {
        format!("{}.{}", parts[0], parts[1].parse::<i64>().unwrap_or(0) + 1)
    } else {
        format!("{}.0", parts[parts.len() - 1])
    };
    Some(next)
}
