//! A step's `with`: literals in the types that the plugin's schema wants, expressions judged
//! by their static type, and each violation of the schema at its place in the file.

mod known;

use serde_json::Value;

use crate::catalog::{Plugin, Violation, follow};
use crate::diagnostic::{Problem, Problems, Span};
use crate::document::{Content, Node, Scalar};
use crate::expression::{Scope, Template, Type};

/// A value of `with` whose expressions are not evaluated yet.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The value's place; for a map or list the place of the key that holds it.
    span: Span,
    content: ConfigContent,
}

#[derive(Debug, Clone)]
enum ConfigContent {
    Literal(Value),
    Template(Template),
    List(Vec<Config>),
    Map(Vec<(String, Span, Config)>),
}

impl Config {
    /// The `with` of a step that says nothing.
    pub(super) fn empty(span: Span) -> Self {
        Self {
            span,
            content: ConfigContent::Map(Vec::new()),
        }
    }

    /// Reads a `with`; `schema` is the plugin's, if the plugin is known.
    pub(super) fn read(
        node: &Node,
        key_span: Span,
        schema: Option<&Value>,
        scope: Scope,
        problems: &mut Problems,
    ) -> Self {
        let schemas: Vec<&Value> = schema.into_iter().collect();
        let reader = Reader {
            root: schema.unwrap_or(&Value::Null),
            scope,
        };
        reader.read(node, key_span, &schemas, problems)
    }

    /// What is wrong with it as far as literals tell.
    pub(super) fn check(&self, plugin: &Plugin, problems: &mut Problems) {
        let Ok(value) = self.value(&|_| Ok(Value::Null)) else {
            return;
        };
        for violation in plugin.check_with(&value) {
            let (_, found) = self.find(&violation.path);
            let open = match &found.content {
                // The value itself is not known, or the path goes on inside of it.
                ConfigContent::Template(_) => violation.extra.is_none(),
                _ => violation.depends_on_parts && found.has_templates(),
            };
            if !open {
                problems.push(self.problem(&violation));
            }
        }
    }

    /// A violation as a problem at its place.
    pub(crate) fn problem(&self, violation: &Violation) -> Problem {
        let (mut span, found) = self.find(&violation.path);
        if let (Some(extra), ConfigContent::Map(entries)) = (&violation.extra, &found.content)
            && let Some((_, key_span, _)) = entries.iter().find(|(key, ..)| key == extra)
        {
            span = *key_span;
        }
        let problem = Problem::error(violation.message_in("with"))
            .at(span)
            .label(violation.label.clone());
        match &violation.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    /// The value at a path, or the template or literal on the way to it.
    fn find(&self, path: &[String]) -> (Span, &Self) {
        let next = path
            .split_first()
            .and_then(|(first, rest)| match &self.content {
                ConfigContent::List(items) => {
                    Some((items.get(first.parse::<usize>().ok()?)?, rest))
                }
                ConfigContent::Map(entries) => {
                    let found = entries.iter().find(|(key, ..)| key == first);
                    found.map(|(_, _, value)| (value, rest))
                }
                _ => None,
            });
        match next {
            Some((value, rest)) => value.find(rest),
            None => (self.span, self),
        }
    }
}

struct Reader<'a> {
    root: &'a Value,
    scope: Scope<'a>,
}

impl<'a> Reader<'a> {
    fn read(
        &self,
        node: &Node,
        key_span: Span,
        schemas: &[&'a Value],
        problems: &mut Problems,
    ) -> Config {
        match &node.content {
            Content::Scalar(scalar) => Config {
                span: if scalar.text.is_empty() {
                    key_span
                } else {
                    node.span
                },
                content: self.scalar(scalar, node.span, schemas, problems),
            },
            Content::List(items) => {
                let schemas = self.below(schemas, |schema| schema.get("items"));
                let items = items
                    .iter()
                    .map(|item| self.read(item, item.span, &schemas, problems));
                Config {
                    span: key_span,
                    content: ConfigContent::List(items.collect()),
                }
            }
            Content::Map(entries) => {
                let entries = entries.iter().map(|entry| {
                    let schemas = self.below(schemas, |schema| {
                        let own = schema.get("properties").and_then(|all| all.get(&entry.key));
                        own.or_else(|| schema.get("additionalProperties"))
                    });
                    let value = self.read(&entry.value, entry.key_span, &schemas, problems);
                    (entry.key.clone(), entry.key_span, value)
                });
                Config {
                    span: key_span,
                    content: ConfigContent::Map(entries.collect()),
                }
            }
        }
    }

    fn scalar(
        &self,
        scalar: &Scalar,
        span: Span,
        schemas: &[&'a Value],
        problems: &mut Problems,
    ) -> ConfigContent {
        let wanted = self.types(schemas);
        if scalar.text.contains("${{") {
            let template = Template::read(scalar, span, self.scope, problems);
            if let Some(text) = template.literal() {
                return ConfigContent::Literal(Value::String(text));
            }
            self.check_literal(schemas, span, problems);
            check_type(&template, wanted.as_deref(), problems);
            return ConfigContent::Template(template);
        }
        let value = scalar.core();
        let allowed = |name: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.iter().any(|one| one == name))
        };
        let own = match &value {
            Value::Bool(_) => allowed("boolean"),
            Value::Number(number) => allowed("number") || number.is_i64() && allowed("integer"),
            _ => true,
        };
        // `12345e78` is a tag and `1.10` a version where the schema asks for a string.
        let value = if !own && allowed("string") {
            Value::String(scalar.text.clone())
        } else {
            value
        };
        ConfigContent::Literal(value)
    }

