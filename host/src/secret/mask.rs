//! Hides the values of secrets in whatever is shown, in the forms in which a server or a
//! plugin may echo them.

use std::sync::{Arc, RwLock, RwLockReadGuard};

use serde_json::Value;

use super::{
    form::{Form, Kind},
    spelling,
};

/// What stands where a secret was.
const STAR: &str = "***";
/// The shortest piece of a value that is hidden at the edge of a line, in bytes, if it is
/// also a quarter of the value: pieces of that size stand in ordinary words too.
const PIECE: usize = 4;

/// Knows the values that must not be shown; clones share what they know.
#[derive(Clone, Default)]
pub struct Mask(Arc<RwLock<Known>>);

/// What is known, and which of it a byte may begin.
#[derive(Default)]
struct Known {
    forms: Vec<Form>,
    begins: Vec<Vec<usize>>,
}

impl Mask {
    /// From now on hides `value`, as it is and in the forms that docs/secrets.md lists.
    pub fn add(&self, value: &str) {
        let mut known = self.0.write().expect("no holder of the lock panics");
        for form in Form::all(value) {
            if known.forms.iter().any(|other| *other.text == *form.text) {
                continue;
            }
            let first = usize::from(form.text.as_bytes()[0]);
            let index = known.forms.len();
            known.begins.resize_with(256, Vec::new);
            known.begins[first].push(index);
            known.forms.push(form);
        }
    }

    /// There is nothing to hide yet.
    pub fn is_empty(&self) -> bool {
        self.known().forms.is_empty()
    }

    /// The text without any known value.
    pub fn text(&self, text: &str) -> String {
        match self.known().hide(text.as_bytes()) {
            None => text.to_owned(),
            // Only whole characters are taken out.
            Some(hidden) => String::from_utf8(hidden).unwrap_or_else(|_| STAR.to_owned()),
        }
    }

    /// A line of several: beside whole values also the pieces of one that is broken at the
    /// line's ends are hidden.
    pub fn line(&self, line: &str) -> String {
        let line = self.text(line);
        let known = self.known();
        let plain = known.forms.iter().filter(|form| form.kind == Kind::Plain);
        plain.fold(line, |line, form| without_pieces(line, &form.text))
    }

    /// The bytes without any known value, also where they are no text.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.known().hide(bytes).unwrap_or_else(|| bytes.to_vec())
    }

    /// The value with every key, text and number in it without any known value.
    pub fn value(&self, value: Value) -> Value {
        if self.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, item)| (self.text(&key), self.value(item)))
                .collect(),
            Value::Number(number) => {
                let shown = number.to_string();
                let masked = self.text(&shown);
                if masked == shown {
                    Value::Number(number)
                } else {
                    Value::String(masked)
                }
            }
            other => other,
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().expect("no holder of the lock panics")
    }
}

impl Known {
    /// The bytes with each value replaced; `None` where there is none in them. One pass,
    /// so that a value inside another leaves nothing of it behind.
    fn hide(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut hidden: Option<Vec<u8>> = None;
        let mut at = 0;
        let mut kept_from = 0;
        while !self.forms.is_empty() && at < bytes.len() {
            let Some((mut end, kind)) = self.longest(bytes, at) else {
                at += 1;
                continue;
            };
            let hidden = hidden.get_or_insert_default();
            hidden.extend_from_slice(&bytes[kept_from..at]);
            if kind == Kind::Base64 {
                // The digits around it hold its first and last bits.
                hidden.pop_if(|digit| at > kept_from && is_base64(*digit));
                end += usize::from(bytes.get(end).is_some_and(|&digit| is_base64(digit)));
            }
            hidden.extend_from_slice(STAR.as_bytes());
            at = end;
            kept_from = end;
        }
        hidden.map(|mut hidden| {
            hidden.extend_from_slice(&bytes[kept_from..]);
            hidden
        })
    }

    /// Where the longest form ends that begins at `at`.
    fn longest(&self, bytes: &[u8], at: usize) -> Option<(usize, Kind)> {
        let first = bytes[at];
        let likely = &self.begins[usize::from(first)];
        let every = 0..if spelling::is_escape(first) {
            self.forms.len()
        } else {
            0
        };
        let forms = likely.iter().copied().chain(every);
        let ends = forms.filter_map(|index| {
            let form = &self.forms[index];
            Some((spelling::end_of(bytes, at, &form.text)?, form.kind))
        });
        ends.max_by_key(|(end, _)| *end)
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// The line without a piece of the value that begins or ends with it, or that it is.
fn without_pieces(line: String, value: &str) -> String {
    let shortest = PIECE.max(value.len() / 4);
    let trimmed = line.trim();
    if trimmed.len() >= shortest && value.contains(trimmed) {
        return STAR.to_owned();
    }
    let longest = line.len().min(value.len());
    let lengths = || (shortest..=longest).rev();
    let head = |&length: &usize| {
        let piece = value.get(value.len() - length..);
        piece.is_some_and(|piece| line.starts_with(piece))
    };
    let tail = |&length: &usize| {
        let piece = value.get(..length);
        piece.is_some_and(|piece| line.ends_with(piece))
    };
    let (head, tail) = (lengths().find(head), lengths().find(tail));
    let from = head.unwrap_or(0);
    let to = line.len() - tail.unwrap_or(0);
    if head.is_none() && tail.is_none() {
        return line;
    }
    let star = |found: Option<usize>| found.map_or("", |_| STAR);
    let middle = line.get(from..to).unwrap_or_default();
    format!("{}{middle}{}", star(head), star(tail))
}

#[cfg(test)]
mod tests;
