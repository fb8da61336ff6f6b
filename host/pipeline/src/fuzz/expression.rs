//! Expressions: whatever the text, it is read or refused in bounded time; and what is
//! computed is what a slow, obvious evaluator computes.

use std::time::{Duration, Instant};

use proptest::{
    prelude::{BoxedStrategy, Just, Strategy, any},
    prop_assert, prop_assert_eq, prop_assume, prop_oneof,
    sample::select,
};
use serde_json::{Value, json};

use super::bounded::{holds, mutated};
use crate::{
    diagnostic::{Problems, Span},
    expression::{Expression, Names, Place, Scope, Status, Type, Values},
};

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "?",
    ":",
    ".",
    ",",
    "&&",
    "||",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "'",
    "\"",
    "\\",
    "\\u",
    "\\x",
    "r'",
    "b'",
    "'''",
    "0x",
    "1u",
    "1e999",
    "9223372036854775807",
    "true",
    "null",
    "has(",
    "size(",
    ".map(x, x)",
    ".all(x, x)",
    "inputs.tag",
    "inputs.n",
    "inputs.l",
    "secrets.a",
    "${{",
    "}}",
    "//",
    "\n",
    "ä",
    "\0",
    " ",
];

fn corpus() -> Vec<String> {
    let lines = include_str!("corpus/expressions.txt").lines();
    lines.map(str::to_owned).collect()
}

/// The longest that reading and computing one expression may take, on a machine that does
/// other things too.
const LONGEST: Duration = Duration::from_secs(2);

#[test]
fn any_text_is_read_or_refused_in_bounded_time() {
    let strategy = mutated(corpus(), TOKENS);
    holds("src/fuzz/regressions/expression.txt", &strategy, |text| {
        let start = Instant::now();
        let _ = evaluate(&text);
        prop_assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
        Ok(())
    });
}

/// An expression, and its value by the model; none where computing it is an error.
type Modelled<T> = (String, Option<T>);

#[test]
fn what_is_computed_is_what_the_model_computes() {
    let integers = integer(4).prop_map(|(text, value)| (text, value.map(Value::from)));
    let booleans = boolean(4).prop_map(|(text, value)| (text, value.map(Value::from)));
    let texts = text(4).prop_map(|(text, value)| (text, value.map(Value::from)));
    let strategy = prop_oneof![integers, booleans, texts];
    holds(
        "src/fuzz/regressions/model.txt",
        &strategy,
        |(text, expected)| {
            // Its bounds are shown elsewhere.
            let operators = text.bytes().filter(|byte| !byte.is_ascii_alphanumeric());
            prop_assume!(text.len() < 2000 && operators.count() < 128);
            prop_assert_eq!(evaluate(&text).ok(), expected, "{}", text);
            Ok(())
        },
    );
}

const N: i64 = 7;
const TAG: &str = "v1";

