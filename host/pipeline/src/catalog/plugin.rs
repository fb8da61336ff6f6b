//! A plugin as the stages before a run use it: its facts, and the validators of its schemas,
//! each compiled once and only when something is to be checked.

use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::{PluginFacts, subset};
use crate::diagnostic::{did_you_mean, listed};
use crate::expression::{kind, short};

/// A plugin that can be used.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) facts: PluginFacts,
    with: OnceLock<Result<Validator, String>>,
    outputs: OnceLock<Result<Validator, String>>,
}

/// A place in a value at which it breaks a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The way to the value, from the outermost one.
    pub(crate) path: Vec<String>,
    /// The key of the value that is one too many, if that is what is wrong.
    pub(crate) extra: Option<String>,
    /// Whether it may be put right by what an expression below that place evaluates to.
    pub(crate) depends_on_parts: bool,
    /// What is wrong, without naming the value.
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
}

/// How many violations are told: more help nobody.
const MOST: usize = 100;

impl Violation {
    fn of_the_whole(message: String) -> Self {
        Self {
            path: Vec::new(),
            extra: None,
            depends_on_parts: false,
            message,
            label: None,
            help: None,
        }
    }

    /// What is wrong, with the value's place in a value of this name.
    pub(crate) fn message_in(&self, name: &str) -> String {
        let mut place = name.to_owned();
        for part in &self.path {
            place.push('.');
            place.push_str(part);
        }
        format!("`{place}`: {}", self.message)
    }
}

impl Plugin {
    pub(crate) fn new(facts: PluginFacts) -> Self {
        Self {
            facts,
            with: OnceLock::new(),
            outputs: OnceLock::new(),
        }
    }

    /// What is wrong with a `with`.
    pub(crate) fn check_with(&self, value: &Value) -> Vec<Violation> {
        check(&self.facts.with_schema, &self.with, value)
    }

    /// What is wrong with outputs.
    pub(crate) fn check_outputs(&self, value: &Value) -> Vec<Violation> {
        check(&self.facts.outputs_schema, &self.outputs, value)
    }
}

fn check(
    schema: &Value,
    validator: &OnceLock<Result<Validator, String>>,
    value: &Value,
) -> Vec<Violation> {
    if is_trivial(schema, value) {
        return Vec::new();
    }
    if subset::is_too_much(schema, value) {
        return vec![Violation::of_the_whole(
            "this is too large to be checked against so long a schema".to_owned(),
        )];
    }
    let compiled = validator.get_or_init(|| {
        // Patterns run on the linear engine, which the subset's check has asked as well.
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(schema)
            .map_err(|error| error.to_string())
    });
    match compiled {
        Ok(validator) => validator
            .iter_errors(value)
            .take(MOST)
            .flat_map(|error| violations(&error, schema, value))
            .collect(),
        Err(error) => vec![Violation::of_the_whole(format!(
            "the plugin's schema cannot be used: {error}"
        ))],
    }
}

/// Whether an empty object needs no validator: compiling the first one takes longer than all
/// else that is done to a small file.
fn is_trivial(schema: &Value, value: &Value) -> bool {
    const HARMLESS: [&str; 7] = [
        "$schema",
        "$defs",
        "title",
        "description",
        "properties",
        "additionalProperties",
        "examples",
    ];
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    let harmless = schema.as_object().is_some_and(|keywords| {
        keywords.iter().all(|(keyword, value)| {
            HARMLESS.contains(&keyword.as_str()) || keyword == "type" && value == "object"
        })
    });
    empty && harmless
}

