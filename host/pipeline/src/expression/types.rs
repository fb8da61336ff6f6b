//! Static types of expressions, as far as declarations tell them.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// What an expression will evaluate to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Nothing is known.
    Any,
    /// Nothing at all.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A number with a fraction.
    Number,
    /// A text.
    String,
    /// A list of one type.
    List(Arc<Type>),
    /// A map.
    Map(Arc<Fields>),
}

/// What is known of a map's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The fields that are known, in their order.
    pub known: Vec<(String, Type)>,
    /// Whether there may be others.
    pub open: bool,
}

impl Type {
    /// A map of exactly these fields.
    pub(crate) fn fields(known: impl IntoIterator<Item = (String, Type)>) -> Self {
        Self::Map(Arc::new(Fields {
            known: known.into_iter().collect(),
            open: false,
        }))
    }

    /// A map of which nothing is known.
    pub(crate) fn any_map() -> Self {
        Self::Map(Arc::new(Fields {
            known: Vec::new(),
            open: true,
        }))
    }

    /// A list of this type.
    pub(crate) fn list(item: Type) -> Self {
        Self::List(Arc::new(item))
    }

    /// The field of a map; `None` where a map cannot have it or where this is no map.
    pub(crate) fn field(&self, name: &str) -> Option<Type> {
        match self {
            Self::Any => Some(Self::Any),
            Self::Map(fields) => {
                let known = fields.known.iter().find(|(known, _)| known == name);
                known
                    .map(|(_, ty)| ty.clone())
                    .or(fields.open.then_some(Self::Any))
            }
            _ => None,
        }
    }

    /// The names of a map's known fields.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &str> {
        let known = match self {
            Self::Map(fields) => fields.known.as_slice(),
            _ => &[],
        };
        known.iter().map(|(name, _)| name.as_str())
    }

    /// The type that a JSON Schema's `type`, `properties` and `items` tell; anything more
    /// makes it [`Type::Any`].
    pub(crate) fn of_schema(schema: &Value) -> Self {
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => Self::String,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("boolean") => Self::Boolean,
            Some("null") => Self::Null,
            Some("array") => Self::list(schema.get("items").map_or(Self::Any, Self::of_schema)),
            Some("object") => {
                let properties = schema.get("properties").and_then(Value::as_object);
                let known = properties.into_iter().flatten();
                Self::Map(Arc::new(Fields {
                    known: known
                        .map(|(name, schema)| (name.clone(), Self::of_schema(schema)))
                        .collect(),
                    open: schema.get("additionalProperties") != Some(&Value::Bool(false)),
                }))
            }
            _ => Self::Any,
        }
    }

    /// The names that JSON Schema has for values of this type; none where nothing is known.
    pub(crate) fn schema_names(&self) -> &'static [&'static str] {
        match self {
            Self::Any => &[],
            Self::Null => &["null"],
            Self::Boolean => &["boolean"],
            Self::Integer => &["integer", "number"],
            Self::Number => &["number"],
            Self::String => &["string"],
            Self::List(_) => &["array"],
            Self::Map(_) => &["object"],
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "a value of any type",
            Self::Null => "nothing",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        })
    }
}
