//! The JSON Schemas of pipeline and policy files, for editors: printed of the same lists of keys
//! that the readers use. What only the reader can tell (names, types of expressions) is left out.

use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::pipeline::keys::{FILE, Key, STEP, Shape};
use crate::policy::keys::POLICY;

/// The schema (2020-12) of a pipeline file, with the `with` of each plugin in the catalog by
/// what `uses` says.
pub fn file_schema(catalog: &Catalog) -> Value {
    let mut schema = map(FILE);
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("A sluice pipeline"));
    let mut step = map(STEP);
    let mut definitions = Map::new();
    let mut cases = Vec::new();
    for (uses, facts) in &catalog.plugins {
        let Ok(facts) = facts else { continue };
        // A plugin's own `$ref`s speak of its own root, which moves to here.
        let root = format!("#/$defs/with-{}", pointer(&facts.name));
        definitions.insert(
            format!("with-{}", facts.name),
            editable(&facts.with_schema, &root),
        );
        cases.push(json!({
            "if": {"properties": {"uses": {"const": uses}}, "required": ["uses"]},
            "then": {"properties": {"with": {"$ref": root}}},
        }));
    }
    step.insert("allOf".to_owned(), Value::Array(cases));
    schema["properties"]["steps"]["additionalProperties"] = json!({"$ref": "#/$defs/step"});
    definitions.insert("step".to_owned(), Value::Object(step));
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

/// The schema (2020-12) of an operator's policy.
pub fn policy_schema() -> Value {
    let mut schema = map(POLICY);
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("A sluice policy"));
    Value::Object(schema)
}

fn map(keys: &[Key]) -> Map<String, Value> {
    let properties = keys.iter().map(|key| {
        let mut schema = shape(&key.shape);
        schema.insert("description".to_owned(), json!(key.doc));
        (key.name.to_owned(), Value::Object(schema))
    });
    let properties: Map<String, Value> = properties.collect();
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    object(json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    }))
}

fn shape(shape: &Shape) -> Map<String, Value> {
    let nested = |inner: &Shape| Value::Object(self::shape(inner));
    object(match shape {
        // The reader takes a plain `1.10` or `true` as text where a text is wanted.
        Shape::Text => json!({"type": ["string", "number", "boolean"]}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::Duration => json!({"type": "string", "pattern": "^([0-9]+(d|h|m|s|ms))+$"}),
        Shape::Size => json!({"type": "string", "pattern": "^[0-9]+ *(KiB|MiB|GiB)$"}),
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::ListOf(inner) => json!({"type": "array", "items": nested(inner)}),
        Shape::Map(keys) => return map(keys),
        Shape::Named(inner) => json!({
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": nested(inner),
        }),
        Shape::ByName(inner) => json!({
            "type": "object",
            "propertyNames": {"pattern": "^[^*]*\\*?$", "minLength": 1},
            "additionalProperties": nested(inner),
        }),
        Shape::Either(shapes) => json!({"anyOf": shapes.iter().map(nested).collect::<Vec<_>>()}),
        Shape::Anything => json!({}),
    })
}

/// A plugin's schema as an editor should see it: below its root an expression may stand in
/// place of any value, and references start at the schema's new root.
fn editable(schema: &Value, root: &str) -> Value {
    let Value::Object(keywords) = schema else {
        return schema.clone();
    };
    let mut edited = Map::new();
    for (keyword, value) in keywords {
        let value = match (keyword.as_str(), value) {
            ("$ref", Value::String(reference)) => json!(reference.replacen('#', root, 1)),
            ("properties" | "patternProperties", Value::Object(parts)) => {
                let parts = parts
                    .iter()
                    .map(|(name, part)| (name.clone(), or_expression(part, root)));
                Value::Object(parts.collect())
            }
            ("$defs", Value::Object(parts)) => {
                let parts = parts
                    .iter()
                    .map(|(name, part)| (name.clone(), editable(part, root)));
                Value::Object(parts.collect())
            }
            ("items" | "additionalProperties", part @ Value::Object(_)) => {
                or_expression(part, root)
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(parts)) => {
                parts.iter().map(|part| editable(part, root)).collect()
            }
            (_, value) => value.clone(),
        };
        edited.insert(keyword.clone(), value);
    }
    Value::Object(edited)
}

fn or_expression(schema: &Value, root: &str) -> Value {
    let mut either = Map::new();
    // Editors show the description of the property, not that of an alternative.
    if let Some(description) = schema.get("description") {
        either.insert("description".to_owned(), description.clone());
    }
    let expression = json!({"type": "string", "pattern": "\\$\\{\\{"});
    either.insert(
        "anyOf".to_owned(),
        json!([editable(schema, root), expression]),
    );
    Value::Object(either)
}

/// A name within a JSON pointer.
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
