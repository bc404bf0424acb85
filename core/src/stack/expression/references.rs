//! What an expression refers to.

use std::sync::Arc;

use hcl_edit::expr::BinaryOperator;

use super::functions::Run;
use super::names::Key;
use super::syntax::{Expr, Node, Op, OpKind, Part, Source};
use super::template::Expression;
use crate::error::Span;
use crate::kind::Value;

/// A name in an expression, with the steps that follow it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The name: `var`, `each`, that of a resource.
    pub root: Arc<str>,
    /// The steps after the name.
    pub steps: Vec<ReferenceStep>,
    /// Where the name and its steps are written.
    pub span: Span,
    /// Whether the expression can do without it: it stands in `try` or `can`, in a null test, in a branch that a null
    /// test of the same name guards, or before `[*]`, which makes an empty list of null.
    pub guarded: bool,
    /// The conditions under which it is asked for, outermost first, with what each must be.
    pub conditions: Vec<(Expression, bool)>,
}

/// One step of a [`Reference`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceStep {
    /// What is taken.
    pub kind: ReferenceKind,
    /// Where the step is written.
    pub span: Span,
}

/// What a [`ReferenceStep`] takes.
#[derive(Clone, Debug, PartialEq)]
pub enum ReferenceKind {
    /// A part by a key that is written there.
    Key(Key),
    /// A part by a key that is to be computed, such as `[each.key]`.
    Computed(Expression),
    /// A part by a key that is computed with a variable of `for`: any part.
    Any,
}

/// The references of an expression.
pub(super) fn of_expr(expr: &Expr) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.expr(expr);
    walk.found
}

/// The references of the parts of a template.
pub(super) fn of_parts(parts: &[Part]) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.parts(parts);
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Vec<Reference>,
    /// Variables of the `for`s around.
    bound: Vec<Arc<str>>,
    /// How many `try`, `can` and null tests are around.
    guards: usize,
    /// Names that a condition around has tested for null.
    tested: Vec<Arc<str>>,
    conditions: Vec<(Expression, bool)>,
}

