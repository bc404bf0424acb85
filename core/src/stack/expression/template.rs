//! The text of one scalar of a stack file, read as a template.

use std::sync::Arc;

use hcl_edit::expr::BinaryOperator;

use super::eval::{Evaluation, Outcome};
use super::files::Files;
use super::names::Names;
use super::place::Place;
use super::references::{self, Reference};
use super::syntax::{Expr, Node, Part};
use super::{lower, parse};
use crate::error::{Problem, Span};
use crate::kind::Value;

/// The text of one scalar: literal text, one `${…}` that keeps the type of its value, or a mixture that makes text.
#[derive(Clone, Debug)]
pub struct Template {
    span: Span,
    content: Content,
}

/// Two templates are equal where they say the same, wherever they stand.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Content {
    Text(Arc<str>),
    Expression(Expression),
    Mixture(Vec<Part>),
}

/// An expression inside a template, cheap to clone.
#[derive(Clone, Debug)]
pub struct Expression(pub(super) Arc<Expr>);

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Expression {
    /// Where it is written.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Every name that the expression asks for, in the order of the text.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        references::of_expr(&self.0)
    }

    /// The expressions that it joins with `&&`: itself where it joins none.
    #[must_use]
    pub fn conjuncts(&self) -> Vec<Self> {
        match &self.0.node {
            Node::Binary(BinaryOperator::And, sides) => {
                [&sides.0, &sides.1].into_iter().flat_map(|side| Self(Arc::new(side.clone())).conjuncts()).collect()
            }
            _ => vec![self.clone()],
        }
    }

    /// The value of the expression; a problem where it has none.
    pub fn evaluate(&self, names: &dyn Names, files: &Files) -> Result<Value, Box<Problem>> {
        Evaluation::new(names, files).expr(&self.0, None)
    }
}

impl Template {
    /// Reads the text of a scalar. Gives every problem that can be told without knowing any name.
    pub fn parse(text: &str, place: &Place) -> Result<Self, Vec<Problem>> {
        let span = place.span();
        if !text.contains("${") && !text.contains("%{") {
            return Ok(Self { span, content: Content::Text(text.into()) });
        }
        let elements = parse::template(text, place).map_err(|problem| vec![problem])?;
        let parts = lower::template(&elements, place)?;
        let content = match sole(parts) {
            Ok(expr) => Content::Expression(Expression(Arc::new(expr))),
            Err(parts) => match parts.as_slice() {
                [] => Content::Text("".into()),
                [Part::Text(text)] => Content::Text(Arc::clone(text)),
                _ => Content::Mixture(parts),
            },
        };
        Ok(Self { span, content })
    }

    /// Where the scalar stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The text of a template that asks for nothing (`$${` is `${` in it already); `None` for any other.
    #[must_use]
    pub fn literal(&self) -> Option<&Arc<str>> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The expression of a template that is exactly one `${…}`; `None` for any other.
    #[must_use]
    pub fn expression(&self) -> Option<&Expression> {
        match &self.content {
            Content::Expression(expression) => Some(expression),
            _ => None,
        }
    }

    /// Every name that the template asks for, those in nested strings and in branches not taken included, in the
    /// order of the text.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        match &self.content {
            Content::Text(_) => Vec::new(),
            Content::Expression(expression) => references::of_expr(&expression.0),
            Content::Mixture(parts) => references::of_parts(parts),
        }
    }

    /// The value of the template; a problem where it has none.
    pub fn evaluate(&self, names: &dyn Names, files: &Files) -> Result<Value, Box<Problem>> {
        let evaluation = Evaluation::new(names, files);
        match &self.content {
            Content::Text(text) => Ok(Value::String(Arc::clone(text))),
            Content::Expression(expression) => evaluation.expr(&expression.0, None),
            Content::Mixture(parts) => evaluation.parts(parts, None),
        }
    }

    /// The parts, for a file that `templatefile` renders: always text.
    pub(super) fn render(&self, evaluation: &Evaluation<'_>) -> Outcome {
        match &self.content {
            Content::Text(text) => Ok(Value::String(Arc::clone(text))),
            Content::Expression(expression) => evaluation.parts(&[Part::Value(Expr::clone(&expression.0))], None),
            Content::Mixture(parts) => evaluation.parts(parts, None),
        }
    }
}

/// The expression, where there is just one `${…}` with at most the line breaks of a block scalar around it.
fn sole(mut parts: Vec<Part>) -> Result<Expr, Vec<Part>> {
    let around = |part: &Part| match part {
        Part::Text(text) => text.contains('\n') && text.chars().all(char::is_whitespace),
        _ => false,
    };
    let place = match parts.as_slice() {
        [Part::Value(_)] => 0,
        [Part::Value(_), after] if around(after) => 0,
        [before, Part::Value(_)] if around(before) => 1,
        [before, Part::Value(_), after] if around(before) && around(after) => 1,
        _ => return Err(parts),
    };
    match parts.swap_remove(place) {
        Part::Value(expr) => Ok(expr),
        other => Err(vec![other]),
    }
}
