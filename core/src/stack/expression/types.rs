//! Types as variables declare them: `object({min = number, max = optional(number, 3)})`.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, Object, ObjectKey};

use super::convert::convert;
use super::eval::{Evaluation, Outcome, fail};
use super::files::Files;
use super::names::{Found, Names, Step};
use super::place::Place;
use super::suggest::nearest;
use super::{lower, parse};
use crate::error::{Problem, Span};
use crate::kind::{Field, Shape, Value};

const TYPES: [&str; 10] = ["any", "bool", "number", "string", "list", "set", "map", "tuple", "object", "optional"];

/// Reads a type as Terraform writes it; a bare `list`, `set` or `map` is one of `any`.
pub fn parse_shape(text: &str, place: &Place) -> Result<Shape, Vec<Problem>> {
    // Positions count from where the type begins; space before it would shift them.
    let (place, text) = match text.trim_start() {
        trimmed if trimmed.len() == text.len() => (place.clone(), text),
        trimmed => (Place::whole(place.span()), trimmed),
    };
    let expr = parse::expression(text.trim_end(), &place).map_err(|problem| vec![problem])?;
    shape(&expr, &place).map_err(|problem| vec![*problem])
}

fn shape(expr: &Expression, place: &Place) -> Outcome<Shape> {
    let span = expr.span().map_or(place.span(), |bytes| place.at(bytes));
    match expr {
        Expression::Variable(name) => simple(name.as_str(), span),
        Expression::Parenthesis(inner) => shape(inner.inner(), place),
        // A type may stand in quotes, as it did in older Terraform.
        Expression::String(name) => simple(name.as_str(), span),
        Expression::FuncCall(call) => constructor(call, place, span),
        _ => Err(fail("this is not a type", span)),
    }
}

fn simple(name: &str, span: Span) -> Outcome<Shape> {
    let any = || Box::new(Shape::Any);
    Ok(match name {
        "any" => Shape::Any,
        "bool" => Shape::Bool,
        "number" => Shape::Number,
        "string" => Shape::String,
        "list" => Shape::List(any()),
        "set" => Shape::Set(any()),
        "map" => Shape::Map(any()),
        _ => return Err(unknown_type(name, span)),
    })
}

fn unknown_type(name: &str, span: Span) -> Box<Problem> {
    let problem = Problem::error(format!("there is no type `{name}`")).at(span);
    Box::new(match (name, nearest(name, TYPES)) {
        ("tuple", _) => problem.hint("Write `tuple([string, number])`."),
        ("object", _) => problem.hint("Write `object({name = string})`."),
        ("boolean", _) => problem.hint("Did you mean `bool`?"),
        ("int" | "integer" | "float", _) => problem.hint("Did you mean `number`?"),
        ("str" | "text", _) => problem.hint("Did you mean `string`?"),
        (_, Some(near)) => problem.hint(format!("Did you mean `{near}`?")),
        _ => problem
            .hint("The types are any, bool, number, string, list(…), set(…), map(…), tuple([…]) and object({…})."),
    })
}

fn constructor(call: &FuncCall, place: &Place, span: Span) -> Outcome<Shape> {
    let name = call.name.name.as_str();
    let argument = match (call.args.iter().next(), call.args.len()) {
        (Some(argument), 1) if !call.args.expand_final() => argument,
        _ if name == "optional" => return Err(misplaced_optional(span)),
        _ if TYPES.contains(&name) => return Err(fail(format!("`{name}` takes exactly one type"), span)),
        _ => return Err(unknown_type(name, span)),
    };
    match (name, argument) {
        ("list", item) => Ok(Shape::List(Box::new(shape(item, place)?))),
        ("set", item) => Ok(Shape::Set(Box::new(shape(item, place)?))),
        ("map", item) => Ok(Shape::Map(Box::new(shape(item, place)?))),
        ("tuple", Expression::Array(items)) => {
            Ok(Shape::Tuple(items.iter().map(|item| shape(item, place)).collect::<Outcome<_>>()?))
        }
        ("object", Expression::Object(fields)) => Ok(Shape::Object(object(fields, place)?)),
        ("tuple", _) => Err(fail("`tuple` takes a list of types: `tuple([string, number])`", span)),
        ("object", _) => Err(fail("`object` takes a mapping of types: `object({name = string})`", span)),
        ("optional", _) => Err(misplaced_optional(span)),
        _ => Err(unknown_type(name, span)),
    }
}

fn misplaced_optional(span: Span) -> Box<Problem> {
    fail("`optional` stands only for an attribute of an object: `object({a = optional(string)})`", span)
}

fn object(object: &Object, place: &Place) -> Outcome<BTreeMap<String, Field>> {
    let mut fields = BTreeMap::new();
    for (key, value) in object {
        let name = match key {
            ObjectKey::Ident(name) => name.as_str(),
            ObjectKey::Expression(Expression::String(name)) => name.as_str(),
            ObjectKey::Expression(other) => {
                let span = other.span().map_or(place.span(), |bytes| place.at(bytes));
                return Err(fail("the name of an attribute is a plain word", span));
            }
        };
        fields.insert(name.to_owned(), field(value.expr(), place)?);
    }
    Ok(fields)
}

fn field(expr: &Expression, place: &Place) -> Outcome<Field> {
    let Expression::FuncCall(call) = expr else {
        return Ok(Field { shape: shape(expr, place)?, default: None });
    };
    if call.name.name.as_str() != "optional" {
        return Ok(Field { shape: shape(expr, place)?, default: None });
    }
    let mut arguments = call.args.iter();
    let span = expr.span().map_or(place.span(), |bytes| place.at(bytes));
    let (Some(item), default, None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err(fail("`optional` takes a type and perhaps a default", span));
    };
    let shape = shape(item, place)?;
    let default = match default {
        None => Value::Null,
        Some(default) => {
            let span = default.span().map_or(place.span(), |bytes| place.at(bytes));
            let lowered = lower::expression(default, place).map_err(|mut problems| Box::new(problems.remove(0)))?;
            let value = Evaluation::new(&Nothing, &Files::none()).expr(&lowered, None)?;
            convert(&value, &shape).map_err(|m| fail(format!("the default does not fit its type: {m}"), span))?
        }
    };
    Ok(Field { shape, default: Some(default) })
}

/// Defaults of attributes are constants.
struct Nothing;

impl Names for Nothing {
    fn get(&self, _: &str, _: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        Err(fail("a default is a constant: it cannot refer to anything", span))
    }
}

#[cfg(test)]
#[path = "types_tests.rs"]
mod tests;
