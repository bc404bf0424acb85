//! Evaluation: from the tree of an expression to its value.
//!
//! Two marks travel along. What is *unknown* makes unknown what is computed from it, unless the other operand
//! decides; what is *sensitive* marks what is computed from it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::files::Files;
use super::names::Names;
use super::syntax::{Conditional, Expr, Node, Part};
use super::{comprehend, convert, functions, operators, traverse};
use crate::error::{Problem, Span};
use crate::kind::{Map, Shape, Unknown, Value};

/// A value, or why there is none.
pub(super) type Outcome<T = Value> = Result<T, Box<Problem>>;

/// One evaluation of one template.
pub(super) struct Evaluation<'a> {
    pub(super) names: &'a dyn Names,
    pub(super) files: &'a Files,
    /// Whether this is the inside of a file that `templatefile` renders.
    pub(super) in_file: bool,
    /// The marks of the values that were met so far. `try` and `can` read it: an expression that met an unknown value
    /// may yet fail once it is known, even where its own value is known; and that it failed tells of the sensitive
    /// values it met.
    met: RefCell<Marks>,
}

/// A variable of `for`, and those around it.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn find(scope: Option<&'a Self>, name: &str) -> Option<&'a Value> {
        std::iter::successors(scope, |scope| scope.outer).find(|scope| scope.name == name).map(|scope| scope.value)
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(names: &'a dyn Names, files: &'a Files) -> Self {
        Self { names, files, in_file: false, met: RefCell::default() }
    }

    /// The evaluation of a file that `templatefile` renders with the given variables.
    pub(super) fn of_file(names: &'a dyn Names, files: &'a Files) -> Self {
        Self { in_file: true, ..Self::new(names, files) }
    }

    pub(super) fn expr(&self, expr: &Expr, scope: Option<&Scope<'_>>) -> Outcome {
        match &expr.node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Template(parts) => self.parts(parts, scope),
            Node::List(items) => {
                Ok(Value::list(items.iter().map(|item| self.expr(item, scope)).collect::<Outcome<Vec<_>>>()?))
            }
            Node::Object(entries) => self.object(entries, scope),
            Node::Variable(name) => traverse::variable(self, name, &[], expr.span, scope),
            Node::Traversal(base, ops) => match &base.node {
                Node::Variable(name) => traverse::variable(self, name, ops, base.span, scope),
                _ => traverse::apply(self, self.expr(base, scope)?, ops, scope),
            },
            Node::Conditional(conditional) => self.conditional(conditional, scope),
            Node::Call(call) => functions::call(self, call, expr.span, scope),
            Node::Unary(operator, operand) => {
                operators::unary(*operator, &self.expr(operand, scope)?).map_err(|m| fail(m, operand.span))
            }
            Node::Binary(operator, sides) => operators::binary(self, *operator, sides, expr.span, scope),
            Node::For(expr) => comprehend::evaluate(self, expr, scope),
        }
    }

    fn object(&self, entries: &[(Expr, Expr)], scope: Option<&Scope<'_>>) -> Outcome {
        let mut map = Map::new();
        let mut marks = Marks::default();
        for (key, value) in entries {
            let name = marks.take(&self.expr(key, scope)?).clone();
            let value = self.expr(value, scope)?;
            match name {
                Value::Unknown(_) => marks.waits.extend(value.waits_for()),
                name => {
                    let name = convert::text(&name).map_err(|m| fail(format!("a key must be text: {m}"), key.span))?;
                    map.insert(name.to_string(), value);
                }
            }
        }
        Ok(marks.finish(Value::from(map), || Shape::Map(Box::new(Shape::Any))))
    }

    /// The text of the parts of a template.
    pub(super) fn parts(&self, parts: &[Part], scope: Option<&Scope<'_>>) -> Outcome {
        let mut text = String::new();
        let mut marks = Marks::default();
        self.append(&mut text, &mut marks, parts, scope)?;
        Ok(marks.finish(Value::from(text), || Shape::String))
    }

    pub(super) fn append(
        &self,
        text: &mut String,
        marks: &mut Marks,
        parts: &[Part],
        scope: Option<&Scope<'_>>,
    ) -> Outcome<()> {
        for part in parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value(expr) => match marks.take(&self.expr(expr, scope)?) {
                    Value::Unknown(_) => {}
                    Value::Null => {
                        let hint = "Put a value in its place with `coalesce`, or leave the whole attribute out with a conditional.";
                        return Err(fail_with("null cannot be put into text", expr.span, hint));
                    }
                    value => text.push_str(&convert::text(value).map_err(|m| {
                        let message = format!("this cannot be put into text: {m}");
                        fail_with(message, expr.span, "Use `jsonencode`, `join` or an index.")
                    })?),
                },
                Part::If { condition, then, otherwise } => {
                    let value = self.expr(condition, scope)?;
                    let branch = match marks.take(&value) {
                        Value::Unknown(_) => continue,
                        value => truth(value, condition.span)?,
                    };
                    self.append(text, marks, if branch { then } else { otherwise }, scope)?;
                }
                Part::For { source, body } => comprehend::append(self, text, marks, source, body, scope)?,
            }
        }
        Ok(())
    }

    fn conditional(&self, conditional: &Conditional, scope: Option<&Scope<'_>>) -> Outcome {
        let condition = self.expr(&conditional.condition, scope)?;
        let chosen = match condition.reveal() {
            Value::Unknown(unknown) => return Ok(self.undecided(unknown, &condition, conditional, scope)),
            value => truth(value, conditional.condition.span)?,
        };
        let value = self.expr(if chosen { &conditional.then } else { &conditional.otherwise }, scope)?;
        Ok(mark_like(&condition, value))
    }

    /// The value of a conditional whose condition is not known: its branches are only looked at for what they would
    /// look like and wait for. Problems in them are those of a later evaluation.
    fn undecided(
        &self,
        unknown: &Unknown,
        condition: &Value,
        conditional: &Conditional,
        scope: Option<&Scope<'_>>,
    ) -> Value {
        let mut waits_for = unknown.waits_for.clone();
        let mut shapes = Vec::new();
        let mut sensitive = matches!(condition, Value::Sensitive(_));
        for branch in [&conditional.then, &conditional.otherwise] {
            match self.expr(branch, scope) {
                Ok(value) => {
                    waits_for.extend(value.waits_for());
                    sensitive |= value.has_sensitive();
                    shapes.push(convert::shape_of(&value));
                }
                Err(_) => shapes.push(Shape::Any),
            }
        }
        let shape = match (shapes.pop(), shapes.pop()) {
            (Some(a), Some(b)) if a == b => a,
            _ => Shape::Any,
        };
        let value = Value::Unknown(Arc::new(Unknown { shape, waits_for }));
        if sensitive { value.sensitive() } else { value }
    }

    /// Notes that a value was met, for `try` and `can`.
    pub(super) fn meet(&self, value: &Value) {
        self.met.borrow_mut().take_all(value);
    }

    /// Notes that a value was met whose parts did not matter.
    pub(super) fn meet_itself(&self, value: &Value) {
        self.met.borrow_mut().take(value);
    }

    /// Runs `evaluate` and gives, beside its result, the marks of the values that it met.
    pub(super) fn watched<T>(&self, evaluate: impl FnOnce() -> T) -> (T, Marks) {
        let before = self.met.take();
        let result = evaluate();
        let met = self.met.replace(before);
        self.met.borrow_mut().join(met.clone());
        (result, met)
    }
}

