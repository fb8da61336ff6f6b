//! The subset of JSON Schema that plugins may use. A schema of two kilobytes can be made to
//! take seconds for a value of three bytes; what is refused here is what makes that possible.

use regex::Regex;
use serde_json::Value;

/// The most schemas within one, each `$ref` counted as often as it is used.
const MAX_NODES: usize = 2000;

/// Keywords that hold one schema, a list of them, a map of them.
const ONE: [&str; 9] = [
    "additionalProperties",
    "items",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "additionalItems",
];
const MANY: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const MAPS: [&str; 4] = [
    "properties",
    "patternProperties",
    "$defs",
    "dependentSchemas",
];

/// Keywords that are not supported.
const REFUSED: [&str; 7] = [
    "$dynamicRef",
    "$recursiveRef",
    "$id",
    "$anchor",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$vocabulary",
];

pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut nodes = 0;
    walk(schema, schema, &mut Vec::new(), &mut nodes)
}

fn walk<'s>(
    schema: &'s Value,
    root: &'s Value,
    refs: &mut Vec<&'s str>,
    nodes: &mut usize,
) -> Result<(), String> {
    *nodes += 1;
    if *nodes > MAX_NODES {
        return Err(format!("it has more than {MAX_NODES} parts"));
    }
    let Value::Object(keywords) = schema else {
        return if schema.is_boolean() {
            Ok(())
        } else {
            Err("a part of it is not a schema".to_owned())
        };
    };
    if let Some(keyword) = REFUSED
        .into_iter()
        .find(|keyword| keywords.contains_key(*keyword))
    {
        return Err(format!("`{keyword}` is not supported"));
    }
    if let Some(pattern) = keywords.get("pattern").and_then(Value::as_str) {
        linear(pattern)?;
    }
    for (keyword, value) in keywords {
        if ONE.contains(&keyword.as_str()) {
            walk(value, root, refs, nodes)?;
        } else if MANY.contains(&keyword.as_str()) {
            for part in value.as_array().into_iter().flatten() {
                walk(part, root, refs, nodes)?;
            }
        } else if MAPS.contains(&keyword.as_str()) {
            for (name, part) in value.as_object().into_iter().flatten() {
                if keyword == "patternProperties" {
                    linear(name)?;
                }
                walk(part, root, refs, nodes)?;
            }
        }
    }
    let Some(reference) = keywords.get("$ref").and_then(Value::as_str) else {
        return Ok(());
    };
    if refs.contains(&reference) {
        return Err(format!("`$ref` to `{reference}` comes back to itself"));
    }
    let target = local(reference, root)
        .ok_or_else(|| format!("`$ref` to `{reference}`: only `#/$defs/…` is supported"))?;
    refs.push(reference);
    walk(target, root, refs, nodes)?;
    refs.pop();
    Ok(())
}

/// Matching takes time linear in the text: no look-around, no back-references.
fn linear(pattern: &str) -> Result<(), String> {
    Regex::new(pattern)
        .map(drop)
        .map_err(|_| format!("`{pattern}` is not a supported regular expression"))
}

fn local<'s>(reference: &str, root: &'s Value) -> Option<&'s Value> {
    reference.strip_prefix("#/$defs/")?;
    root.pointer(&reference[1..])
}

/// The schema itself, or the one that its `$ref` names.
pub(crate) fn follow<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| local(reference, root));
    // A chain of references is finite: the subset has no cycles.
    target.map_or(schema, |target| follow(target, root))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn what_cannot_be_checked_in_bounded_time_is_refused() {
        let cases = [
            (
                json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}),
                None,
            ),
            (json!(true), None),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}),
                Some("`$ref` to `#/$defs/a` comes back to itself"),
            ),
            (
                json!({"$ref": "https://example.com/s"}),
                Some("`$ref` to `https://example.com/s`: only `#/$defs/…` is supported"),
            ),
            (
                json!({"pattern": "(a)\\1"}),
                Some("`(a)\\1` is not a supported regular expression"),
            ),
            (
                json!({"pattern": "(?=a)"}),
                Some("`(?=a)` is not a supported regular expression"),
            ),
            (json!({"items": 3}), Some("a part of it is not a schema")),
            (
                json!({"allOf": vec![json!({}); 2001]}),
                Some("it has more than 2000 parts"),
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(check(&schema).err().as_deref(), expected, "{schema}");
        }
    }
}
