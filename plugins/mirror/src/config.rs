//! `with`, read into what is asked for. Knows nothing of the remotes.

use serde_json::Value;
use sluice_plugin_with::Keys;

use crate::hidden::is_hidden;
use crate::pattern::Pattern;

/// What is mirrored where nothing is said.
const REFS: [&str; 2] = ["refs/heads/**", "refs/tags/**"];

/// What a step of this plugin is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Whose refs they are, by its name in the pipeline.
    pub(crate) from: String,
    /// Which remote is to have them.
    pub(crate) to: String,
    /// Which refs, at least one pattern.
    refs: Vec<Pattern>,
    /// Which of them not.
    except: Vec<Pattern>,
    /// Those too that forges keep for themselves.
    hidden: bool,
    /// Refs may move to where their old commit does not lead.
    pub(crate) force: bool,
    /// Refs that the source does not have are deleted, at most so many percent of those of
    /// the target that are mirrored.
    pub(crate) prune: Option<u64>,
    /// All refs or none.
    pub(crate) atomic: bool,
}

impl Config {
    /// Reads `with`; the error is a sentence for the pipeline's author.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("`with`: {error}"))?;
        let with = Keys::of("with", &value)?;
        let needed = |key| {
            let text = with.text(key)?;
            text.map(str::to_owned)
                .ok_or_else(|| format!("`with.{key}` is missing"))
        };
        let limit = percent(&with, "prune-limit", 50)?;
        let config = Self {
            from: needed("from")?,
            to: needed("to")?,
            refs: patterns(&with, "refs", &REFS)?,
            except: patterns(&with, "except", &[])?,
            hidden: with.flag("hidden")?,
            force: with.flag("force")?,
            prune: with.flag("prune")?.then_some(limit),
            atomic: with.flag("atomic")?,
        };
        if config.from == config.to {
            return Err(format!(
                "`with.to`: `{}` is the remote that is read",
                config.to
            ));
        }
        Ok(config)
    }

    /// Whether a ref of that name is mirrored.
    pub(crate) fn selects(&self, name: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
        any(&self.refs) && !any(&self.except) && (self.hidden || !is_hidden(name))
    }

    /// With what the names of all such refs begin.
    pub(crate) fn prefixes(&self) -> Vec<String> {
        self.refs.iter().map(Pattern::prefix).collect()
    }
}

fn patterns(with: &Keys<'_>, key: &str, absent: &[&str]) -> Result<Vec<Pattern>, String> {
    let texts = with.list(key)?;
    if texts.is_empty() && with.has(key) && !absent.is_empty() {
        return Err(format!("`with.{key}` names no refs"));
    }
    let texts = if texts.is_empty() { absent } else { &texts };
    let patterns = texts.iter().map(|text| Pattern::read(text));
    let patterns = patterns.collect::<Result<_, _>>();
    patterns.map_err(|wrong| format!("`with.{key}`: {wrong}"))
}

fn percent(with: &Keys<'_>, key: &str, absent: u64) -> Result<u64, String> {
    let Some(value) = with.get(key) else {
        return Ok(absent);
    };
    let number = value.as_u64().filter(|number| *number <= 100);
    number.ok_or_else(|| format!("`with.{key}` is not a number of percent, from 0 to 100"))
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn read(more: &str) -> Result<Config, String> {
        Config::read(&format!(r#"{{"from": "origin", "to": "github"{more}}}"#))
    }

    #[test]
    fn branches_and_tags_are_mirrored_where_nothing_is_said() {
        let config = read("").expect("it is valid");
        for name in ["refs/heads/main", "refs/heads/a/b", "refs/tags/v1"] {
            assert!(config.selects(name), "{name}");
        }
        for name in ["HEAD", "refs/notes/commits", "refs/pull/1/head"] {
            assert!(!config.selects(name), "{name}");
        }
        assert_eq!(config.prefixes(), ["refs/heads", "refs/tags"]);
    }

    #[test]
    fn refs_that_forges_keep_for_themselves_want_a_word() {
        let all = r#", "refs": ["refs/**"]"#;
        let config = read(all).expect("it is valid");
        let with_hidden = read(&format!(r#"{all}, "hidden": true"#)).expect("it is valid");
        for (name, hidden) in [
            ("refs/notes/commits", false),
            ("refs/pull/1/head", true),
            ("refs/merge-requests/1/head", true),
            ("refs/changes/01/1/1", true),
        ] {
            assert_eq!(config.selects(name), !hidden, "{name}");
            assert!(with_hidden.selects(name), "{name}");
        }
    }

    #[test]
    fn exceptions_are_left_out() {
        let config = read(r#", "except": ["refs/heads/wip/**"]"#).expect("it is valid");
        assert!(config.selects("refs/heads/main") && !config.selects("refs/heads/wip/a/b"));
    }

    #[test]
    fn what_cannot_work_is_refused_in_words() {
        for (more, expected) in [
            (
                r#", "to": "origin""#,
                "`with.to`: `origin` is the remote that is read",
            ),
            (r#", "refs": []"#, "`with.refs` names no refs"),
            (
                r#", "refs": ["main"]"#,
                "`with.refs`: `main` does not begin with `refs/`: branches are `refs/heads/…`, tags `refs/tags/…`",
            ),
            (
                r#", "prune-limit": 101"#,
                "`with.prune-limit` is not a number of percent, from 0 to 100",
            ),
            (r#", "prune": "yes""#, "`with.prune` is not a boolean"),
        ] {
            assert_eq!(read(more), Err(expected.to_owned()));
        }
        let missing = Err("`with.to` is missing".to_owned());
        assert_eq!(Config::read(r#"{"from": "origin"}"#), missing);
    }
}
