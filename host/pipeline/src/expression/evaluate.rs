//! Expressions become values. One environment is shared by all of them: building it costs as
//! much as evaluating forty.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Value as Cel};
use serde_json::Value;

use super::{Expression, Names, Type};
use crate::diagnostic::Problem;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What the status functions answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// `success()`
    pub success: bool,
    /// `failure()`
    pub failure: bool,
    /// `cancelled()`
    pub cancelled: bool,
}

impl Status {
    /// The answer of a status function by its name; `always` is true.
    pub(crate) fn answer(self, function: &str) -> bool {
        match function {
            "success" => self.success,
            "failure" => self.failure,
            "cancelled" => self.cancelled,
            _ => true,
        }
    }
}

/// The values that expressions read: JSON objects under `inputs`, `steps` and the like.
#[derive(Debug)]
pub struct Values<'a> {
    names: &'a Names,
    roots: Vec<(&'static str, Value)>,
    status: Option<Status>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(
        names: &'a Names,
        roots: Vec<(&'static str, Value)>,
        status: Option<Status>,
    ) -> Self {
        Self {
            names,
            roots,
            status,
        }
    }

    fn root(&self, name: &str) -> Option<&Value> {
        let found = self.roots.iter().find(|(root, _)| *root == name);
        found.map(|(_, value)| value)
    }

    /// The value of a name such as `["inputs", "tier"]`.
    pub(crate) fn at(&self, path: &[String]) -> Option<&Value> {
        let (root, fields) = path.split_first()?;
        fields
            .iter()
            .try_fold(self.root(root)?, |value, field| value.get(field))
    }
}

impl Expression {
    /// The expression's value as JSON.
    pub fn evaluate(&self, values: &Values) -> Result<Value, Problem> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        for (root, value) in &values.roots {
            if self.paths().iter().any(|path| path[0] == *root) {
                let ty = values.names.get(root).unwrap_or(&Type::Any);
                context.add_variable_from_value(*root, to_cel(value, ty));
            }
        }
        if let Some(status) = values.status {
            for function in self.status_functions() {
                let answer = status.answer(function);
                context
                    .add_function(function, move || answer)
                    .expect("the standard environment has no function of that name");
            }
        }
        let value =
            Cel::resolve(&self.ast, &context).map_err(|error| self.problem(&error, values))?;
        to_json(&value).ok_or_else(|| {
            Problem::error(format!("`{}` is not a value that JSON can say", self.text))
                .at(self.span)
        })
    }

    /// The expression's value as it stands inside a text.
    pub(super) fn inserted(&self, values: &Values) -> Result<String, Problem> {
        match self.evaluate(values)? {
            Value::String(text) => Ok(text),
            Value::Bool(boolean) => Ok(boolean.to_string()),
            // `2.0` is the number 2; its digits are what a text wants.
            Value::Number(number) => Ok(match (number.as_i64(), number.as_f64()) {
                (None, Some(float)) => float.to_string(),
                _ => number.to_string(),
            }),
            other => Err(Problem::error(format!(
                "`{}` is {}, which cannot stand inside a text",
                self.text,
                kind(&other)
            ))
            .at(self.span)),
        }
    }

    fn problem(&self, error: &ExecutionError, values: &Values) -> Problem {
        let missing = self.paths().iter().find(|path| values.at(path).is_none());
        let message = match (error, missing) {
            (ExecutionError::NoSuchKey(_), Some(path)) => {
                format!("`{}` has no value in this run", path.join("."))
            }
            (ExecutionError::NoSuchKey(key), None) => {
                format!("`{}`: there is no field `{key}`", self.text)
            }
            (ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_), _) => {
                format!("`{}` divides by zero", self.text)
            }
            (ExecutionError::Overflow(..), _) => {
                format!("`{}` does not fit into 64 bits", self.text)
            }
            (ExecutionError::IndexOutOfBounds(_), _) => {
                format!("`{}` asks for an item beyond the list's end", self.text)
            }
            (error, _) => {
                let mut text = error.to_string();
                // Errors here begin in lower case, those of the evaluator do not.
                if let Some(first) = text.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                format!("`{}` cannot be evaluated: {text}", self.text)
            }
        };
        let mut help = String::new();
        for path in self.paths() {
            if let Some(value) = values.at(path) {
                let separator = if help.is_empty() { "" } else { ", " };
                let _ = write!(help, "{separator}{} = {}", path.join("."), short(value));
            }
        }
        let problem = Problem::error(message).at(self.span);
        if help.is_empty() {
            problem
        } else {
            problem.help(format!("it saw {help}"))
        }
    }
}

