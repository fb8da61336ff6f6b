//! What a plugin says that its steps may do, as a function of their `with`: a dry run never
//! sees a step that only runs after a failure, nor what another one does when it fails.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most declarations of one plugin.
const MOST: usize = 64;
/// The longest text in a declaration, in bytes.
const LONGEST: usize = 1024;

/// An effect that a step of the plugin may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredEffect {
    /// On which way through a step.
    #[serde(default)]
    pub on: Way,
    /// What its `with` must say for that, all of it: values by JSON pointers into `with`,
    /// `null` for one that is not there. Nothing for any `with`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Value>,
    /// The capability that it goes through: `kube-apply`, `http`.
    pub capability: String,
    /// What is done: `set-images`, `POST`.
    pub action: String,
    /// What it is done to, a text with parts such as `{/slack}`, each the value at a JSON
    /// pointer into `with`; `{/kind|Deployment}` tries one after the other. Where a pointer
    /// leads nowhere there is no such effect; `{?/update}` asks only that there is a value.
    /// `{*}` ends what is known before the step runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The images that it sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<DeclaredImages>,
    /// In place of a target: it takes back what the step did by that capability and action.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo: bool,
    /// In place of a target: it goes to pods of the workloads on which the step did that
    /// action, as often as they have pods.
    #[serde(default, rename = "pods-of", skip_serializing_if = "Option::is_none")]
    pub pods_of: Option<String>,
    /// How often at most.
    #[serde(default = "once")]
    pub count: u32,
}

fn once() -> u32 {
    1
}

/// A way through a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Whenever it runs.
    #[default]
    Run,
    /// When what it tried has failed.
    Failure,
}

/// Images by container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DeclaredImages {
    /// The JSON pointer of a map from container to image.
    At(String),
    /// One, by texts as in a target.
    One {
        /// The container.
        container: String,
        /// Its image.
        image: String,
    },
}

/// A step's `with` before the steps that it follows have ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeseenWith {
    /// The value; of an open text the known beginning, `null` for another open value.
    pub value: Value,
    /// The JSON pointers of what depends on how other steps end.
    pub open: Vec<String>,
}

/// A text as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The text, or its beginning.
    pub text: String,
    /// Whether that is all of it.
    pub whole: bool,
}

/// What a declaration comes to for one step.
#[derive(Debug, Clone, PartialEq)]
pub enum Foreseen {
    /// The step's `with` rules it out.
    Nothing,
    /// An effect on a target, with the images that it sets by container.
    Effect {
        /// What it is done to.
        target: Known,
        /// Container and image.
        images: Vec<(String, Known)>,
    },
    /// What the step did by that capability and action is taken back.
    Undo,
    /// It goes to pods of the workloads on which the step did that action.
    PodsOf(String),
}

impl DeclaredEffect {
    /// Whether the step's `with` says all that `when` asks for, whatever is still open.
    pub fn is_certain(&self, with: &ForeseenWith) -> bool {
        let says = |(at, is): (&String, &Value)| {
            with.open_at(at).is_none() && with.value.pointer(at).unwrap_or(&Value::Null) == is
        };
        self.when.iter().all(says)
    }

    /// What it comes to for a step with that `with`.
    pub fn foresee(&self, with: &ForeseenWith) -> Foreseen {
        if !self.when.iter().all(|(at, is)| with.may_be(at, is)) {
            return Foreseen::Nothing;
        }
        let target = match (&self.target, &self.pods_of) {
            (Some(target), _) => target,
            (None, Some(action)) => return Foreseen::PodsOf(action.clone()),
            (None, None) => return Foreseen::Undo,
        };
        let Some(target) = with.text(target) else {
            return Foreseen::Nothing;
        };
        let images = match &self.images {
            None => Some(Vec::new()),
            Some(DeclaredImages::At(pointer)) => with.map(pointer),
            Some(DeclaredImages::One { container, image }) => with
                .text(container)
                .zip(with.text(image))
                .map(|(container, image)| vec![(container.text, image)]),
        };
        match images {
            Some(images) => Foreseen::Effect { target, images },
            None => Foreseen::Nothing,
        }
    }

    fn check(&self) -> Result<(), String> {
        let mut texts = vec![&self.capability, &self.action];
        if self.capability.is_empty() || self.action.is_empty() {
            return Err("`capability` and `action` must not be empty".to_owned());
        }
        let whereto = [self.target.is_some(), self.undo, self.pods_of.is_some()];
        if whereto.into_iter().filter(|said| *said).count() != 1 {
            return Err("it needs one of `target`, `undo: true` and `pods-of`".to_owned());
        }
        if self.images.is_some() && self.target.is_none() {
            return Err("`images` belong to a `target`".to_owned());
        }
        if self.count == 0 {
            return Err("`count` is at least 1".to_owned());
        }
        for pointer in self.when.keys() {
            check_pointer(pointer)?;
            texts.push(pointer);
        }
        texts.extend(&self.pods_of);
        if let Some(target) = &self.target {
            texts.push(target);
            check_text(target)?;
        }
        match &self.images {
            Some(DeclaredImages::At(pointer)) => check_pointer(pointer)?,
            Some(DeclaredImages::One { container, image }) => {
                texts.extend([container, image]);
                check_text(container)?;
                check_text(image)?;
            }
            None => {}
        }
        match texts.into_iter().find(|text| text.len() > LONGEST) {
            Some(_) => Err(format!("a text of it is longer than {LONGEST} bytes")),
            None => Ok(()),
        }
    }
}

