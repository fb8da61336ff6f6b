//! Reads a plugin's `with` key by key, and the durations in it: what the built-in
//! plugins share. No component, and no schema: the host has checked that. By hand rather
//! than derived, which adds 60 kB to a component.

use serde_json::{Map, Value};

pub mod duration;

/// A JSON object of `with`, read key by key. Errors are sentences for a person, meant
/// for a failure of kind `configuration`.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'v> {
    name: &'v str,
    object: Option<&'v Map<String, Value>>,
}

impl<'v> Keys<'v> {
    /// The object `value`, called `name` in errors.
    pub fn of(name: &'v str, value: &'v Value) -> Result<Self, String> {
        match value.as_object() {
            Some(object) => Ok(Self {
                name,
                object: Some(object),
            }),
            None => Err(format!("`{name}` is not an object")),
        }
    }

    /// The value of `key` as an object; one without keys where it is absent.
    pub fn keys(&self, key: &'v str) -> Result<Self, String> {
        match self.get(key) {
            Some(value) => Keys::of(key, value),
            None => Ok(Self {
                name: key,
                object: None,
            }),
        }
    }

    /// The value of `key` as a text; `None` where it is absent.
    pub fn text(&self, key: &str) -> Result<Option<&'v str>, String> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{}.{key}` is not a text", self.name)),
        }
    }

    /// The value of `key` as a duration in milliseconds; `default` where it is absent.
    pub fn millis(&self, key: &str, default: u64) -> Result<u64, String> {
        let Some(text) = self.text(key)? else {
            return Ok(default);
        };
        duration::parse(text).ok_or_else(|| {
            format!(
                "`{}.{key}`: `{text}` is not a duration; write it like `90s`, `5m` or `1h30m`",
                self.name
            )
        })
    }

    /// The value of `key` as a switch; off where it is absent.
    pub fn flag(&self, key: &str) -> Result<bool, String> {
        match self.get(key) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| format!("`{}.{key}` is not a boolean", self.name)),
        }
    }

    /// The value of `key` as a list of texts; none where it is absent.
    pub fn list(&self, key: &str) -> Result<Vec<&'v str>, String> {
        let wrong = || format!("`{}.{key}` is not a list of texts", self.name);
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(value) => {
                let items = value.as_array().ok_or_else(wrong)?.iter();
                items.map(|item| item.as_str().ok_or_else(wrong)).collect()
            }
        }
    }

    /// Whether `key` is there.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All entries in their order, each as a text.
    pub fn texts(&self) -> Result<Vec<(&'v str, &'v str)>, String> {
        let keys = self.object.into_iter().flat_map(Map::keys);
        keys.filter_map(|key| match self.text(key) {
            Ok(text) => text.map(|text| Ok((key.as_str(), text))),
            Err(error) => Some(Err(error)),
        })
        .collect()
    }

    /// All entries in their order, each as an object.
    pub fn nested(&self) -> Result<Vec<(&'v str, Self)>, String> {
        let entries = self.object.into_iter().flatten();
        entries
            .map(|(key, value)| Ok((key.as_str(), Keys::of(key, value)?)))
            .collect()
    }

    /// The value of `key` as it is; `None` where it is absent.
    pub fn get(&self, key: &str) -> Option<&'v Value> {
        self.object?.get(key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Keys;

    #[test]
    fn keys_are_read_by_their_type_and_absent_ones_are_none() -> Result<(), String> {
        let value = json!({"a": "x", "wait": "1m30s", "inner": {"b": "y", "c": "z"}});
        let with = Keys::of("with", &value)?;
        assert_eq!(with.text("a")?, Some("x"));
        assert_eq!(with.text("none")?, None);
        assert_eq!(with.millis("wait", 1)?, 90_000);
        assert_eq!(with.millis("settle", 1)?, 1);
        assert!(with.has("inner") && !with.has("none"));
        assert_eq!(with.keys("inner")?.texts()?, [("b", "y"), ("c", "z")]);
        assert_eq!(with.keys("none")?.texts()?, []);
        Ok(())
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_names_its_key() {
        let value = json!({"a": 1, "wait": "soon", "inner": [], "odd": {"b": null}});
        let with = Keys::of("with", &value).expect("an object");
        let errors = [
            with.text("a").err(),
            with.millis("wait", 1).err(),
            with.keys("inner").err(),
            with.keys("odd").and_then(|odd| odd.texts()).err(),
            Keys::of("with", &value["a"]).err(),
        ];
        let errors: Vec<_> = errors.into_iter().flatten().collect();
        assert_eq!(
            errors,
            [
                "`with.a` is not a text",
                "`with.wait`: `soon` is not a duration; write it like `90s`, `5m` or `1h30m`",
                "`inner` is not an object",
                "`odd.b` is not a text",
                "`with` is not an object",
            ]
        );
    }
}