/// A value in words short enough for one line of a message.
pub(crate) fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What a JSON value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Numbers follow the declared type: JSON's `1` is an integer even where a number was meant,
/// and the crate's own conversion would make it unsigned, so that `n + 1` failed.
fn to_cel(value: &Value, ty: &Type) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(boolean) => Cel::Bool(*boolean),
        Value::Number(number) => match (number.as_i64(), number.as_f64(), ty) {
            (_, Some(float), Type::Number) | (None, Some(float), _) => Cel::Float(float),
            (Some(integer), ..) => Cel::Int(integer),
            (None, None, _) => Cel::Null,
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => {
            let item = match ty {
                Type::List(item) => item.as_ref(),
                _ => &Type::Any,
            };
            Cel::List(Arc::new(
                items.iter().map(|value| to_cel(value, item)).collect(),
            ))
        }
        Value::Object(fields) => {
            let fields: HashMap<Key, Cel> = fields
                .iter()
                .map(|(name, value)| {
                    let ty = ty.field(name).unwrap_or(Type::Any);
                    (Key::from(name.as_str()), to_cel(value, &ty))
                })
                .collect();
            Cel::Map(Map {
                map: Arc::new(fields),
            })
        }
    }
}

fn to_json(value: &Cel) -> Option<Value> {
    Some(match value {
        Cel::Null => Value::Null,
        Cel::Bool(boolean) => Value::Bool(*boolean),
        Cel::Int(integer) => Value::from(*integer),
        Cel::UInt(integer) => Value::from(*integer),
        Cel::Float(float) => Value::Number(serde_json::Number::from_f64(*float)?),
        Cel::String(text) => Value::String(text.to_string()),
        Cel::List(items) => Value::Array(items.iter().map(to_json).collect::<Option<_>>()?),
        Cel::Map(map) => {
            let mut fields: Vec<(String, Value)> = map
                .map
                .iter()
                .map(|(key, value)| Some((key.to_string(), to_json(value)?)))
                .collect::<Option<_>>()?;
            fields.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(fields.into_iter().collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::diagnostic::{Problem, Problems, Span};
    use crate::expression::{Expression, Names, Place, Scope, Status, Type, Values};

    fn names() -> Names {
        let inputs = Type::fields([
            ("tag".to_owned(), Type::String),
            ("n".to_owned(), Type::Integer),
            ("x".to_owned(), Type::Number),
            ("yes".to_owned(), Type::Boolean),
            ("l".to_owned(), Type::list(Type::String)),
        ]);
        let outputs = Type::fields([("version".to_owned(), Type::String)]);
        Names::new([
            ("inputs", inputs),
            Names::steps([("a".to_owned(), Names::step(outputs))]),
        ])
    }

    fn evaluate(text: &str) -> Result<Value, Vec<String>> {
        let names = names();
        let all_steps = ["a".to_owned(), "b".to_owned()];
        let scope = Scope {
            place: Place::Condition,
            names: &names,
            secrets: &[],
            all_steps: &all_steps,
        };
        let mut problems = Problems::new();
        let expression = Expression::read(text, &Span::new, scope, &mut problems);
        if !problems.is_empty() {
            return Err(problems.iter().map(describe).collect());
        }
        let roots = vec![
            (
                "inputs",
                json!({"tag": "v1", "n": 7, "x": 2, "yes": true, "l": ["p", "q"]}),
            ),
            (
                "steps",
                json!({"a": {"outputs": {"version": "1.2"}, "outcome": "success"}}),
            ),
        ];
        let status = Status {
            success: true,
            failure: false,
            cancelled: false,
        };
        let values = Values::new(&names, roots, Some(status));
        expression
            .evaluate(&values)
            .map_err(|problem| vec![describe(&problem)])
    }

    fn describe(problem: &Problem) -> String {
        let span = problem.span.unwrap_or(Span::new(0, 0));
        format!("{}-{} {}", span.start, span.end, problem.message)
    }

    #[test]
    fn expressions_are_evaluated_in_typed_values() {
        let cases = [
            ("inputs.tag", json!("v1")),
            ("inputs['tag']", json!("v1")),
            ("inputs.n + 1", json!(8)),
            ("inputs.n - 10", json!(-3)),
            ("inputs.x * 1.5", json!(3.0)),
            ("inputs.n > inputs.x", json!(true)),
            ("inputs.n == inputs.x", json!(false)),
            ("inputs.tag == 'v1' && inputs.yes", json!(true)),
            ("inputs.tag.startsWith('v')", json!(true)),
            (
                "inputs.tag.contains('1') || inputs.tag.endsWith('x')",
                json!(true),
            ),
            ("'p' in inputs.l", json!(true)),
            ("inputs.l + ['r']", json!(["p", "q", "r"])),
            ("inputs.l[1]", json!("q")),
            ("size(inputs.l) + inputs.tag.size()", json!(4)),
            ("inputs.yes ? 'a' : 'b'", json!("a")),
            ("string(inputs.n) + inputs.tag", json!("7v1")),
            ("int('12') + 1", json!(13)),
            ("double(inputs.n)", json!(7.0)),
            ("has(steps.a.outputs.version)", json!(true)),
            ("steps.a.outcome == 'success'", json!(true)),
            (
                "{'b': 1, 'a': [true, null]}",
                json!({"a": [true, null], "b": 1}),
            ),
            (
                "success() && !failure() && always() && !cancelled()",
                json!(true),
            ),
            ("-inputs.n % 4", json!(-3)),
        ];
        for (text, expected) in cases {
            assert_eq!(evaluate(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_found_before_anything_runs_and_at_its_place() {
        let cases: [(&str, &[&str]); 33] = [
            ("inputs.tga == 'x'", &["0-10 input `tga` is not declared"]),
            (
                "inputs.missing || true",
                &["0-14 input `missing` is not declared"],
            ),
            ("inputs['tga']", &["0-13 input `tga` is not declared"]),
            ("input.tag", &["0-5 `input` is not known"]),
            (
                "steps.b.outputs.x",
                &["0-7 step `b` is not needed by this step, so that it may not have run yet"],
            ),
            ("steps.c.outcome", &["0-7 there is no step `c`"]),
            (
                "true && steps.a.outputs.v",
                &["8-25 step `a` has no output `v`"],
            ),
            ("steps.a.output", &["0-14 `steps.a.output` is not known"]),
            (
                "inputs.n + 'x'",
                &["0-14 `+` does not take an integer and a string"],
            ),
            (
                "inputs.x + 1",
                &["0-12 `+` does not take a number and an integer"],
            ),
            (
                "inputs.n == '7'",
                &["0-15 an integer is never equal to a string"],
            ),
            ("!inputs.tag", &["0-11 `!` does not take a string"]),
            (
                "inputs.tag && true",
                &["0-18 `&&` does not take a string and a boolean"],
            ),
            (
                "inputs.n ? 1 : 2",
                &["0-16 `? :` asks for a boolean and gets an integer"],
            ),
            (
                "1 in inputs.l",
                &["0-13 `in` does not take an integer and a list"],
            ),
            ("inputs.tag.n", &["0-12 a string has no field `n`"]),
            (
                "inputs.tag[0]",
                &["0-13 a string has no item at an integer"],
            ),
            (
                "inputs[inputs.tag]",
                &["7-17 a name that is computed cannot be checked"],
            ),
            ("size(1)", &["0-7 `size` does not take an integer"]),
            ("sise('a')", &["0-9 there is no function `sise`"]),
            ("'a'.matches('b')", &["0-16 there is no function `matches`"]),
            ("success(1)", &["0-10 `success()` takes nothing"]),
            (
                "inputs.l.map(x, x)",
                &[
                    "0-13 comprehensions (`all`, `exists`, `exists_one`, `map` and `filter`) are not supported",
                ],
            ),
            ("1u", &["0-2 unsigned integers are not supported"]),
            ("b'x'", &["0-4 bytes are not supported"]),
            (
                "secrets.a == 'x'",
                &["0-7 a secret cannot stand in a condition"],
            ),
            ("secrets.a", &["0-7 a secret cannot stand in a condition"]),
            ("inputs.n +", &["10-10 this expression ends too early"]),
            ("a b", &["2-3 `b` is not expected here"]),
            ("a.?b", &["1-2 `.?` is not supported"]),
            ("", &["0-0 this expression is empty"]),
            ("inputs.n / 0", &["0-12 `inputs.n / 0` divides by zero"]),
            (
                "inputs.l[5]",
                &["0-11 `inputs.l[5]` asks for an item beyond the list's end"],
            ),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(evaluate(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn an_expression_is_bounded_in_size_and_depth() {
        let long = format!("'{}'", "a".repeat(3000));
        assert_eq!(
            evaluate(&long),
            Err(vec![
                "0-3002 this expression has 3002 bytes; at most 2048 are read".to_owned()
            ])
        );
        for deep in [
            "(".repeat(1000),
            format!("{}1{}", "(".repeat(600), ")".repeat(600)),
            "!".repeat(2000),
            "[".repeat(2000),
            format!("1{}", "+1".repeat(1000)),
        ] {
            assert!(evaluate(&deep).is_err(), "{deep}");
        }
    }
}
