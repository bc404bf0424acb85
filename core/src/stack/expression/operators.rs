//! Operators, and when their result is known.

use hcl_edit::expr::{BinaryOperator, UnaryOperator};

use super::convert;
use super::eval::{Evaluation, Marks, Outcome, Scope, fail, truth};
use super::syntax::Expr;
use crate::error::Span;
use crate::kind::{Number, Shape, Value};

/// `!x`, `-x`.
pub(super) fn unary(operator: UnaryOperator, operand: &Value) -> Result<Value, String> {
    let mut marks = Marks::default();
    let value = marks.take(operand);
    let shape = match operator {
        UnaryOperator::Not => Shape::Bool,
        UnaryOperator::Neg => Shape::Number,
    };
    let result = match (value, operator) {
        (Value::Unknown(_), _) => Value::Null,
        (value, UnaryOperator::Not) => Value::Bool(!convert::truth(value)?),
        (value, UnaryOperator::Neg) => Value::Number(match convert::number(value)? {
            Number::Int(n) => n.checked_neg().map_or_else(|| Number::from_f64(-Number::Int(n).as_f64()), Number::Int),
            Number::Float(n) => Number::from_f64(-n),
        }),
    };
    Ok(marks.finish(result, || shape))
}

/// `a + b`, `a == b`, `a && b` and the like.
pub(super) fn binary(
    evaluation: &Evaluation<'_>,
    operator: BinaryOperator,
    sides: &(Expr, Expr),
    span: Span,
    scope: Option<&Scope<'_>>,
) -> Outcome {
    use BinaryOperator as Op;
    let (left, right) = sides;
    if let Op::And | Op::Or = operator {
        return logic(evaluation, operator == Op::Or, left, right, scope);
    }
    let values = (evaluation.expr(left, scope)?, evaluation.expr(right, scope)?);
    let mut marks = Marks::default();
    if let Op::Eq | Op::NotEq = operator {
        marks.sensitive = values.0.has_sensitive() || values.1.has_sensitive();
        let Some(same) = equal(&values.0, &values.1) else {
            marks.take_all(&values.0);
            marks.take_all(&values.1);
            return Ok(marks.finish(Value::Null, || Shape::Bool));
        };
        return Ok(marks.finish(Value::Bool(same == (operator == Op::Eq)), || Shape::Bool));
    }
    let compares = matches!(operator, Op::Less | Op::LessEq | Op::Greater | Op::GreaterEq);
    let mut numbers = [None, None];
    for ((value, expr), number) in [(&values.0, left), (&values.1, right)].into_iter().zip(&mut numbers) {
        match marks.take(value) {
            Value::Unknown(unknown) if !convert::can_be(&unknown.shape, &Shape::Number) => {
                let message = format!("`{operator}` needs numbers, not a value of type {}", unknown.shape);
                return Err(fail(message, expr.span));
            }
            Value::Unknown(_) => {}
            value => {
                let found = convert::number(value);
                *number = Some(found.map_err(|m| fail(format!("`{operator}` needs numbers: {m}"), expr.span))?);
            }
        }
    }
    let [Some(a), Some(b)] = numbers else {
        return Ok(marks.finish(Value::Null, || if compares { Shape::Bool } else { Shape::Number }));
    };
    let result = match operator {
        Op::Less => Value::Bool(a < b),
        Op::LessEq => Value::Bool(a <= b),
        Op::Greater => Value::Bool(a > b),
        Op::GreaterEq => Value::Bool(a >= b),
        _ => Value::Number(arithmetic(operator, a, b).map_err(|message| fail(message, span))?),
    };
    Ok(marks.finish(result, || Shape::Any))
}

/// `&&` and `||`: the left side alone decides where it can, and so does the right one where the left is unknown.
fn logic(evaluation: &Evaluation<'_>, or: bool, left: &Expr, right: &Expr, scope: Option<&Scope<'_>>) -> Outcome {
    let mut marks = Marks::default();
    let value = evaluation.expr(left, scope)?;
    match marks.take(&value) {
        Value::Unknown(_) => {}
        value if truth(value, left.span)? == or => return Ok(marks.finish(Value::Bool(or), || Shape::Bool)),
        _ => {}
    }
    let decided = !marks.unknown;
    let right = evaluation.expr(right, scope).and_then(|value| match marks.take(&value) {
        Value::Unknown(_) => Ok(None),
        value => truth(value, right.span).map(Some),
    });
    let right = match right {
        Ok(right) => right,
        Err(problem) if decided => return Err(problem),
        // Whether the right side is asked at all is not known yet.
        Err(_) => None,
    };
    if right == Some(or) {
        marks.unknown = false;
    }
    Ok(marks.finish(Value::Bool(right == Some(true)), || Shape::Bool))
}

/// Whether two values are the same, sensitive marks aside; `None` where what is unknown decides.
pub(super) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a.reveal(), b.reveal()) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b.iter()).map(|(a, b)| equal(a, b)))
        }
        (Value::Map(a), Value::Map(b)) => {
            if !a.keys().eq(b.keys()) {
                return Some(false);
            }
            all(a.values().zip(b.values()).map(|(a, b)| equal(a, b)))
        }
        (a, b) => Some(a == b),
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

fn arithmetic(operator: BinaryOperator, a: Number, b: Number) -> Result<Number, String> {
    use BinaryOperator as Op;
    let whole = match (a, b, operator) {
        (Number::Int(a), Number::Int(b), Op::Plus) => a.checked_add(b),
        (Number::Int(a), Number::Int(b), Op::Minus) => a.checked_sub(b),
        (Number::Int(a), Number::Int(b), Op::Mul) => a.checked_mul(b),
        (Number::Int(a), Number::Int(b), Op::Div) if b != 0 && a.checked_rem(b) == Some(0) => a.checked_div(b),
        (Number::Int(a), Number::Int(b), Op::Mod) => a.checked_rem(b),
        _ => None,
    };
    if let Some(whole) = whole {
        return Ok(Number::Int(whole));
    }
    if let (Number::Int(_), Number::Int(_), Op::Plus | Op::Minus | Op::Mul) = (a, b, operator) {
        return Err("the number is too large".to_owned());
    }
    let (a, b) = (a.as_f64(), b.as_f64());
    let result = match operator {
        Op::Plus => decimal(a + b),
        Op::Minus => decimal(a - b),
        Op::Mul => decimal(a * b),
        Op::Div | Op::Mod if b == 0.0 => return Err("division by zero".to_owned()),
        Op::Div => a / b,
        Op::Mod => decimal(a % b),
        _ => return Err(format!("`{operator}` does not compute a number")),
    };
    if result.is_finite() { Ok(Number::from_f64(result)) } else { Err("the number is too large".to_owned()) }
}

/// Rounds to the 15 digits that a double carries faithfully, so that `0.1 + 0.2` is `0.3`, as it is in Terraform.
pub(super) fn decimal(n: f64) -> f64 {
    format!("{n:.14e}").parse().unwrap_or(n)
}