impl Walk {
    fn expr(&mut self, expr: &Expr) {
        match &expr.node {
            Node::Literal(_) => {}
            Node::Template(parts) => self.parts(parts),
            Node::List(items) => items.iter().for_each(|item| self.expr(item)),
            Node::Object(entries) => {
                for (key, value) in entries {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Node::Variable(name) => self.reference(name, &[], expr.span),
            Node::Traversal(base, ops) => {
                match &base.node {
                    Node::Variable(name) => self.reference(name, ops, expr.span),
                    _ => self.expr(base),
                }
                for op in ops {
                    if let OpKind::Index(index) = &op.kind {
                        self.expr(index);
                    }
                }
            }
            Node::Conditional(conditional) => {
                let condition = &conditional.condition;
                self.expr(condition);
                self.branch(condition, true, |walk| walk.expr(&conditional.then));
                self.branch(condition, false, |walk| walk.expr(&conditional.otherwise));
            }
            Node::Call(call) => {
                let guard = usize::from(matches!(call.function.run, Run::Attempt(_)));
                self.guards += guard;
                call.arguments.iter().for_each(|argument| self.expr(argument));
                self.guards -= guard;
            }
            Node::Unary(_, operand) => self.expr(operand),
            Node::Binary(operator, sides) => self.binary(*operator, &sides.0, &sides.1),
            Node::For(expr) => self.source(&expr.source, |walk| {
                expr.key.iter().chain(&expr.condition).for_each(|part| walk.expr(part));
                walk.expr(&expr.value);
            }),
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Value(expr) => self.expr(expr),
                Part::If { condition, then, otherwise } => {
                    self.expr(condition);
                    self.branch(condition, true, |walk| walk.parts(then));
                    self.branch(condition, false, |walk| walk.parts(otherwise));
                }
                Part::For { source, body } => self.source(source, |walk| walk.parts(body)),
            }
        }
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr) {
        let tests_null = matches!(operator, BinaryOperator::Eq | BinaryOperator::NotEq)
            && [left, right].iter().any(|side| side.node == Node::Literal(Value::Null));
        self.guards += usize::from(tests_null);
        self.expr(left);
        match operator {
            // The right side is asked for only where the left one does not decide.
            BinaryOperator::And | BinaryOperator::Or => {
                let left = Arc::new(left.clone());
                self.branch(&left, operator == BinaryOperator::And, |walk| walk.expr(right));
            }
            _ => self.expr(right),
        }
        self.guards -= usize::from(tests_null);
    }

    fn source(&mut self, source: &Source, body: impl FnOnce(&mut Self)) {
        self.expr(&source.collection);
        let depth = self.bound.len();
        self.bound.extend(source.key.iter().chain([&source.value]).cloned());
        body(self);
        self.bound.truncate(depth);
    }

    fn branch(&mut self, condition: &Arc<Expr>, holds: bool, body: impl FnOnce(&mut Self)) {
        let depth = self.tested.len();
        not_null(condition, holds, &mut self.tested);
        self.conditions.push((Expression(Arc::clone(condition)), holds));
        body(self);
        self.conditions.pop();
        self.tested.truncate(depth);
    }

    fn reference(&mut self, root: &Arc<str>, ops: &[Op], span: Span) {
        if self.bound.contains(root) {
            return;
        }
        let splat_first =
            matches!(ops.first(), Some(op) if matches!(op.kind, OpKind::AttributeSplat | OpKind::FullSplat));
        let steps = ops.iter().map(|op| ReferenceStep { kind: self.step(&op.kind), span: op.span }).collect();
        self.found.push(Reference {
            root: Arc::clone(root),
            steps,
            span,
            guarded: self.guards > 0 || splat_first || self.tested.contains(root),
            conditions: self.conditions.clone(),
        });
    }

    fn step(&self, op: &OpKind) -> ReferenceKind {
        match op {
            OpKind::Attribute(name) => ReferenceKind::Key(Key::Name(Arc::clone(name))),
            OpKind::AttributeSplat | OpKind::FullSplat => ReferenceKind::Key(Key::Splat),
            OpKind::Index(index) => match &index.node {
                Node::Literal(Value::String(name)) => ReferenceKind::Key(Key::Name(Arc::clone(name))),
                Node::Literal(Value::Number(n)) => match n.as_i64() {
                    Some(n) => ReferenceKind::Key(Key::Index(n)),
                    None => ReferenceKind::Any,
                },
                _ if mentions(index, &self.bound) => ReferenceKind::Any,
                _ => ReferenceKind::Computed(Expression(Arc::clone(index))),
            },
        }
    }
}

/// Adds the names that cannot be null where the condition is `holds`.
fn not_null(condition: &Expr, holds: bool, names: &mut Vec<Arc<str>>) {
    match &condition.node {
        Node::Binary(BinaryOperator::And, sides) if holds => {
            not_null(&sides.0, true, names);
            not_null(&sides.1, true, names);
        }
        Node::Binary(BinaryOperator::Or, sides) if !holds => {
            not_null(&sides.0, false, names);
            not_null(&sides.1, false, names);
        }
        Node::Unary(hcl_edit::expr::UnaryOperator::Not, inner) => not_null(inner, !holds, names),
        Node::Binary(operator @ (BinaryOperator::Eq | BinaryOperator::NotEq), sides)
            if holds == (*operator == BinaryOperator::NotEq) =>
        {
            for (side, other) in [(&sides.0, &sides.1), (&sides.1, &sides.0)] {
                if let (Node::Variable(name), Node::Literal(Value::Null)) = (&side.node, &other.node) {
                    names.push(Arc::clone(name));
                }
            }
        }
        _ => {}
    }
}

/// Whether the expression mentions one of the variables.
fn mentions(expr: &Expr, bound: &[Arc<str>]) -> bool {
    of_expr(expr).iter().any(|reference| bound.contains(&reference.root))
}

#[cfg(test)]
#[path = "references_tests.rs"]
mod tests;
