//! Names and types of an expression, settled over its syntax tree before anything runs.
//!
//! This is where a mistyped name is found: CEL itself would say `missing || true` is true.

use std::ops::Range;

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, EntryExpr, Expr, LiteralValue, SelectExpr, SourceInfo, operators,
};

use super::operation::{function, operation, signature, symbol, unify};
use super::{Scope, Type};
use crate::diagnostic::{Problem, Problems, Span, did_you_mean, listed};

/// What was settled about an expression.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) ty: Type,
    pub(super) paths: Vec<Vec<String>>,
    pub(super) status: Vec<&'static str>,
}

impl Settled {
    pub(super) fn unknown() -> Self {
        Self {
            ty: Type::Any,
            paths: Vec::new(),
            status: Vec::new(),
        }
    }
}

const STATUS: [&str; 4] = ["success", "failure", "always", "cancelled"];
const FUNCTIONS: [&str; 9] = [
    "size",
    "string",
    "int",
    "double",
    "has",
    "success",
    "failure",
    "always",
    "cancelled",
];
const METHODS: [&str; 4] = ["contains", "startsWith", "endsWith", "size"];
const MACROS: [&str; 5] = ["all", "exists", "exists_one", "map", "filter"];

pub(super) fn settle(
    ast: &IdedExpr,
    info: &SourceInfo,
    place: &dyn Fn(usize, usize) -> Span,
    scope: Scope,
    problems: &mut Problems,
) -> Settled {
    let mut resolver = Resolver {
        info,
        place,
        scope,
        problems,
        paths: Vec::new(),
        status: Vec::new(),
    };
    let ty = resolver.ty(ast);
    Settled {
        ty,
        paths: resolver.paths,
        status: resolver.status,
    }
}

struct Resolver<'a> {
    info: &'a SourceInfo,
    place: &'a dyn Fn(usize, usize) -> Span,
    scope: Scope<'a>,
    problems: &'a mut Problems,
    paths: Vec<Vec<String>>,
    status: Vec<&'static str>,
}

