//! The declaration of an input, and the reading of values by it.

use regex::Regex;
use serde_json::{Value, json};

use super::fields::Fields;
use super::keys::{self, INPUT_TYPES, ITEM_TYPES};
use crate::diagnostic::{Problem, Problems, did_you_mean, listed};
use crate::document::{Content, Entry, Node, Scalar};
use crate::expression::{Type, kind, short};

/// A declared input.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its type and what narrows it.
    pub kind: InputKind,
    /// The value of a run that does not give it.
    pub default: Option<Value>,
    /// Whether a run must give it.
    pub required: bool,
}

/// The type of an input.
#[derive(Debug, Clone)]
pub enum InputKind {
    /// A text, perhaps one that matches a pattern as a whole or is one of a few.
    String {
        /// The pattern as it was written, and compiled to match the whole value.
        pattern: Option<(String, Regex)>,
        /// The values that are allowed; empty for any.
        values: Vec<String>,
    },
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of one of the others.
    List(Box<InputKind>),
}

/// Why a value is not one of an input: the sentence after "input `x`", and a label.
pub(crate) struct Misfit {
    pub(crate) message: String,
    pub(crate) label: Option<String>,
}

impl Misfit {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: None,
        }
    }
}

impl Input {
    pub(super) fn read(entry: &Entry, problems: &mut Problems) -> Option<Self> {
        let what = format!("input `{}`", entry.key);
        let fields = Fields::read(&entry.value, keys::INPUT, &what, entry.key_span, problems)?;
        let name = match fields.entry("type") {
            None => "string",
            Some(_) => INPUT_TYPES[fields.word("type", INPUT_TYPES, problems)?],
        };
        let belongs = |key: &str, to: &str, problems: &mut Problems| {
            if let Some(entry) = fields.entry(key).filter(|_| name != to) {
                let message =
                    format!("`{key}` is for inputs of type `{to}`, and {what} has type `{name}`");
                problems.push(Problem::error(message).at(entry.key_span));
            }
        };
        belongs("pattern", "string", problems);
        belongs("enum", "string", problems);
        belongs("of", "list", problems);
        let kind = match name {
            "string" => InputKind::String {
                pattern: read_pattern(&fields, problems),
                values: read_enum(&fields, problems),
            },
            "list" => {
                let of = fields.word("of", ITEM_TYPES, problems).unwrap_or(0);
                InputKind::List(Box::new(InputKind::plain(ITEM_TYPES[of])))
            }
            other => InputKind::plain(other),
        };
        let default = fields.entry("default").and_then(|entry| {
            kind.of_node(&entry.value)
                .map_err(|misfit| {
                    let message = format!("the default of {what} {}", misfit.message);
                    problems.push(
                        Problem::error(message)
                            .at(entry.value.span)
                            .label(misfit.label),
                    );
                })
                .ok()
        });
        let required = fields.boolean("required", problems);
        if let (Some(true), Some(entry)) = (required, fields.entry("default")) {
            let message = format!("{what} is required, so that its default is never used");
            problems.push(Problem::warning(message).at(entry.key_span));
        }
        Some(Self {
            name: entry.key.clone(),
            description: fields.text("description", problems).map(str::to_owned),
            required: required.unwrap_or(fields.entry("default").is_none()),
            default,
            kind,
        })
    }

    /// What expressions see of it. An optional input without a default may be nothing.
    pub(crate) fn ty(&self) -> Type {
        if self.required || self.default.is_some() {
            self.kind.ty()
        } else {
            Type::Any
        }
    }

    /// The values that are allowed, where they are listed.
    pub(crate) fn values(&self) -> &[String] {
        match &self.kind {
            InputKind::String { values, .. } => values,
            _ => &[],
        }
    }
}

fn read_pattern(fields: &Fields, problems: &mut Problems) -> Option<(String, Regex)> {
    let text = fields.text("pattern", problems)?;
    match Regex::new(&format!("^(?:{text})$")) {
        Ok(regex) => Some((text.to_owned(), regex)),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            let message = format!("`pattern` is not a regular expression: {reason}");
            problems.push(Problem::error(message).at(fields.get("pattern")?.span));
            None
        }
    }
}