/// What several operands lend to what is computed from them.
#[derive(Clone, Default)]
pub(super) struct Marks {
    pub(super) sensitive: bool,
    pub(super) unknown: bool,
    pub(super) waits: BTreeSet<String>,
}

impl Marks {
    /// Takes the marks of an operand; gives the operand without its own sensitive mark.
    pub(super) fn take<'v>(&mut self, value: &'v Value) -> &'v Value {
        self.sensitive |= matches!(value, Value::Sensitive(_));
        let revealed = value.reveal();
        if let Value::Unknown(unknown) = revealed {
            self.unknown = true;
            self.waits.extend(unknown.waits_for.iter().cloned());
        }
        revealed
    }

    /// Takes the marks of an operand and of all that is inside it.
    pub(super) fn take_all(&mut self, value: &Value) {
        self.sensitive |= value.has_sensitive();
        if !value.is_known() {
            self.unknown = true;
            self.waits.extend(value.waits_for());
        }
    }

    /// Takes the marks of other operands.
    pub(super) fn join(&mut self, other: Self) {
        self.sensitive |= other.sensitive;
        self.unknown |= other.unknown;
        self.waits.extend(other.waits);
    }

    /// Lends the marks to a value; where an operand was unknown, the value is unknown, and of that shape.
    pub(super) fn finish(self, value: Value, shape: impl FnOnce() -> Shape) -> Value {
        let value = if self.unknown {
            Value::Unknown(Arc::new(Unknown { shape: shape(), waits_for: self.waits }))
        } else {
            value
        };
        if self.sensitive { value.sensitive() } else { value }
    }
}

/// Marks `value` as sensitive where `origin` itself is.
pub(super) fn mark_like(origin: &Value, value: Value) -> Value {
    if matches!(origin, Value::Sensitive(_)) { value.sensitive() } else { value }
}

/// The truth of a condition.
pub(super) fn truth(value: &Value, span: Span) -> Outcome<bool> {
    convert::truth(value).map_err(|message| fail(format!("a condition must be true or false: {message}"), span))
}

/// A problem at a place.
pub(super) fn fail(message: impl Into<String>, span: Span) -> Box<Problem> {
    Box::new(Problem::error(message).at(span))
}

/// A problem at a place, with a way out.
pub(super) fn fail_with(message: impl Into<String>, span: Span, hint: impl Into<String>) -> Box<Problem> {
    Box::new(Problem::error(message).at(span).hint(hint))
}
