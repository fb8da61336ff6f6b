//! `with`, read into what is to be said, where to, and when.

use serde_json::Value;
use sluice_plugin_with::Keys;

use crate::message::Mark;
use crate::service::{self, Service};
use crate::summary::{Outcome, Summary};
use crate::template::Template;
use crate::text;

/// How long an answer *come back later* is followed, in milliseconds, where `patience`
/// is not given; never longer than the attempt may take.
const PATIENCE: u64 = 300_000;

/// What a step of this plugin is asked to do.
pub(crate) struct Config {
    pub(crate) service: Box<dyn Service>,
    /// In place of the pipeline's name.
    pub(crate) title: Option<String>,
    /// In place of the run's own link.
    pub(crate) link: Option<String>,
    /// What the pipeline's author adds, as data.
    pub(crate) details: Option<String>,
    pub(crate) text: Texts,
    /// What `text` may name, in the order of the file.
    pub(crate) values: Vec<(String, String)>,
    pub(crate) at: At,
    pub(crate) on: On,
    /// Which message to update: its handle, or the id of the step that posted it. `None`
    /// also where it is empty.
    pub(crate) update: Option<String>,
    /// Milliseconds.
    pub(crate) patience: u64,
}

/// What a step tells of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum At {
    Start,
    End,
}

/// Which ends are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum On {
    Always,
    /// One that is not as the end before it.
    Change,
    Failure,
}

/// The author's own texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Texts {
    any: Option<Template>,
    /// By the word of their mark.
    marked: Vec<(String, Template)>,
}

impl Texts {
    /// The text for such a message; `None` for our own words.
    pub(crate) fn of(&self, mark: Mark) -> Option<&Template> {
        let marked = self.marked.iter().find(|(word, _)| word == mark.word());
        marked.map(|(_, text)| text).or(self.any.as_ref())
    }

    fn read(with: &Keys<'_>) -> Result<Self, String> {
        let wrong = |problem| format!("`with.text`: {problem}");
        match with.get("text") {
            None => Ok(Self::default()),
            Some(Value::String(text)) => Ok(Self {
                any: Some(Template::read(text).map_err(wrong)?),
                marked: Vec::new(),
            }),
            Some(value) => {
                let texts = Keys::of("with.text", value)?.texts()?;
                let marked = texts.into_iter().map(|(mark, text)| {
                    let template = Template::read(text)
                        .map_err(|problem| format!("`with.text.{mark}`: {problem}"))?;
                    Ok((mark.to_owned(), template))
                });
                Ok(Self {
                    any: None,
                    marked: marked.collect::<Result<_, String>>()?,
                })
            }
        }
    }
}

impl Config {
    /// Reads `with`; the error is a sentence for the pipeline's author.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("`with`: {error}"))?;
        let with = Keys::of("with", &value)?;
        let service = service::read(&with)?;
        let text = |key| Ok::<_, String>(with.text(key)?.map(str::to_owned));
        let at = match with.text("at")? {
            None | Some("end") => At::End,
            Some("start") => At::Start,
            Some(other) => {
                return Err(format!("`with.at`: `{other}` is neither `start` nor `end`"));
            }
        };
        let on = match with.text("on")? {
            None | Some("always") => On::Always,
            Some("change") => On::Change,
            Some("failure") => On::Failure,
            Some(other) => {
                return Err(format!(
                    "`with.on`: `{other}` is none of `always`, `change`, `failure`"
                ));
            }
        };
        if at == At::Start && on != On::Always {
            return Err("`with.on` speaks of an end; take it out where `at` is `start`".to_owned());
        }
        Ok(Self {
            service,
            title: text("title")?,
            link: text("link")?,
            details: text("details")?,
            text: Texts::read(&with)?,
            values: values(&with)?,
            at,
            on,
            update: text("update")?.filter(|handle| !handle.is_empty()),
            patience: with.millis("patience", PATIENCE)?,
        })
    }

    /// The handle of the message to update; `None` where there is no message. A step that
    /// failed has posted none, and that must not keep the end from being told. The error is
    /// a sentence for the pipeline's author.
    pub(crate) fn handle<'a>(&'a self, summary: &'a Summary) -> Result<Option<&'a str>, String> {
        match self.update.as_deref() {
            Some(id) if !id.contains(':') => {
                let handle = summary.step("update", id)?.outputs["message"].as_str();
                Ok(handle.filter(|handle| !handle.is_empty()))
            }
            handle => Ok(handle),
        }
    }

    /// Why this end is not told; `None` where it is. A message that announced the run,
    /// `update`, is always brought to its end. `previous` is how the last run ended, where
    /// that is known, and asked for where it decides.
    pub(crate) fn silence(
        &self,
        update: Option<&str>,
        outcome: Outcome,
        previous: impl FnOnce() -> Option<Outcome>,
    ) -> Option<String> {
        let word = outcome.word();
        match self.on {
            _ if update.is_some() => None,
            On::Failure if !matches!(outcome, Outcome::Failure | Outcome::Unknown) => Some(
                format!("nobody is told: `on` is `failure`, and the outcome is {word}"),
            ),
            On::Change if previous() == Some(outcome) => Some(format!(
                "nobody is told: `on` is `change`, and the last run's outcome was {word} too"
            )),
            _ => None,
        }
    }
}

fn values(with: &Keys<'_>) -> Result<Vec<(String, String)>, String> {
    let Some(value) = with.get("values") else {
        return Ok(Vec::new());
    };
    let values = value.as_object().ok_or("`with.values` is not an object")?;
    let values = values.iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        Value::Number(_) | Value::Bool(_) => Ok((name.clone(), text::as_json(value))),
        Value::Null => Ok((name.clone(), String::new())),
        _ => Err(format!(
            "`with.values.{name}` is neither a text nor a number"
        )),
    });
    values.collect()
}

#[cfg(test)]
mod tests;