impl Resolver<'_> {
    fn ty(&mut self, expr: &IdedExpr) -> Type {
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Ident(_) | Expr::Select(_) => self.name(expr),
            Expr::Call(call) if call.func_name == operators::INDEX => self.index(expr, call),
            Expr::Call(call) => self.call(expr, call),
            Expr::List(list) => {
                let items: Vec<_> = list.elements.iter().map(|item| self.ty(item)).collect();
                Type::list(
                    items
                        .into_iter()
                        .reduce(|one, other| unify(&one, &other))
                        .unwrap_or(Type::Any),
                )
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.ty(&entry.key);
                        self.ty(&entry.value);
                    }
                }
                Type::any_map()
            }
            Expr::Comprehension(_) => self.wrong(
                expr,
                format!(
                    "comprehensions ({}) are not supported",
                    listed(MACROS, "and")
                ),
                "name an item by its index, or test with `in`",
            ),
            Expr::Struct(_) | Expr::Unspecified => self.wrong(
                expr,
                "messages are not supported".to_owned(),
                "write a map: `{'key': value}`",
            ),
        }
    }

    fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Type {
        match literal {
            LiteralValue::Boolean(_) => Type::Boolean,
            LiteralValue::Double(_) => Type::Number,
            LiteralValue::Int(_) => Type::Integer,
            LiteralValue::Null => Type::Null,
            LiteralValue::String(_) => Type::String,
            LiteralValue::UInt(_) => self.wrong(
                expr,
                "unsigned integers are not supported".to_owned(),
                "leave out the `u`",
            ),
            LiteralValue::Bytes(_) => self.wrong(
                expr,
                "bytes are not supported".to_owned(),
                "leave out the `b`",
            ),
        }
    }

    /// An identifier, or a field selected of something.
    fn name(&mut self, expr: &IdedExpr) -> Type {
        match &expr.expr {
            Expr::Ident(root) => self.root(expr, root),
            Expr::Select(select) => self.select(expr, select),
            _ => Type::Any,
        }
    }

    fn root(&mut self, expr: &IdedExpr, root: &str) -> Type {
        if let Some(ty) = self.scope.names.get(root) {
            return ty.clone();
        }
        let place = self.scope.place;
        if root == "secrets" {
            return if place.allows_secrets() {
                self.wrong(
                    expr,
                    "a secret cannot be part of an expression".to_owned(),
                    "let it stand alone, as `${{ secrets.name }}`; text may stand around it",
                )
            } else {
                let help = "secrets may stand in `with` and `remotes`, where their value never reaches a plugin";
                self.wrong(
                    expr,
                    format!("a secret cannot stand in {}", place.name()),
                    help,
                )
            };
        }
        let span = self.span(expr);
        let known = ["inputs", "steps", "trigger", "run", "secrets"];
        let message = if known.contains(&root) {
            format!("`{root}` cannot be named in {}", place.name())
        } else {
            format!("`{root}` is not known")
        };
        let call = STATUS
            .contains(&root)
            .then(|| format!("did you mean `{root}()`?"));
        let label = call.or_else(|| did_you_mean(root, known));
        let problem = Problem::error(message).at(span).label(label);
        let names = listed(self.scope.names.roots(), "and");
        self.problems
            .push(problem.help(format!("here can be named: {names}; texts stand in quotes")));
        Type::Any
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Type {
        let operand = self.name_or_value(&select.operand);
        let ty = self.field(expr, &select.operand, &operand, &select.field);
        if select.test { Type::Boolean } else { ty }
    }

    fn index(&mut self, expr: &IdedExpr, call: &CallExpr) -> Type {
        let [operand, key] = call.args.as_slice() else {
            return Type::Any;
        };
        if let Expr::Literal(LiteralValue::String(name)) = &key.expr {
            let ty = self.name_or_value(operand);
            if let Type::Map(_) = ty {
                return self.field(expr, operand, &ty, name.inner());
            }
        }
        let ty = self.ty(operand);
        let key_ty = self.ty(key);
        match (&ty, &key_ty) {
            (Type::List(item), Type::Integer | Type::Any) => (**item).clone(),
            (Type::Map(fields), Type::String | Type::Any) if fields.open => Type::Any,
            (Type::Map(_), _) => self.wrong(
                key,
                "a name that is computed cannot be checked".to_owned(),
                "name the field itself",
            ),
            (Type::Any, _) => Type::Any,
            _ => {
                let message = format!("{ty} has no item at {key_ty}");
                self.wrong(
                    expr,
                    message,
                    "a list is indexed by an integer, a map by a string",
                )
            }
        }
    }

    /// The type of an operand, without taking it as a name that is read by itself.
    fn name_or_value(&mut self, operand: &IdedExpr) -> Type {
        let before = self.paths.len();
        let ty = self.ty(operand);
        if path(operand).is_some() {
            self.paths.truncate(before);
        }
        ty
    }

    fn field(&mut self, expr: &IdedExpr, operand: &IdedExpr, ty: &Type, field: &str) -> Type {
        let names = path(operand).map(|mut names| {
            names.push(field.to_owned());
            names
        });
        if let Some(found) = ty.field(field) {
            if let Some(names) = names.filter(|names| !self.paths.contains(names)) {
                self.paths.push(names);
            }
            return found;
        }
        let span = self.span(expr);
        let text = &self.info.source[self.extent(expr)];
        let names: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        let known: Vec<&str> = ty.field_names().collect();
        let have = |what: &str| match known.as_slice() {
            [] => format!("it has no {what}"),
            known => format!("its {what}: {}", listed(known.iter().copied(), "and")),
        };
        let here = || match known.as_slice() {
            [] => "this step follows no other; what it reads must be in its `needs`".to_owned(),
            known => format!(
                "steps that can be named here: {}",
                listed(known.iter().copied(), "and")
            ),
        };
        let (message, help) = match names.as_slice() {
            ["inputs", name] => (
                format!("input `{name}` is not declared"),
                format!(
                    "the pipeline has {}",
                    match known.as_slice() {
                        [] => "no inputs".to_owned(),
                        known => format!("the inputs {}", listed(known.iter().copied(), "and")),
                    }
                ),
            ),
            ["steps", name] if self.scope.all_steps.iter().any(|step| step == name) => (
                format!(
                    "step `{name}` is not needed by this step, so that it may not have run yet"
                ),
                format!("add `{name}` to this step's `needs`"),
            ),
            ["steps", name] => (format!("there is no step `{name}`"), here()),
            ["steps", step, "outputs", name] => (
                format!("step `{step}` has no output `{name}`"),
                have("outputs"),
            ),
            _ if matches!(ty, Type::Map(_)) => (format!("`{text}` is not known"), have("fields")),
            _ => (
                format!("{ty} has no field `{field}`"),
                "only maps have fields".to_owned(),
            ),
        };
        let problem = Problem::error(message).at(span).help(help);
        self.problems
            .push(problem.label(did_you_mean(field, known)));
        Type::Any
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Type {
        let name = call.func_name.as_str();
        if let Some(status) = STATUS
            .into_iter()
            .find(|status| *status == name && call.target.is_none())
        {
            return self.status(expr, call, status);
        }
        if call.target.is_some() && MACROS.contains(&name) {
            return self.wrong(
                expr,
                format!("`{name}` is not supported"),
                "name an item by its index, or test with `in`",
            );
        }
        let target: Option<Type> = call.target.as_ref().map(|target| self.ty(target));
        let args: Vec<Type> = call.args.iter().map(|arg| self.ty(arg)).collect();
        if let Some(symbol) = symbol(name) {
            return operation(name, &args).unwrap_or_else(|| self.mistyped(expr, symbol, &args));
        }
        let known: &[&str] = if target.is_some() {
            &METHODS
        } else {
            &FUNCTIONS
        };
        if !known.contains(&name) {
            let problem =
                Problem::error(format!("there is no function `{name}`")).at(self.span(expr));
            let help = format!("functions: {}", listed(known.iter().copied(), "and"));
            self.problems.push(
                problem
                    .label(did_you_mean(name, known.iter().copied()))
                    .help(help),
            );
            return Type::Any;
        }
        let operands: Vec<Type> = target.into_iter().chain(args).collect();
        function(name, &operands).unwrap_or_else(|| {
            let given: Vec<_> = operands.iter().map(Type::to_string).collect();
            let given = if given.is_empty() {
                "nothing".to_owned()
            } else {
                given.join(" and ")
            };
            self.wrong(
                expr,
                format!("`{name}` does not take {given}"),
                signature(name),
            )
        })
    }

    fn status(&mut self, expr: &IdedExpr, call: &CallExpr, name: &'static str) -> Type {
        if !self.scope.place.allows_status() {
            return self.wrong(
                expr,
                format!("`{name}()` cannot stand in {}", self.scope.place.name()),
                "it may stand in a step's `if`",
            );
        }
        if !call.args.is_empty() {
            let message = format!("`{name}()` takes nothing");
            return self.wrong(expr, message, "it speaks of all steps that this one needs");
        }
        if !self.status.contains(&name) {
            self.status.push(name);
        }
        Type::Boolean
    }

    fn mistyped(&mut self, expr: &IdedExpr, symbol: &str, args: &[Type]) -> Type {
        let (message, help) = match args {
            [only] => (format!("`{symbol}` does not take {only}"), String::new()),
            [condition, _, _] => (
                format!("`? :` asks for a boolean and gets {condition}"),
                String::new(),
            ),
            [left, right] if matches!(symbol, "==" | "!=") => (
                format!("{left} is never equal to {right}"),
                "convert one side: `string(…)`, `int(…)`".to_owned(),
            ),
            [Type::Number, Type::Integer] | [Type::Integer, Type::Number] => (
                format!("`{symbol}` does not take {} and {}", args[0], args[1]),
                "write the integer as `1.0`, or convert it: `double(…)`".to_owned(),
            ),
            _ => {
                let given: Vec<_> = args.iter().map(Type::to_string).collect();
                (
                    format!("`{symbol}` does not take {}", given.join(" and ")),
                    "convert one side: `string(…)`, `int(…)`".to_owned(),
                )
            }
        };
        let problem = Problem::error(message).at(self.span(expr));
        self.problems.push(if help.is_empty() {
            problem
        } else {
            problem.help(help)
        });
        Type::Any
    }

    fn wrong(&mut self, expr: &IdedExpr, message: String, help: &str) -> Type {
        let span = self.span(expr);
        self.problems
            .push(Problem::error(message).at(span).help(help));
        Type::Any
    }

    fn span(&self, expr: &IdedExpr) -> Span {
        let extent = self.extent(expr);
        (self.place)(extent.start, extent.end)
    }

    /// The bytes of a whole subexpression: the parser keeps an operator's place alone.
    fn extent(&self, expr: &IdedExpr) -> Range<usize> {
        let own = self
            .info
            .offset_for(expr.id)
            .map_or(0..0, |(start, stop)| start as usize..stop as usize + 1);
        let join = |all: Range<usize>, child: &IdedExpr| {
            let child = self.extent(child);
            all.start.min(child.start)..all.end.max(child.end)
        };
        let extent = match &expr.expr {
            Expr::Select(select) => {
                let all = join(own.clone(), &select.operand);
                let after_dot = self.info.source.get(own.end..).unwrap_or("");
                let blanks = after_dot.len() - after_dot.trim_start().len();
                let end = if select.test {
                    all.end
                } else {
                    own.end + blanks + select.field.len()
                };
                all.start..all.end.max(end)
            }
            Expr::Call(call) => {
                let all = call
                    .target
                    .as_deref()
                    .into_iter()
                    .chain(&call.args)
                    .fold(own.clone(), join);
                let start = if call.target.is_none() && symbol(&call.func_name).is_none() {
                    // A call's place is its bracket.
                    all.start - call.func_name.len().min(all.start)
                } else {
                    all.start
                };
                let closing = match self.info.source.as_bytes().get(all.end) {
                    Some(b')') if symbol(&call.func_name).is_none() => 1,
                    Some(b']') if call.func_name == operators::INDEX => 1,
                    _ => 0,
                };
                start..all.end + closing
            }
            Expr::Comprehension(comprehension) => join(own, &comprehension.iter_range),
            _ => own,
        };
        let length = self.info.source.len();
        extent.start.min(length)..extent.end.min(length)
    }
}

/// The names of a chain of fields: `a.b['c']` is `a`, `b`, `c`.
fn path(expr: &IdedExpr) -> Option<Vec<String>> {
    let mut expr = expr;
    let mut names = Vec::new();
    loop {
        match &expr.expr {
            Expr::Ident(name) => {
                names.push(name.clone());
                names.reverse();
                return Some(names);
            }
            Expr::Select(select) if !select.test => {
                names.push(select.field.clone());
                expr = &select.operand;
            }
            Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
                [
                    operand,
                    IdedExpr {
                        expr: Expr::Literal(LiteralValue::String(name)),
                        ..
                    },
                ] => {
                    names.push(name.inner().to_owned());
                    expr = operand;
                }
                _ => return None,
            },
            _ => return None,
        }
    }
}
