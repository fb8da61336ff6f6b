//! The subset of JSON Schema that plugins may use. A schema of two kilobytes can be made to
//! take seconds for a value of three bytes; what is refused here is what makes that possible.

use regex::RegexBuilder;
use serde_json::Value;

/// The most schemas within one and values that they list, each `$ref` counted as often as it
/// is used.
const MAX_NODES: usize = 2000;
/// The most regular expressions: compiling one that is as large as it may be takes tens of
/// milliseconds.
const MAX_PATTERNS: usize = 64;
/// What one of them may amount to when it is compiled, in bytes.
const PATTERN: usize = 512 << 10;
/// The parts of a schema times the size of a value: what checking it may cost.
const MAX_WORK: usize = 64 << 20;

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
    let mut walk = Walk::of(schema);
    walk.compile = true;
    walk.enter(schema)
}

/// Whether checking the value would cost too much.
pub(super) fn is_too_much(schema: &Value, value: &Value) -> bool {
    let size = size(value);
    if size.saturating_mul(MAX_NODES) <= MAX_WORK {
        return false;
    }
    let mut walk = Walk::of(schema);
    walk.enter(schema).is_err() || size.saturating_mul(walk.nodes) > MAX_WORK
}

/// The values in it and the lengths of its texts.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.map(|(name, value)| name.len() + size(value)).sum()
        }
    }
}

/// A way through all parts of a schema.
struct Walk<'s> {
    root: &'s Value,
    /// The references that lead to where it is.
    refs: Vec<&'s str>,
    nodes: usize,
    patterns: usize,
    /// Whether regular expressions are compiled, to see that they can be.
    compile: bool,
}

impl<'s> Walk<'s> {
    fn of(root: &'s Value) -> Self {
        Self {
            root,
            refs: Vec::new(),
            nodes: 0,
            patterns: 0,
            compile: false,
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(format!("it has more than {MAX_NODES} parts"));
        }
        Ok(())
    }

    fn enter(&mut self, schema: &'s Value) -> Result<(), String> {
        self.count(1)?;
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
            self.pattern(pattern)?;
        }
        for keyword in ["enum", "required"] {
            let listed = keywords.get(keyword).and_then(Value::as_array);
            self.count(listed.map_or(0, Vec::len))?;
        }
        for (keyword, value) in keywords {
            if ONE.contains(&keyword.as_str()) {
                self.enter(value)?;
            } else if MANY.contains(&keyword.as_str()) {
                for part in value.as_array().into_iter().flatten() {
                    self.enter(part)?;
                }
            } else if MAPS.contains(&keyword.as_str()) {
                for (name, part) in value.as_object().into_iter().flatten() {
                    if keyword == "patternProperties" {
                        self.pattern(name)?;
                    }
                    self.enter(part)?;
                }
            }
        }
        let Some(reference) = keywords.get("$ref").and_then(Value::as_str) else {
            return Ok(());
        };
        if self.refs.contains(&reference) {
            return Err(format!("`$ref` to `{reference}` comes back to itself"));
        }
        let target = local(reference, self.root)
            .ok_or_else(|| format!("`$ref` to `{reference}`: only `#/$defs/…` is supported"))?;
        self.refs.push(reference);
        self.enter(target)?;
        self.refs.pop();
        Ok(())
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            return Err(format!(
                "it has more than {MAX_PATTERNS} regular expressions"
            ));
        }
        if self.compile {
            linear(pattern)?;
        }
        Ok(())
    }
}

/// Matching takes time linear in the text: no look-around, no back-references.
fn linear(pattern: &str) -> Result<(), String> {
    let compiled = RegexBuilder::new(pattern).size_limit(PATTERN).build();
    compiled.map(drop).map_err(|error| {
        let what = match error {
            regex::Error::CompiledTooBig(_) => "is too large a regular expression",
            _ => "is not a supported regular expression",
        };
        match pattern.char_indices().nth(60) {
            Some((end, _)) => format!("`{}…` {what}", &pattern[..end]),
            None => format!("`{pattern}` {what}"),
        }
    })
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

    use super::{check, is_too_much};

    fn patterns(count: usize) -> serde_json::Value {
        (0..count)
            .map(|index| (format!("^a{index}$"), json!(true)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    #[test]
    fn what_is_too_large_for_its_schema_is_not_checked() {
        let many = json!({"items": {"allOf": vec![json!({"type": "integer"}); 900]}});
        assert!(!is_too_much(&many, &json!(vec![1; 30_000])));
        assert!(is_too_much(&many, &json!(vec![1; 300_000])));
        assert!(is_too_much(&many, &json!("x".repeat(300_000))));
        let few = json!({"items": {"type": "integer"}});
        assert!(!is_too_much(&few, &json!(vec![1; 500_000])));
    }

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
            (
                json!({"enum": vec![1; 2000]}),
                Some("it has more than 2000 parts"),
            ),
            (
                json!({"patternProperties": patterns(65)}),
                Some("it has more than 64 regular expressions"),
            ),
            (
                json!({"pattern": "(\\pL{1,99}){99}"}),
                Some("`(\\pL{1,99}){99}` is too large a regular expression"),
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(check(&schema).err().as_deref(), expected, "{schema}");
        }
    }
}