fn read_enum(fields: &Fields, problems: &mut Problems) -> Vec<String> {
    let values = fields.texts("enum", problems);
    if let (true, Some(entry)) = (values.is_empty(), fields.entry("enum")) {
        problems.push(Problem::error("`enum` allows no value at all").at(entry.key_span));
    }
    values
        .into_iter()
        .map(|(text, _)| text.to_owned())
        .collect()
}

impl InputKind {
    /// A type with nothing that narrows it.
    fn plain(name: &str) -> Self {
        match name {
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            _ => Self::String {
                pattern: None,
                values: Vec::new(),
            },
        }
    }

    fn ty(&self) -> Type {
        match self {
            Self::String { .. } => Type::String,
            Self::Integer => Type::Integer,
            Self::Number => Type::Number,
            Self::Boolean => Type::Boolean,
            Self::List(of) => Type::list(of.ty()),
        }
    }

    /// The value that a text gives: lists are JSON arrays or have commas between their items.
    pub(crate) fn of_text(&self, text: &str) -> Result<Value, Misfit> {
        match self {
            Self::String { .. } => self.of_json(&json!(text)),
            Self::Integer => text.parse::<i64>().map(Value::from).map_err(|_| {
                Misfit::new(format!("must be an integer, and {} is none", json!(text)))
            }),
            Self::Number => text
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .map(Value::from)
                .ok_or_else(|| {
                    Misfit::new(format!("must be a number, and {} is none", json!(text)))
                }),
            Self::Boolean => match text {
                "true" => Ok(json!(true)),
                "false" => Ok(json!(false)),
                _ => Err(Misfit::new(format!(
                    "must be `true` or `false`, and this is {}",
                    json!(text)
                ))),
            },
            Self::List(_) if text.trim_start().starts_with('[') => {
                let value: Value = serde_json::from_str(text)
                    .map_err(|error| Misfit::new(format!("is not a JSON array: {error}")))?;
                self.of_json(&value)
            }
            Self::List(of) => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|_| !text.trim().is_empty());
                items
                    .map(|item| of.of_text(item))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
        }
    }

    /// The value that JSON gives; an integer is a number too.
    pub(crate) fn of_json(&self, value: &Value) -> Result<Value, Misfit> {
        let expected =
            |what: &str| Misfit::new(format!("must be {what}, and this is {}", kind(value)));
        match self {
            Self::String { pattern, values } => {
                let text = value.as_str().ok_or_else(|| expected("a string"))?;
                if !values.is_empty() && !values.iter().any(|known| known == text) {
                    let known = || values.iter().map(String::as_str);
                    return Err(Misfit {
                        message: format!(
                            "must be one of {}, and this is {}",
                            listed(known(), "and"),
                            short(value)
                        ),
                        label: did_you_mean(text, known()),
                    });
                }
                match pattern {
                    Some((written, regex)) if !regex.is_match(text) => Err(Misfit::new(format!(
                        "must match `{written}` as a whole, and {} does not",
                        short(value)
                    ))),
                    _ => Ok(value.clone()),
                }
            }
            Self::Integer => value
                .as_i64()
                .map(Value::from)
                .ok_or_else(|| expected("an integer")),
            Self::Number => value
                .as_f64()
                .map(Value::from)
                .ok_or_else(|| expected("a number")),
            Self::Boolean => value
                .as_bool()
                .map(Value::from)
                .ok_or_else(|| expected("a boolean")),
            Self::List(of) => {
                let items = value.as_array().ok_or_else(|| expected("a list"))?;
                items
                    .iter()
                    .map(|item| of.of_json(item))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
        }
    }

    fn of_node(&self, node: &Node) -> Result<Value, Misfit> {
        match (self, &node.content) {
            (Self::List(of), Content::List(items)) => items
                .iter()
                .map(|item| of.of_node(item))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            (Self::List(_), _) => Err(Misfit::new(format!(
                "must be a list, and this is {}",
                node.kind()
            ))),
            (Self::String { .. }, Content::Scalar(scalar)) if !scalar.is_null() => {
                self.of_json(&json!(scalar.text))
            }
            (_, Content::Scalar(scalar)) => self.of_json(&Scalar::core(scalar)),
            _ => Err(Misfit::new(format!("cannot be {}", node.kind()))),
        }
    }
}