    /// A text that the plugin reads as a program of its own kind takes no expression: a
    /// value that somebody else chose would become part of the program.
    fn check_literal(&self, schemas: &[&'a Value], span: Span, problems: &mut Problems) {
        let mut all = Vec::new();
        for schema in schemas {
            self.alternatives(schema, &mut all);
        }
        let mut advice = all
            .iter()
            .filter_map(|schema| schema.get("x-literal")?.as_str());
        if let Some(advice) = advice.next() {
            let problem = Problem::error(
                "an expression cannot stand here: what it is replaced by would be read as part of the text",
            );
            problems.push(problem.at(span).help(advice));
        }
    }

    /// The schemas of a part, by every way that leads to one.
    fn below(
        &self,
        schemas: &[&'a Value],
        part: impl Fn(&'a Value) -> Option<&'a Value>,
    ) -> Vec<&'a Value> {
        let mut all = Vec::new();
        for schema in schemas {
            self.alternatives(schema, &mut all);
        }
        all.into_iter()
            .filter_map(part)
            .filter(|schema| schema.is_object())
            .collect()
    }

    /// A schema and those that it is made of.
    fn alternatives(&self, schema: &'a Value, all: &mut Vec<&'a Value>) {
        let schema = follow(schema, self.root);
        all.push(schema);
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema
                .get(keyword)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.alternatives(part, all);
            }
        }
    }

    /// The JSON types that are allowed; `None` where the schemas do not say.
    fn types(&self, schemas: &[&'a Value]) -> Option<Vec<String>> {
        let mut types = Vec::new();
        for schema in schemas {
            types.extend(self.types_of(schema)?);
        }
        (!types.is_empty()).then_some(types)
    }

    fn types_of(&self, schema: &'a Value) -> Option<Vec<String>> {
        let schema = follow(schema, self.root);
        let list = |value: &Value| -> Vec<String> {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        match schema.get("type") {
            Some(Value::String(one)) => return Some(vec![one.clone()]),
            Some(many @ Value::Array(_)) => return Some(list(many)),
            _ => {}
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values
                .iter()
                .all(Value::is_string)
                .then(|| vec!["string".to_owned()]);
        }
        let parts = ["anyOf", "oneOf"]
            .into_iter()
            .find_map(|keyword| schema.get(keyword)?.as_array())?;
        let mut types = Vec::new();
        for part in parts {
            types.extend(self.types_of(part)?);
        }
        Some(types)
    }
}

fn check_type(template: &Template, wanted: Option<&[String]>, problems: &mut Problems) {
    let (ty, Some(wanted)) = (template.ty(), wanted) else {
        return;
    };
    let given = ty.schema_names();
    if given.is_empty() || wanted.iter().any(|one| given.contains(&one.as_str())) {
        return;
    }
    let message = format!(
        "a value of type {} is wanted here, and this is {ty}",
        wanted.join(" or ")
    );
    let problem = Problem::error(message).at(template.span());
    let scalar = matches!(ty, Type::Integer | Type::Number | Type::Boolean);
    problems.push(if scalar && wanted.iter().any(|one| one == "string") {
        problem.help("convert it: `${{ string(…) }}`")
    } else if ty == Type::String && wanted.iter().any(|one| one == "integer") {
        problem.help("declare the input with `type: integer`, or convert it: `${{ int(…) }}`")
    } else {
        problem
    });
}
