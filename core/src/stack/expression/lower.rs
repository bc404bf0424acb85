//! From hcl-edit's tree to ours: places in the stack file, functions looked up, space stripped where `~` says so.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ForExpr, FuncCall, Object, ObjectKey, TraversalOperator};
use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Template};

use super::functions;
use super::place::Place;
use super::syntax::{Call, Conditional, Expr, For, Node, Op, OpKind, Part, Source};
use crate::error::{Problem, Span};
use crate::kind::{Number, Value};

/// Lowers a template; gives all problems in it at once.
pub(super) fn template(template: &Template, place: &Place) -> Result<Vec<Part>, Vec<Problem>> {
    let mut lower = Lower { place, problems: Vec::new() };
    let parts = lower.template(template, false, false);
    if lower.problems.is_empty() { Ok(parts) } else { Err(lower.problems) }
}

/// Lowers an expression; gives all problems in it at once.
pub(super) fn expression(expr: &Expression, place: &Place) -> Result<Expr, Vec<Problem>> {
    let mut lower = Lower { place, problems: Vec::new() };
    let expr = lower.expr(expr);
    if lower.problems.is_empty() { Ok(expr) } else { Err(lower.problems) }
}

/// The most splats in one traversal: each is a level of evaluation.
const MOST_SPLATS: usize = 8;

struct Lower<'a> {
    place: &'a Place,
    problems: Vec<Problem>,
}

