//! JSON that a plugin wrote, read so that nobody can read it otherwise: where a key stands
//! twice some readers take the first value and some the last.

use std::fmt;

use serde::{
    Deserialize,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// The text's one value; `Err` says what is wrong with it and where. Nesting is bounded by
/// the parser.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut parser = serde_json::Deserializer::from_str(text);
    Strict
        .deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| error.to_string())
}

/// Reads a value whose keys are all different.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<Key>()? {
            if map.contains_key(&key.0) {
                return Err(A::Error::custom(format!("key `{}` occurs twice", key.0)));
            }
            map.insert(key.0, entries.next_value_seed(Strict)?);
        }
        Ok(Value::Object(map))
    }
}

#[derive(Deserialize)]
struct Key(String);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn values_are_read_as_they_stand() {
        let text =
            r#" {"a": [null, true, -1, 18446744073709551615, 1.5, "\u00e4\n"], "b": {"a": {}}} "#;
        let expected = json!({"a": [null, true, -1, u64::MAX, 1.5, "ä\n"], "b": {"a": {}}});
        assert_eq!(read(text), Ok(expected));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let cases = [
            (r#"{"a": 1, "a": 2}"#, "key `a` occurs twice"),
            (r#"{"a": 1, "\u0061": 2}"#, "key `a` occurs twice"),
            (r#"[{"b": {"a": 1, "a": 1}}]"#, "key `a` occurs twice"),
            (r#""\ud800""#, "unexpected end of hex escape"),
            (r#""\udc00x""#, "lone leading surrogate in hex escape"),
            (r#""\ud800\ud800""#, "lone leading surrogate in hex escape"),
            ("1e999", "number out of range"),
            ("1 2", "trailing characters"),
            ("{} {}", "trailing characters"),
            ("NaN", "expected value"),
            ("\"\u{7}\"", "control character"),
            ("", "EOF while parsing a value"),
            (&deep, "recursion limit exceeded"),
        ];
        for (text, expected) in cases {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
