//! A scalar with its expressions, and one expression with what was settled about it.

use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::Expr;
use serde_json::Value;

use super::parse::parse;
use super::resolve::{Settled, settle};
use super::split::{Piece, split};
use super::{Scope, Type, Values};
use crate::diagnostic::{Problem, Problems, Span, did_you_mean};
use crate::document::Scalar;

/// A scalar whose expressions are settled.
#[derive(Debug, Clone)]
pub struct Template {
    span: Span,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Secret(String),
    Expression(Expression),
}

impl Template {
    /// Reads a scalar. What is wrong with an expression becomes a problem, and the
    /// expression one of which nothing is known.
    pub(crate) fn read(scalar: &Scalar, span: Span, scope: Scope, problems: &mut Problems) -> Self {
        let pieces = match split(&scalar.text) {
            Ok(pieces) => pieces,
            Err(unclosed) => {
                let index = scalar.text[..unclosed.0].matches("${{").count();
                let place = scalar.locate(unclosed.0, unclosed.0 + 3, (index, unclosed.0), span);
                problems.push(
                    Problem::error("this expression has no end")
                        .at(place)
                        .help("close it with `}}`; a literal `${{` is written `$${{`"),
                );
                return Self {
                    span,
                    parts: vec![Part::Expression(Expression::unknown("", span))],
                };
            }
        };
        let parts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => Part::Text(text),
            Piece::Code { text, start, mark } => {
                let index = scalar.text[..mark].matches("${{").count();
                let place = |from, to| scalar.locate(start + from, start + to, (index, mark), span);
                read_part(text, &place, scope, problems)
            }
        });
        let template = Self {
            span,
            parts: parts.collect(),
        };
        template.check_inserted(problems);
        template
    }

    /// In a text only what has one obvious spelling is inserted.
    fn check_inserted(&self, problems: &mut Problems) {
        if self.parts.len() < 2 {
            return;
        }
        for part in &self.parts {
            let Part::Expression(expression) = part else {
                continue;
            };
            if matches!(expression.ty(), Type::Null | Type::List(_) | Type::Map(_)) {
                let message = format!("{} cannot stand inside a text", expression.ty());
                problems.push(
                    Problem::error(message)
                        .at(expression.span)
                        .help("a text takes strings, numbers and booleans"),
                );
            }
        }
    }

    /// The text, where there is no expression in it.
    pub fn literal(&self) -> Option<String> {
        match self.parts.as_slice() {
            [] => Some(String::new()),
            [Part::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// The text before its first expression, if there is any.
    pub(crate) fn literal_start(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What it will evaluate to: one expression alone keeps its type.
    pub fn ty(&self) -> Type {
        match self.parts.as_slice() {
            [Part::Expression(expression)] => expression.ty().clone(),
            _ => Type::String,
        }
    }

    /// The secrets that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Secret(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Its value; each secret becomes what `placeholder` makes of its name.
    pub fn evaluate(
        &self,
        values: &Values,
        placeholder: &dyn Fn(&str) -> String,
    ) -> Result<Value, Problem> {
        if let [Part::Expression(expression)] = self.parts.as_slice() {
            return expression.evaluate(values);
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Secret(name) => text.push_str(&placeholder(name)),
                Part::Expression(expression) => text.push_str(&expression.inserted(values)?),
            }
        }
        Ok(Value::String(text))
    }

    /// Its value before other steps have ended, and whether that is all of it: the text up
    /// to the first expression that reads how they end, or `null` where it is one alone.
    pub(crate) fn foresee(
        &self,
        values: &Values,
        placeholder: &dyn Fn(&str) -> String,
    ) -> (Value, bool) {
        if let [Part::Expression(expression)] = self.parts.as_slice() {
            return match expression.foresee(values) {
                Some(value) => (value, true),
                None => (Value::Null, false),
            };
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Secret(name) => text.push_str(&placeholder(name)),
                Part::Expression(expression) => {
                    let known = expression.foresee(values);
                    match known.and_then(|_| expression.inserted(values).ok()) {
                        Some(known) => text.push_str(&known),
                        None => return (Value::String(text), false),
                    }
                }
            }
        }
        (Value::String(text), true)
    }
}

fn read_part(
    text: &str,
    place: &dyn Fn(usize, usize) -> Span,
    scope: Scope,
    problems: &mut Problems,
) -> Part {
    let expression = Expression::read(text, place, scope, problems);
    let Some(name) = expression.whole_secret() else {
        return Part::Expression(expression);
    };
    let name = name.to_owned();
    if !scope.secrets.contains(&name) {
        let known = scope.secrets.iter().map(String::as_str);
        problems.push(
            Problem::error(format!("secret `{name}` is not declared"))
                .at(expression.span)
                .label(did_you_mean(&name, known))
                .help("declare it under `secrets`, with the hosts that it may be sent to"),
        );
    }
    Part::Secret(name)
}

/// One expression, its names and types settled.
#[derive(Debug, Clone)]
pub struct Expression {
    pub(super) text: String,
    pub(super) span: Span,
    pub(super) ast: Arc<IdedExpr>,
    pub(super) settled: Settled,
}

impl Expression {
    /// Reads an expression; `place` maps a range of its bytes to the source.
    pub(crate) fn read(
        text: &str,
        place: &dyn Fn(usize, usize) -> Span,
        scope: Scope,
        problems: &mut Problems,
    ) -> Self {
        let span = place(0, text.len());
        let mut expression = Self::unknown(text, span);
        match parse(text) {
            Err(error) => {
                let span = place(error.range.start, error.range.end);
                problems.push(Problem::error(error.message).at(span));
            }
            Ok((ast, info)) => {
                if secret_name(&ast).is_none() || !scope.place.allows_secrets() {
                    expression.settled = settle(&ast, &info, place, scope, problems);
                }
                expression.ast = Arc::new(ast);
            }
        }
        expression
    }

    /// An expression that is wrong, so that nothing is known of it.
    fn unknown(text: &str, span: Span) -> Self {
        Self {
            text: text.to_owned(),
            span,
            ast: Arc::default(),
            settled: Settled::unknown(),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// What it will evaluate to.
    pub fn ty(&self) -> &Type {
        &self.settled.ty
    }

    /// The names that it reads, such as `["inputs", "tier"]`, each once.
    pub fn paths(&self) -> &[Vec<String>] {
        &self.settled.paths
    }

    /// The status functions that it calls, each once.
    pub fn status_functions(&self) -> &[&'static str] {
        &self.settled.status
    }

    /// Its value, unless that depends on how other steps end or on the run.
    fn foresee(&self, values: &Values) -> Option<Value> {
        let waits = |path: &Vec<String>| matches!(path[0].as_str(), "steps" | "run");
        if self.paths().iter().any(waits) || !self.status_functions().is_empty() {
            return None;
        }
        self.evaluate(values).ok()
    }

    fn whole_secret(&self) -> Option<&str> {
        secret_name(&self.ast)
    }
}

/// The name in `secrets.name`, if that is the whole expression.
fn secret_name(ast: &IdedExpr) -> Option<&str> {
    match &ast.expr {
        Expr::Select(select)
            if !select.test && select.operand.expr == Expr::Ident("secrets".to_owned()) =>
        {
            Some(&select.field)
        }
        _ => None,
    }
}
