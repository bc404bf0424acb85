//! The tree of an expression, with the place of every node in the stack file.

use std::sync::Arc;

use hcl_edit::expr::{BinaryOperator, UnaryOperator};

use super::functions::Function;
use crate::error::Span;
use crate::kind::Value;

/// An expression. Two are equal where they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) span: Span,
    pub(super) node: Node,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Literal(Value),
    /// A string with `${…}` or `%{…}` in it.
    Template(Vec<Part>),
    List(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    Variable(Arc<str>),
    Traversal(Box<Expr>, Vec<Op>),
    Conditional(Box<Conditional>),
    Call(Box<Call>),
    Unary(UnaryOperator, Box<Expr>),
    Binary(BinaryOperator, Box<(Expr, Expr)>),
    For(Box<For>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(Arc<str>),
    Value(Expr),
    If { condition: Arc<Expr>, then: Vec<Part>, otherwise: Vec<Part> },
    For { source: Source, body: Vec<Part> },
}

/// `key, value in collection`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source {
    pub(super) key: Option<Arc<str>>,
    pub(super) value: Arc<str>,
    pub(super) collection: Expr,
}

/// A step of a traversal.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) span: Span,
    pub(super) kind: OpKind,
}

impl PartialEq for Op {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum OpKind {
    Attribute(Arc<str>),
    Index(Arc<Expr>),
    /// `.*`: takes the attributes that follow of each item.
    AttributeSplat,
    /// `[*]`: takes everything that follows of each item.
    FullSplat,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conditional {
    pub(super) condition: Arc<Expr>,
    pub(super) then: Expr,
    pub(super) otherwise: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) arguments: Vec<Expr>,
    /// The last argument is a list of arguments (`...`).
    pub(super) expand: bool,
}

/// `[for …]` or `{for …}`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct For {
    pub(super) source: Source,
    /// Present in `{for …}`.
    pub(super) key: Option<Expr>,
    pub(super) value: Expr,
    /// `...`: the values of equal keys are gathered in lists.
    pub(super) group: bool,
    pub(super) condition: Option<Expr>,
}
