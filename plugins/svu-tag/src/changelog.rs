//! The changelog: what changed since the last version, grouped by type, in Markdown. Bounded
//! in length, however long the history is; what the commits say is data.

use std::fmt::Write as _;

use crate::change::Change;
use crate::grammar;
use crate::markdown;

/// The longest changelog, in bytes: a message or a form field still takes it.
const LONGEST: usize = 16_000;
/// What is kept back for the lines that say how much is left out.
const RESERVE: usize = 600;
/// The most entries of a group; the newest ones.
const MOST: usize = 50;

/// The groups in their order, with the types that belong to them.
const GROUPS: [(&str, &[&str]); 8] = [
    ("Breaking changes", &[]),
    ("Features", &[]),
    ("Fixes", &[]),
    ("Performance", &["perf"]),
    ("Reverts", &["revert"]),
    ("Refactoring", &["refactor"]),
    ("Documentation", &["docs", "doc"]),
    ("Other changes", &[]),
];
const OTHER: usize = GROUPS.len() - 1;

/// Entries by group, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changelog([Group; GROUPS.len()]);

#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    lines: Vec<String>,
    /// How many there are, with those that are not kept.
    count: u64,
}

impl Changelog {
    /// Adds a commit that is older than those before.
    pub(crate) fn add(&mut self, id: &str, message: &str, change: Change) {
        let subject = message.trim_start().lines().next().unwrap_or_default();
        let title = grammar::title(subject);
        let kind = title.as_ref().map_or("", |title| title.kind);
        let has = |kinds: &[&str]| kinds.iter().any(|one| kind.eq_ignore_ascii_case(one));
        let group = match change {
            Change::Breaking => 0,
            Change::Feature => 1,
            Change::Fix => 2,
            Change::Nothing => GROUPS
                .iter()
                .position(|(_, kinds)| has(kinds))
                .unwrap_or(OTHER),
        };
        let group = &mut self.0[group];
        group.count += 1;
        if group.lines.len() < MOST {
            group.lines.push(line(id, subject, title));
        }
    }

    /// The Markdown text; empty where there is nothing to tell.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for ((heading, _), group) in GROUPS.iter().zip(&self.0) {
            if group.count == 0 {
                continue;
            }
            let begin = if text.is_empty() { "" } else { "\n" };
            let _ = write!(text, "{begin}### {heading}\n\n");
            let mut left = group.count;
            for line in &group.lines {
                if text.len() + line.len() > LONGEST - RESERVE {
                    break;
                }
                text.push_str(line);
                left -= 1;
            }
            if left > 0 {
                let _ = writeln!(text, "- … {left} more");
            }
        }
        text
    }
}

fn line(id: &str, subject: &str, title: Option<grammar::Title<'_>>) -> String {
    let short = id.get(..7).unwrap_or(id);
    match title {
        Some(grammar::Title {
            scope: Some(scope),
            description,
            ..
        }) => format!(
            "- **{}**: {} ({short})\n",
            markdown::data(scope),
            markdown::data(description)
        ),
        title => {
            let words = title.map_or(subject, |title| title.description);
            format!("- {} ({short})\n", markdown::data(words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Changelog, LONGEST};
    use crate::change::{Change, Rules};

    fn of(messages: &[&str]) -> String {
        let mut changelog = Changelog::default();
        for message in messages {
            changelog.add("0123456789abcdef", message, Change::of(message, Rules::Svu));
        }
        changelog.text()
    }

    #[test]
    fn commits_are_grouped_by_type_and_what_they_say_is_data() {
        let text = of(&[
            "docs: say how",
            "feat(api): list @everyone",
            "Merge me\n\nwith a body",
            "fix!: drop [it](http://evil.example)",
            "fix(a*b): mend",
            "perf: be quick",
            "feat: two",
            "Revert \"fix: mend\"",
            "",
        ]);
        let expected = "\
### Breaking changes

- drop \\[it\\](http:\u{2060}//evil.example) (0123456)

### Features

- **api**: list @\u{2060}everyone (0123456)
- two (0123456)

### Fixes

- **a\\*b**: mend (0123456)
- Revert \"fix: mend\" (0123456)

### Performance

- be quick (0123456)

### Documentation

- say how (0123456)

### Other changes

- Merge me (0123456)
-  (0123456)
";
        assert_eq!(text, expected);
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn a_long_history_gives_a_short_changelog_that_says_what_is_missing() {
        let long = format!("feat: {}", "<".repeat(500));
        let text = of(&vec![long.as_str(); 300]);
        assert!(text.len() <= LONGEST, "{}", text.len());
        assert!(text.ends_with("- … 255 more\n"));
        let many: Vec<String> = (0..60).map(|n| format!("fix: {n}")).collect();
        let text = of(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.contains("- 49 (0123456)\n- … 10 more\n"), "{text}");
    }
}
