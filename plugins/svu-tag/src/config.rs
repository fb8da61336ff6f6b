//! `with`, read into what is asked for. Knows nothing of the remote.

use serde_json::Value;
use sluice_plugin_with::Keys;

use crate::change::Rules;
use crate::next::{Command, Options};
use crate::pattern::Pattern;
use crate::refname;

/// What a step of this plugin is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Its name in the pipeline.
    pub(crate) remote: String,
    /// The full name of the branch; `None` for the remote's own choice.
    pub(crate) branch: Option<String>,
    /// What the branch's head has to be.
    pub(crate) commit: Option<String>,
    pub(crate) rules: Rules,
    pub(crate) mode: Mode,
    /// Which tags count, and how that was written.
    pub(crate) pattern: Option<(Pattern, String)>,
    /// What stands before the version in a tag.
    pub(crate) prefix: String,
    pub(crate) options: Options,
    pub(crate) annotation: Option<Annotation>,
}

/// Whose tags count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All of the remote.
    All,
    /// Those on the branch.
    Current,
}

/// Who tags, where the tag is to have an object of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Annotation {
    pub(crate) name: String,
    pub(crate) email: String,
    /// The changelog where there is none.
    pub(crate) message: Option<String>,
}

impl Config {
    /// Reads `with`; the error is a sentence for the pipeline's author.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("`with`: {error}"))?;
        let with = Keys::of("with", &value)?;
        if with.has("directories") {
            return Err(
                "`with.directories`: only commits are read, not the files that they change: svu \
                 asks a working copy for that. Tell the parts of a repository apart by `pattern` \
                 and `prefix`, and leave out `directories`"
                    .to_owned(),
            );
        }
        let text = |key| Ok::<_, String>(with.text(key)?.unwrap_or_default().to_owned());
        let config = Self {
            remote: with
                .text("remote")?
                .ok_or("`with.remote` is missing")?
                .to_owned(),
            branch: with.text("branch")?.map(branch).transpose()?,
            commit: with.text("commit")?.map(str::to_ascii_lowercase),
            rules: *one_of(
                &with,
                "rules",
                &[("svu", Rules::Svu), ("strict", Rules::Strict)],
            )?,
            mode: *one_of(
                &with,
                "mode",
                &[("all", Mode::All), ("current", Mode::Current)],
            )?,
            pattern: pattern(&text("pattern")?)?,
            prefix: with.text("prefix")?.unwrap_or("v").to_owned(),
            options: Options {
                command: *one_of(&with, "command", &COMMANDS)?,
                keep_v0: with.flag("v0")?,
                always: with.flag("always")?,
                prerelease: text("prerelease")?,
                metadata: text("metadata")?,
            },
            annotation: annotation(&with)?,
        };
        // Told before anything is read: it is the same for every version.
        refname::check(&config.tag_ref("0.0.0"))
            .map_err(|wrong| format!("`with.prefix`: {wrong}"))?;
        Ok(config)
    }

    /// The full name of that version's tag.
    pub(crate) fn tag_ref(&self, version: &str) -> String {
        format!("refs/tags/{}{version}", self.prefix)
    }
}

const COMMANDS: [(&str, Command); 6] = [
    ("next", Command::Next),
    ("prerelease", Command::Prerelease),
    ("major", Command::Major),
    ("minor", Command::Minor),
    ("patch", Command::Patch),
    ("current", Command::Current),
];

/// The value of `key` by its word; the first one where it is absent.
fn one_of<'o, T>(with: &Keys<'_>, key: &str, all: &'o [(&str, T)]) -> Result<&'o T, String> {
    let Some(word) = with.text(key)? else {
        return Ok(&all[0].1);
    };
    let found = all.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| value).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
        format!("`with.{key}`: `{word}` is none of {}", names.join(", "))
    })
}

/// The full name of a branch; a trigger gives it in full, an author does not.
fn branch(name: &str) -> Result<String, String> {
    let full = if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    };
    if !full.starts_with("refs/heads/") {
        return Err(format!("`with.branch`: `{name}` is not a branch"));
    }
    refname::check(&full).map_err(|wrong| format!("`with.branch`: {wrong}"))?;
    Ok(full)
}

fn pattern(text: &str) -> Result<Option<(Pattern, String)>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let pattern =
        Pattern::read(text).map_err(|wrong| format!("`with.pattern`: `{text}`: {wrong}"))?;
    Ok(Some((pattern, text.to_owned())))
}

fn annotation(with: &Keys<'_>) -> Result<Option<Annotation>, String> {
    let Some(value) = with.get("annotation") else {
        return Ok(None);
    };
    let keys = Keys::of("with.annotation", value)?;
    let needed = |key| {
        let text = keys.text(key)?;
        text.map(str::to_owned)
            .ok_or_else(|| format!("`with.annotation.{key}` is missing"))
    };
    Ok(Some(Annotation {
        name: needed("name")?,
        email: needed("email")?,
        message: keys.text("message")?.map(str::to_owned),
    }))
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn what_the_schema_cannot_say_is_refused_in_words() {
        let cases = [
            (
                r#"{"remote": "o", "branch": "refs/tags/v1"}"#,
                "`with.branch`: `refs/tags/v1` is not a branch",
            ),
            (
                r#"{"remote": "o", "branch": "--upload-pack=x y"}"#,
                "`with.branch`: `refs/heads/--upload-pack=x y` cannot be the name of a ref: it has a \
                 space, a control character or one of `~^:?*[\\` in it",
            ),
            (
                r#"{"remote": "o", "branch": "../../x"}"#,
                "`with.branch`: `refs/heads/../../x` cannot be the name of a ref: it has `..` or `@{` in it",
            ),
            (
                r#"{"remote": "o", "prefix": "--force"}"#,
                "`with.prefix`: `refs/tags/--force0.0.0` cannot be the name of a ref: it has a part \
                 that begins with a hyphen",
            ),
            (
                r#"{"remote": "o", "pattern": "v[1"}"#,
                "`with.pattern`: `v[1`: a `[` has no `]`",
            ),
            (
                r#"{"remote": "o", "rules": "lax"}"#,
                "`with.rules`: `lax` is none of `svu`, `strict`",
            ),
            (
                r#"{"remote": "o", "directories": ["web"]}"#,
                "`with.directories`: only commits are read, not the files that they change: svu asks \
                 a working copy for that. Tell the parts of a repository apart by `pattern` and \
                 `prefix`, and leave out `directories`",
            ),
            (
                r#"{"remote": "o", "annotation": {"name": "A"}}"#,
                "`with.annotation.email` is missing",
            ),
            ("{}", "`with.remote` is missing"),
        ];
        for (with, expected) in cases {
            assert_eq!(Config::read(with), Err(expected.to_owned()), "{with}");
        }
    }

    #[test]
    fn a_branch_may_be_named_as_a_trigger_names_it() {
        for name in ["main", "refs/heads/main"] {
            let with = format!(r#"{{"remote": "origin", "branch": "{name}"}}"#);
            let config = Config::read(&with).expect("it is valid");
            assert_eq!(config.branch.as_deref(), Some("refs/heads/main"));
        }
    }
}