fn integer(depth: u32) -> BoxedStrategy<Modelled<i64>> {
    let literal = |value: i64| (format!("({value})"), Some(value));
    let leaf = prop_oneof![
        (-20_i64..20).prop_map(literal),
        select(&[i64::MAX, i64::MAX - 1, i64::MIN + 1, 1 << 32][..]).prop_map(literal),
        Just(("inputs.n".to_owned(), Some(N))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (left, right) = (integer(depth - 1), integer(depth - 1));
    let operator = select(&["+", "-", "*", "/", "%"][..]);
    let binary = (left, operator, right).prop_map(|((left, a), operator, (right, b))| {
        let value = a.zip(b).and_then(|(a, b)| match operator {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "/" => a.checked_div(b),
            _ => a.checked_rem(b),
        });
        (format!("({left} {operator} {right})"), value)
    });
    let size = text(depth - 1).prop_map(|(text, value)| {
        let length = value.map(|value| value.chars().count());
        let length = length.and_then(|length| i64::try_from(length).ok());
        (format!("size({text})"), length)
    });
    let choice = choice(boolean(depth - 1), integer(depth - 1), integer(depth - 1));
    prop_oneof![1 => leaf, 3 => binary, 1 => size, 1 => choice].boxed()
}

fn boolean(depth: u32) -> BoxedStrategy<Modelled<bool>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|value| (value.to_string(), Some(value))),
        Just(("inputs.yes".to_owned(), Some(true))),
        Just(("success()".to_owned(), Some(true))),
        Just(("failure()".to_owned(), Some(false))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let deeper = || boolean(depth - 1);
    let not = deeper().prop_map(|(text, value)| (format!("!{text}"), value.map(|value| !value)));
    let operator = select(&["&&", "||"][..]);
    let logic = (deeper(), operator, deeper()).prop_map(|((left, a), operator, (right, b))| {
        // An error counts only where the other side does not decide.
        let decides = operator == "||";
        let value = match (a, b) {
            (Some(a), _) if a == decides => Some(decides),
            (_, Some(b)) if b == decides => Some(decides),
            (Some(_), Some(_)) => Some(!decides),
            _ => None,
        };
        (format!("({left} {operator} {right})"), value)
    });
    let operator = select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let compared = (integer(depth - 1), operator, integer(depth - 1)).prop_map(
        |((left, a), operator, (right, b))| {
            let value = a.zip(b).map(|(a, b)| match operator {
                "==" => a == b,
                "!=" => a != b,
                "<" => a < b,
                "<=" => a <= b,
                ">" => a > b,
                _ => a >= b,
            });
            (format!("({left} {operator} {right})"), value)
        },
    );
    let method = select(&["contains", "startsWith", "endsWith"][..]);
    let found =
        (text(depth - 1), method, text(depth - 1)).prop_map(|((left, a), method, (right, b))| {
            let value = a.zip(b).map(|(a, b)| match method {
                "contains" => a.contains(&b),
                "startsWith" => a.starts_with(&b),
                _ => a.ends_with(&b),
            });
            (format!("({left}).{method}({right})"), value)
        });
    let choice = choice(deeper(), deeper(), deeper());
    prop_oneof![1 => leaf, 1 => not, 2 => logic, 2 => compared, 1 => found, 1 => choice].boxed()
}

fn text(depth: u32) -> BoxedStrategy<Modelled<String>> {
    let literal = "[a-c $äß漢{}]{0,4}".prop_map(|text| (format!("'{text}'"), Some(text)));
    let leaf = prop_oneof![
        literal,
        Just(("inputs.tag".to_owned(), Some(TAG.to_owned()))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let deeper = || text(depth - 1);
    let joined = (deeper(), deeper()).prop_map(|((left, a), (right, b))| {
        (format!("({left} + {right})"), a.zip(b).map(|(a, b)| a + &b))
    });
    let shown = integer(depth - 1).prop_map(|(text, value)| {
        (
            format!("string({text})"),
            value.map(|value| value.to_string()),
        )
    });
    let choice = choice(boolean(depth - 1), deeper(), deeper());
    prop_oneof![1 => leaf, 2 => joined, 1 => shown, 1 => choice].boxed()
}

/// `condition ? one : other`, of which one is computed.
fn choice<T: Clone + std::fmt::Debug + 'static>(
    condition: BoxedStrategy<Modelled<bool>>,
    one: BoxedStrategy<Modelled<T>>,
    other: BoxedStrategy<Modelled<T>>,
) -> impl Strategy<Value = Modelled<T>> {
    (condition, one, other).prop_map(|((condition, decided), (one, a), (other, b))| {
        let value = decided.and_then(|decided| if decided { a } else { b });
        (format!("({condition} ? {one} : {other})"), value)
    })
}

fn evaluate(text: &str) -> Result<Value, Vec<String>> {
    let inputs = Type::fields([
        ("tag".to_owned(), Type::String),
        ("n".to_owned(), Type::Integer),
        ("yes".to_owned(), Type::Boolean),
        ("l".to_owned(), Type::list(Type::String)),
    ]);
    let names = Names::new([("inputs", inputs)]);
    let scope = Scope {
        place: Place::Condition,
        names: &names,
        secrets: &["a".to_owned()],
        all_steps: &[],
    };
    let mut problems = Problems::new();
    let expression = Expression::read(text, &Span::new, scope, &mut problems);
    if !problems.is_empty() {
        return Err(problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect());
    }
    let roots = vec![(
        "inputs",
        json!({ "tag": TAG, "n": N, "yes": true, "l": ["p", "q"] }),
    )];
    let status = Status {
        success: true,
        failure: false,
        cancelled: false,
    };
    let values = Values::new(&names, roots, Some(status));
    let value = expression.evaluate(&values);
    value.map_err(|problem| vec![problem.message])
}
