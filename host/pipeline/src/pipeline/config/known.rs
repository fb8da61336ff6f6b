//! What is known of a `with`: all of it when its step runs, its literals from the start, and
//! what lies between before the steps that it depends on have ended.

use serde_json::{Map, Value};

use super::{Config, ConfigContent};
use crate::catalog::ForeseenWith;
use crate::diagnostic::Problem;
use crate::expression::Template;

impl Config {
    /// Whether it holds an expression or a secret.
    pub(crate) fn has_templates(&self) -> bool {
        match &self.content {
            ConfigContent::Literal(_) => false,
            ConfigContent::Template(_) => true,
            ConfigContent::List(items) => items.iter().any(Self::has_templates),
            ConfigContent::Map(entries) => {
                entries.iter().any(|(_, _, value)| value.has_templates())
            }
        }
    }

    /// Every template, in the order of the file.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match &self.content {
            ConfigContent::Literal(_) => Vec::new(),
            ConfigContent::Template(template) => vec![template],
            ConfigContent::List(items) => items.iter().flat_map(Self::templates).collect(),
            ConfigContent::Map(entries) => entries
                .iter()
                .flat_map(|(_, _, value)| value.templates())
                .collect(),
        }
    }

    /// The value, each template replaced by what `evaluate` makes of it.
    pub(crate) fn value(
        &self,
        evaluate: &dyn Fn(&Template) -> Result<Value, Problem>,
    ) -> Result<Value, Problem> {
        Ok(match &self.content {
            ConfigContent::Literal(value) => value.clone(),
            ConfigContent::Template(template) => evaluate(template)?,
            ConfigContent::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.value(evaluate))
                    .collect::<Result<_, _>>()?,
            ),
            ConfigContent::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, _, value)| Ok((key.clone(), value.value(evaluate)?)));
                Value::Object(entries.collect::<Result<Map<_, _>, Problem>>()?)
            }
        })
    }

    /// What its literals tell before any input is known.
    pub(crate) fn foreseen_by_literals(&self) -> ForeseenWith {
        let mut open = Vec::new();
        let value = self.foresee(&|_| (Value::Null, false), "", &mut open);
        ForeseenWith { value, open }
    }

    /// The value as far as it is known: `evaluate` gives of each template the text or value,
    /// and whether that is all of it. The pointers of those of which it is not are `open`.
    pub(crate) fn foresee(
        &self,
        evaluate: &dyn Fn(&Template) -> (Value, bool),
        pointer: &str,
        open: &mut Vec<String>,
    ) -> Value {
        match &self.content {
            ConfigContent::Literal(value) => value.clone(),
            ConfigContent::Template(template) => {
                let (value, whole) = evaluate(template);
                if !whole {
                    open.push(pointer.to_owned());
                }
                value
            }
            ConfigContent::List(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    item.foresee(evaluate, &format!("{pointer}/{index}"), open)
                });
                Value::Array(items.collect())
            }
            ConfigContent::Map(entries) => {
                let entries = entries.iter().map(|(key, _, value)| {
                    let below = key.replace('~', "~0").replace('/', "~1");
                    let value = value.foresee(evaluate, &format!("{pointer}/{below}"), open);
                    (key.clone(), value)
                });
                Value::Object(entries.collect())
            }
        }
    }

    /// The text under a key as far as it is literal: all of it, or what stands before the
    /// first expression.
    pub(in crate::pipeline) fn literal_start(&self, key: &str) -> Option<String> {
        match &self.entry(key)?.content {
            ConfigContent::Literal(Value::String(text)) => Some(text.clone()),
            ConfigContent::Template(template) => template.literal_start().map(str::to_owned),
            _ => None,
        }
    }

    /// The keys of the map under a key.
    pub(in crate::pipeline) fn keys(&self, key: &str) -> Vec<&str> {
        match self.entry(key).map(|config| &config.content) {
            Some(ConfigContent::Map(entries)) => {
                entries.iter().map(|(key, ..)| key.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn entry(&self, key: &str) -> Option<&Self> {
        match &self.content {
            ConfigContent::Map(entries) => entries
                .iter()
                .find(|(name, ..)| name == key)
                .map(|(_, _, value)| value),
            _ => None,
        }
    }

    /// Every literal text.
    pub(in crate::pipeline) fn texts(&self) -> Vec<&str> {
        match &self.content {
            ConfigContent::Literal(Value::String(text)) => vec![text],
            ConfigContent::Literal(_) => Vec::new(),
            ConfigContent::Template(template) => template.literal_start().into_iter().collect(),
            ConfigContent::List(items) => items.iter().flat_map(Self::texts).collect(),
            ConfigContent::Map(entries) => entries
                .iter()
                .flat_map(|(_, _, value)| value.texts())
                .collect(),
        }
    }
}