impl Lower<'_> {
    fn span(&self, bytes: Option<Range<usize>>) -> Span {
        bytes.map_or(self.place.span(), |bytes| self.place.at(bytes))
    }

    fn expr(&mut self, expr: &Expression) -> Expr {
        let span = self.span(expr.span());
        let node = match expr {
            Expression::Null(_) => Node::Literal(Value::Null),
            Expression::Bool(b) => Node::Literal(Value::Bool(*b.value())),
            Expression::Number(n) => Node::Literal(number(n.value())),
            Expression::String(s) => Node::Literal(Value::from(s.value().as_str())),
            Expression::Array(array) => Node::List(array.iter().map(|item| self.expr(item)).collect()),
            Expression::Object(object) => Node::Object(self.object(object)),
            Expression::StringTemplate(template) => {
                string(self.elements(template.iter(), template.len(), false, false))
            }
            Expression::HeredocTemplate(heredoc) => string(self.template(&heredoc.template, false, false)),
            // Parentheses only group; the place is that of what they hold, so that messages point at it.
            Expression::Parenthesis(inner) => return self.expr(inner.inner()),
            Expression::Variable(name) => Node::Variable(name.as_str().into()),
            Expression::Conditional(conditional) => Node::Conditional(Box::new(Conditional {
                condition: Arc::new(self.expr(&conditional.cond_expr)),
                then: self.expr(&conditional.true_expr),
                otherwise: self.expr(&conditional.false_expr),
            })),
            Expression::FuncCall(call) => self.call(call, span),
            Expression::Traversal(traversal) => {
                let base = self.expr(&traversal.expr);
                let ops: Vec<_> = traversal.operators.iter().map(|op| self.op(op.value(), op.span())).collect();
                let splats = ops.iter().filter(|op| matches!(op.kind, OpKind::AttributeSplat | OpKind::FullSplat));
                if splats.count() > MOST_SPLATS {
                    self.problems
                        .push(Problem::error(format!("more than {MOST_SPLATS} splats follow each other")).at(span));
                }
                Node::Traversal(Box::new(base), ops)
            }
            Expression::UnaryOp(op) => Node::Unary(*op.operator.value(), Box::new(self.expr(&op.expr))),
            Expression::BinaryOp(op) => {
                let sides = (self.expr(&op.lhs_expr), self.expr(&op.rhs_expr));
                Node::Binary(*op.operator.value(), Box::new(sides))
            }
            Expression::ForExpr(expr) => self.for_expr(expr),
        };
        Expr { span, node }
    }

    fn object(&mut self, object: &Object) -> Vec<(Expr, Expr)> {
        let mut entries = Vec::with_capacity(object.len());
        for (key, value) in object {
            let key = match key {
                ObjectKey::Ident(name) => {
                    Expr { span: self.span(name.span()), node: Node::Literal(Value::from(name.as_str())) }
                }
                ObjectKey::Expression(expr) => self.expr(expr),
            };
            entries.push((key, self.expr(value.expr())));
        }
        entries
    }

    fn op(&mut self, op: &TraversalOperator, bytes: Option<Range<usize>>) -> Op {
        let kind = match op {
            TraversalOperator::AttrSplat(_) => OpKind::AttributeSplat,
            TraversalOperator::FullSplat(_) => OpKind::FullSplat,
            TraversalOperator::GetAttr(name) => OpKind::Attribute(name.as_str().into()),
            TraversalOperator::Index(index) => OpKind::Index(Arc::new(self.expr(index))),
            TraversalOperator::LegacyIndex(index) => {
                let index = i64::try_from(*index.value()).unwrap_or(i64::MAX);
                let node = Node::Literal(Value::from(index));
                OpKind::Index(Arc::new(Expr { span: self.span(bytes.clone()), node }))
            }
        };
        Op { span: self.span(bytes), kind }
    }

    fn call(&mut self, call: &FuncCall, span: Span) -> Node {
        let arguments: Vec<_> = call.args.iter().map(|argument| self.expr(argument)).collect();
        let expand = call.args.expand_final();
        let name = call.name.name.as_str();
        let place = self.span(call.name.name.span());
        let found = if call.name.is_namespaced() {
            Err(Problem::error("providers' functions do not exist in clefctl").at(place))
        } else {
            functions::find(name, place)
        };
        match found.and_then(|function| function.check_count(arguments.len(), expand, span).map(|()| function)) {
            Ok(function) => Node::Call(Box::new(Call { function, arguments, expand })),
            Err(problem) => {
                self.problems.push(problem);
                Node::Literal(Value::Null)
            }
        }
    }

    fn for_expr(&mut self, expr: &ForExpr) -> Node {
        let intro = &expr.intro;
        Node::For(Box::new(For {
            source: Source {
                key: intro.key_var.as_ref().map(|name| name.as_str().into()),
                value: intro.value_var.as_str().into(),
                collection: self.expr(&intro.collection_expr),
            },
            key: expr.key_expr.as_ref().map(|key| self.expr(key)),
            value: self.expr(&expr.value_expr),
            group: expr.grouping,
            condition: expr.cond.as_ref().map(|condition| self.expr(&condition.expr)),
        }))
    }

    fn template(&mut self, template: &Template, strip_first: bool, strip_last: bool) -> Vec<Part> {
        self.elements(template.iter(), template.len(), strip_first, strip_last)
    }

    /// Lowers the elements of a template. `strip_first` and `strip_last`: whether the marks around the template
    /// take the space at its very beginning and end away.
    fn elements<'e>(
        &mut self,
        elements: impl Iterator<Item = &'e Element>,
        count: usize,
        strip_first: bool,
        strip_last: bool,
    ) -> Vec<Part> {
        let mut parts = Vec::with_capacity(count);
        let mut elements = elements.peekable();
        let mut strip_before = strip_first;
        while let Some(element) = elements.next() {
            let strip_after = elements.peek().map_or(strip_last, |next| strips(next).0);
            match element {
                Element::Literal(text) => {
                    let mut text = text.value().as_str();
                    if strip_before {
                        text = text.trim_start();
                    }
                    if strip_after {
                        text = text.trim_end();
                    }
                    if !text.is_empty() {
                        parts.push(Part::Text(text.into()));
                    }
                }
                Element::Interpolation(interpolation) => {
                    let expr = self.expr(&interpolation.expr);
                    if count > 1
                        && let Node::Literal(Value::Number(n)) = &expr.node
                    {
                        let problem = Problem::error(format!("`${{{n}}}` is only the number {n}")).at(expr.span);
                        let hint = format!("To keep it as it stands, for a shell to read, write `$${{{n}}}`.");
                        self.problems.push(problem.hint(hint));
                    }
                    parts.push(Part::Value(expr));
                }
                Element::Directive(directive) => match &**directive {
                    Directive::If(directive) => parts.push(self.if_directive(directive)),
                    Directive::For(directive) => parts.push(self.for_directive(directive)),
                },
            }
            strip_before = strips(element).1;
        }
        parts
    }

    fn if_directive(&mut self, directive: &IfDirective) -> Part {
        let (begin, end) = (&directive.if_expr, directive.endif_expr.strip);
        let condition = Arc::new(self.expr(&begin.cond_expr));
        let then_end = directive.else_expr.as_ref().map_or(end, |other| other.strip).strip_start();
        let then = self.template(&begin.template, begin.strip.strip_end(), then_end);
        let otherwise = directive
            .else_expr
            .as_ref()
            .map_or_else(Vec::new, |other| self.template(&other.template, other.strip.strip_end(), end.strip_start()));
        Part::If { condition, then, otherwise }
    }

    fn for_directive(&mut self, directive: &ForDirective) -> Part {
        let (begin, end) = (&directive.for_expr, directive.endfor_expr.strip);
        let source = Source {
            key: begin.key_var.as_ref().map(|name| name.as_str().into()),
            value: begin.value_var.as_str().into(),
            collection: self.expr(&begin.collection_expr),
        };
        let body = self.template(&begin.template, begin.strip.strip_end(), end.strip_start());
        Part::For { source, body }
    }
}

/// Whether the element takes away the space before it, and that after it.
fn strips(element: &Element) -> (bool, bool) {
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(interpolation) => (interpolation.strip.strip_start(), interpolation.strip.strip_end()),
        Element::Directive(directive) => match &**directive {
            Directive::If(d) => (d.if_expr.strip.strip_start(), d.endif_expr.strip.strip_end()),
            Directive::For(d) => (d.for_expr.strip.strip_start(), d.endfor_expr.strip.strip_end()),
        },
    }
}

/// Text in quotes; where it is exactly one `${…}`, the value keeps its type, as in HCL.
fn string(mut parts: Vec<Part>) -> Node {
    match parts.as_mut_slice() {
        [] => Node::Literal(Value::from("")),
        [Part::Text(text)] => Node::Literal(Value::String(Arc::clone(text))),
        [Part::Value(_)] => match parts.pop() {
            Some(Part::Value(expr)) => expr.node,
            _ => Node::Template(parts),
        },
        _ => Node::Template(parts),
    }
}

fn number(n: &hcl_edit::Number) -> Value {
    match n.as_i64() {
        Some(n) => Value::from(n),
        None => Value::Number(Number::from_f64(n.as_f64().unwrap_or_default())),
    }
}