fn violations(error: &jsonschema::ValidationError, root: &Value, whole: &Value) -> Vec<Violation> {
    use ValidationErrorKind as Kind;
    let path: Vec<String> = error
        .instance_path()
        .as_str()
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    let violation = |message: String| Violation {
        path: path.clone(),
        extra: None,
        depends_on_parts: false,
        message,
        label: None,
        help: None,
    };
    let value = || short(error.instance());
    let one = match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let parent = error
                .schema_path()
                .as_str()
                .rsplit_once('/')
                .map_or("", |(parent, _)| parent);
            let properties = root
                .pointer(parent)
                .and_then(|schema| schema.get("properties"));
            let known: Vec<&str> = properties
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|properties| properties.keys().map(String::as_str))
                .collect();
            let extra = |name: &String| Violation {
                extra: Some(name.clone()),
                label: did_you_mean(name, known.iter().copied()),
                help: (!known.is_empty())
                    .then(|| format!("its keys: {}", listed(known.iter().copied(), "and"))),
                ..violation(format!("`{name}` is not known here"))
            };
            return unexpected.iter().map(extra).collect();
        }
        // What `additionalProperties: false` becomes where there are no properties.
        Kind::FalseSchema => {
            let keys = whole
                .pointer(error.instance_path().as_str())
                .and_then(Value::as_object);
            let extra = |name: &String| Violation {
                extra: Some(name.clone()),
                help: Some("it has no keys".to_owned()),
                ..violation(format!("`{name}` is not known here"))
            };
            return match keys {
                Some(keys) => keys.keys().map(extra).collect(),
                None => vec![violation("nothing is allowed here".to_owned())],
            };
        }
        Kind::Required { property } => violation(format!(
            "`{}` is missing",
            property.as_str().unwrap_or_default()
        )),
        Kind::Type { kind: wanted } => {
            let wanted = match wanted {
                jsonschema::error::TypeKind::Single(one) => article(&one.to_string()),
                jsonschema::error::TypeKind::Multiple(set) => {
                    let names: Vec<_> = set.iter().map(|one| article(&one.to_string())).collect();
                    names.join(" or ")
                }
            };
            violation(format!(
                "{wanted} is wanted, and this is {}",
                kind(error.instance())
            ))
        }
        Kind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(text).collect();
            let known = || options.iter().map(String::as_str);
            let label = error
                .instance()
                .as_str()
                .and_then(|typed| did_you_mean(typed, known()));
            Violation {
                label,
                ..violation(format!(
                    "{} is not one of {}",
                    value(),
                    listed(known(), "and")
                ))
            }
        }
        Kind::Constant { expected_value } => violation(format!(
            "only {expected_value} is allowed, and this is {}",
            value()
        )),
        Kind::Pattern { pattern } => violation(format!("{} does not match `{pattern}`", value())),
        Kind::Minimum { limit } => violation(format!("{} is less than {limit}", value())),
        Kind::Maximum { limit } => violation(format!("{} is more than {limit}", value())),
        Kind::ExclusiveMinimum { limit } => {
            violation(format!("{} is not more than {limit}", value()))
        }
        Kind::ExclusiveMaximum { limit } => {
            violation(format!("{} is not less than {limit}", value()))
        }
        Kind::MinLength { limit: 1 }
        | Kind::MinItems { limit: 1 }
        | Kind::MinProperties { limit: 1 } => violation("this is empty".to_owned()),
        Kind::MinLength { limit } => {
            violation(format!("{} is shorter than {limit} characters", value()))
        }
        Kind::MaxLength { limit } => {
            violation(format!("{} is longer than {limit} characters", value()))
        }
        Kind::MinItems { limit } => violation(format!("at least {limit} items are wanted")),
        Kind::MaxItems { limit } => violation(format!("at most {limit} items are allowed")),
        Kind::MinProperties { limit } => violation(format!("at least {limit} keys are wanted")),
        Kind::MaxProperties { limit } => violation(format!("at most {limit} keys are allowed")),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => match missing_keys(context) {
            Some(keys) => violation(format!("one of {keys} is missing")),
            None => Violation {
                depends_on_parts: true,
                ..violation("this fits none of the forms that are allowed here".to_owned())
            },
        },
        Kind::OneOfMultipleValid { .. } => match alternatives(error, root) {
            Some(keys) => violation(format!("only one of {keys} can be given")),
            None => Violation {
                depends_on_parts: true,
                ..violation(
                    "this fits several of the forms of which one is allowed here".to_owned(),
                )
            },
        },
        _ => Violation {
            depends_on_parts: true,
            ..violation(error.to_string())
        },
    };
    vec![one]
}

/// The keys of forms that differ in nothing but the key that they require, none of them given.
fn missing_keys(forms: &[Vec<jsonschema::ValidationError>]) -> Option<String> {
    let keys: Option<Vec<&str>> = forms
        .iter()
        .map(|errors| match errors.as_slice() {
            [only] => match only.kind() {
                ValidationErrorKind::Required { property } => property.as_str(),
                _ => None,
            },
            _ => None,
        })
        .collect();
    keys.map(|keys| listed(keys, "and"))
}

/// The same where several of the keys are given.
fn alternatives(error: &jsonschema::ValidationError, root: &Value) -> Option<String> {
    let forms = root.pointer(error.schema_path().as_str())?.as_array()?;
    let key = |form: &'_ Value| -> Option<String> {
        let keywords = form.as_object().filter(|keywords| keywords.len() == 1)?;
        match keywords.get("required")?.as_array()?.as_slice() {
            [only] => only.as_str().map(str::to_owned),
            _ => None,
        }
    };
    let keys: Vec<String> = forms.iter().map(key).collect::<Option<_>>()?;
    Some(listed(keys.iter().map(String::as_str), "and"))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn article(schema_type: &str) -> String {
    match schema_type {
        "array" => "a list".to_owned(),
        "object" => "a map".to_owned(),
        "null" => "nothing".to_owned(),
        "integer" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}