/// Whether declarations have the shape that [`DeclaredEffect`] tells of.
pub(super) fn check(effects: &[DeclaredEffect]) -> Result<(), String> {
    if effects.len() > MOST {
        return Err(format!(
            "it declares {} effects; at most {MOST} are read",
            effects.len()
        ));
    }
    for (index, effect) in effects.iter().enumerate() {
        effect
            .check()
            .map_err(|error| format!("its declared effect {}: {error}", index + 1))?;
    }
    Ok(())
}

fn check_pointer(pointer: &str) -> Result<(), String> {
    if pointer.starts_with('/') {
        Ok(())
    } else {
        Err(format!(
            "`{pointer}` is not a JSON pointer, which begins with `/`"
        ))
    }
}

fn check_text(text: &str) -> Result<(), String> {
    for part in parts(text)? {
        if let Part::Value(alternatives) = part
            && alternatives != REST
            && !alternatives
                .strip_prefix(ASKED)
                .unwrap_or(alternatives)
                .split('|')
                .next()
                .unwrap_or("")
                .starts_with('/')
        {
            return Err(format!(
                "`{{{alternatives}}}` in `{text}` does not begin with a JSON pointer"
            ));
        }
    }
    Ok(())
}

/// Before a pointer: there must be a value, which is not put in.
const ASKED: char = '?';
/// What only the step itself knows.
const REST: &str = "*";

enum Part<'t> {
    Text(&'t str),
    Value(&'t str),
}

/// A text and the values in braces between.
fn parts(mut text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    while let Some((before, rest)) = text.split_once('{') {
        let (value, after) = rest
            .split_once('}')
            .ok_or_else(|| format!("`{{{rest}` has no end; close it with `}}`"))?;
        parts.extend([Part::Text(before), Part::Value(value)]);
        text = after;
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

impl ForeseenWith {
    /// Whether that value is there, as far as it is known: what is open may be anything.
    fn may_be(&self, pointer: &str, value: &Value) -> bool {
        self.open_at(pointer).is_some()
            || self.value.pointer(pointer).unwrap_or(&Value::Null) == value
    }

    /// The open pointer that the value at `pointer` is or lies within.
    fn open_at(&self, pointer: &str) -> Option<&str> {
        let within = |open: &&String| {
            let rest = pointer.strip_prefix(open.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.open.iter().find(within).map(String::as_str)
    }

    /// The text at a pointer, as far as it is known.
    fn at(&self, pointer: &str) -> Option<Known> {
        let open = self.open_at(pointer);
        let known = self.value.pointer(pointer);
        let text = match known {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) if open.is_none() => {
                value.to_string()
            }
            _ if open.is_some() => String::new(),
            _ => return None,
        };
        let whole = open.is_none();
        Some(Known { text, whole })
    }

    /// A text with its values put in, up to the first that is open.
    fn text(&self, template: &str) -> Option<Known> {
        let mut text = String::new();
        for part in parts(template).ok()? {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value(REST) => return Some(Known { text, whole: false }),
                Part::Value(asked) if asked.starts_with(ASKED) => {
                    let pointer = &asked[ASKED.len_utf8()..];
                    if self.open_at(pointer).is_none() {
                        self.value.pointer(pointer)?;
                    }
                }
                Part::Value(alternatives) => {
                    let value = alternatives.split('|').find_map(|one| {
                        if one.starts_with('/') {
                            return self.at(one);
                        }
                        let text = one.to_owned();
                        Some(Known { text, whole: true })
                    })?;
                    let _ = write!(text, "{}", value.text);
                    if !value.whole {
                        return Some(Known { text, whole: false });
                    }
                }
            }
        }
        Some(Known { text, whole: true })
    }

    /// The texts of the map at a pointer. One that is open as a whole is no map yet.
    fn map(&self, pointer: &str) -> Option<Vec<(String, Known)>> {
        let entries = self.value.pointer(pointer)?.as_object()?;
        let entry = |key: &String| {
            let below = key.replace('~', "~0").replace('/', "~1");
            Some((key.clone(), self.at(&format!("{pointer}/{below}"))?))
        };
        entries.keys().map(entry).collect()
    }
}

#[cfg(test)]
mod tests;
