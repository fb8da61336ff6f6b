//! What operators and functions take and give, as static types.

use cel::common::ast::operators;

use super::Type;

/// The type of a value that is one of two.
pub(super) fn unify(left: &Type, right: &Type) -> Type {
    if left == right {
        left.clone()
    } else {
        Type::Any
    }
}

/// An operator as it is written; `None` for functions.
pub(super) fn symbol(name: &str) -> Option<&'static str> {
    Some(match name {
        operators::CONDITIONAL => "? :",
        operators::LOGICAL_AND => "&&",
        operators::LOGICAL_OR => "||",
        operators::LOGICAL_NOT => "!",
        operators::SUBSTRACT | operators::NEGATE => "-",
        operators::ADD => "+",
        operators::MULTIPLY => "*",
        operators::DIVIDE => "/",
        operators::MODULO => "%",
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::GREATER_EQUALS => ">=",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::LESS => "<",
        operators::INDEX => "[]",
        operators::IN => "in",
        _ => return None,
    })
}

/// The type of an operation; `None` where it does not take these types.
pub(super) fn operation(name: &str, args: &[Type]) -> Option<Type> {
    use Type::{Any, Boolean, Integer, List, Map, Number, String};
    match (name, args) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [Boolean | Any, Boolean | Any])
        | (operators::LOGICAL_NOT, [Boolean | Any])
        | (operators::IN, [String | Any, Map(_) | Any] | [_, Any]) => Some(Boolean),
        (operators::CONDITIONAL, [Boolean | Any, yes, no]) => Some(unify(yes, no)),
        (operators::NEGATE, [ty @ (Integer | Number | Any)]) => Some(ty.clone()),
        (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
            comparable(left, right).then_some(Boolean)
        }
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [left, right],
        ) => {
            let ordered = |ty: &Type| matches!(ty, Any | Integer | Number | String);
            (ordered(left) && ordered(right) && comparable(left, right)).then_some(Boolean)
        }
        (operators::IN, [item, List(of)]) => comparable(item, of).then_some(Boolean),
        (operators::ADD, [Any, other] | [other, Any]) => {
            matches!(other, Any | Integer | Number | String | List(_)).then(|| other.clone())
        }
        (operators::ADD, [List(left), List(right)]) => Some(Type::list(unify(left, right))),
        (operators::ADD, [String, String]) => Some(String),
        (operators::MODULO, [Integer | Any, Integer | Any]) => Some(Integer),
        (
            operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE,
            [left, right],
        ) => match (left, right) {
            (Integer, Integer | Any) | (Any, Integer) => Some(Integer),
            (Number, Number | Any) | (Any, Number) => Some(Number),
            (Any, Any) => Some(Any),
            _ => None,
        },
        _ => None,
    }
}

fn comparable(left: &Type, right: &Type) -> bool {
    use Type::{Any, Integer, List, Map, Null, Number};
    match (left, right) {
        (Any | Null, _)
        | (_, Any | Null)
        | (Integer | Number, Integer | Number)
        | (Map(_), Map(_)) => true,
        (List(left), List(right)) => comparable(left, right),
        (left, right) => left == right,
    }
}

/// The type of a function's result; `None` where it does not take these types.
pub(super) fn function(name: &str, operands: &[Type]) -> Option<Type> {
    use Type::{Any, Boolean, Integer, List, Map, Number, String};
    match (name, operands) {
        ("size", [String | List(_) | Map(_) | Any])
        | ("int", [String | Integer | Number | Any]) => Some(Integer),
        ("double", [String | Integer | Number | Any]) => Some(Number),
        ("string", [String | Integer | Number | Boolean | Any]) => Some(String),
        ("contains" | "startsWith" | "endsWith", [String | Any, String | Any]) => Some(Boolean),
        _ => None,
    }
}

/// What a function takes, in words.
pub(super) fn signature(name: &str) -> &'static str {
    match name {
        "size" => "it takes one string, list or map",
        "int" | "double" => "it takes one string or number",
        "string" => "it takes one string, number or boolean",
        "has" => "it takes a field, as in `has(steps.build.outputs.digest)`",
        _ => "it is asked of a string and takes a string, as in `inputs.tag.startsWith('v')`",
    }
}
