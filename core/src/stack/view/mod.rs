//! What names mean where an expression stands.

mod resource;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::expression::{Found, Key, Names, Step, nearest, unknown_name};
use super::resolve::{Resolver, unknown};
use super::scope::{Expansion, Scope, readable};
use super::tree::Tree;
use crate::error::{Problem, Span};
use crate::kind::{Address, Block, Shape, Type, Value, World};
use resource::no_attribute;

/// How many definitions may stand behind one another before a value that no world knows counts as unknown.
const DEEPEST: usize = 48;

/// The names as one place in the stack sees them.
pub(super) struct View<'a> {
    pub(super) scope: &'a Scope,
    pub(super) world: &'a dyn World,
    /// `each.key` and `each.value`.
    pub(super) each: Option<(Value, Value)>,
    /// The instance at hand.
    pub(super) this: Option<Address>,
    /// The attribute at hand is one of the second step, where `self` has all its outputs.
    pub(super) settled: bool,
    shared: &'a Shared,
}

/// What was worked out already, for all views of one evaluation.
#[derive(Default)]
pub(super) struct Shared {
    locals: RefCell<HashMap<Arc<str>, Value>>,
    attributes: RefCell<HashMap<(Address, &'static str), Value>>,
    busy: RefCell<Vec<Busy>>,
}

#[derive(PartialEq)]
enum Busy {
    Local(Arc<str>),
    Attribute(Address, &'static str),
}

impl<'a> View<'a> {
    /// The view of what belongs to no resource: locals, lookups, outputs.
    pub(super) fn new(scope: &'a Scope, world: &'a dyn World, shared: &'a Shared) -> Self {
        Self { scope, world, each: None, this: None, settled: false, shared }
    }

    /// The view of an instance.
    pub(super) fn of(&self, address: &Address) -> View<'a> {
        let key = |key: &Arc<str>| Value::String(Arc::clone(key));
        let each = match (&address.key, self.scope.expansions.get(&address.name)) {
            (Some(name), _) => Some((key(name), self.scope.each(address).cloned().unwrap_or_default())),
            (None, Some(Expansion::Pending)) => {
                let waits = format!("the keys of {}", address.name);
                Some((Value::unknown(Shape::String, waits.as_str()), Value::unknown(Shape::Any, waits)))
            }
            _ => None,
        };
        View { each, this: Some(address.clone()), settled: false, ..*self }
    }

    /// The same place, with another `each`.
    pub(super) fn with_each(&self, key: Value, value: Value) -> View<'a> {
        View { each: Some((key, value)), this: self.this.clone(), ..*self }
    }

    /// The same place, in an attribute that is settled or not.
    pub(super) fn within(&self, settled: bool) -> View<'a> {
        View { each: self.each.clone(), this: self.this.clone(), settled, ..*self }
    }

    fn variable(&self, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let variables = &self.scope.variables;
        let (name, step_span) = named(steps, "var", span)?;
        match variables.get(name) {
            Some(value) => Ok(Found { value: value.clone(), used: 1 }),
            // Its own problem is reported where its value is read.
            None if self.scope.document.variables.contains_key(name) => {
                Ok(Found { value: Value::unknown(Shape::Any, format!("var.{name}")), used: 1 })
            }
            None => Err(missing("variable", name, self.scope.document.variables.keys(), step_span)),
        }
    }

    fn local(&self, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let (name, step_span) = named(steps, "local", span)?;
        let document = &self.scope.document;
        let (Some((name, local)), Some(state)) = (document.locals.get_key_value(name), self.scope.locals.get(name))
        else {
            return Err(missing("local value", name, document.locals.keys(), step_span));
        };
        let found = |value: &Value| Ok(Found { value: value.clone(), used: 1 });
        if let Some(value) = self.shared.locals.borrow().get(name) {
            return found(value);
        }
        if let Some(value) = state.value.get() {
            return value.as_ref().map_err(Clone::clone).and_then(found);
        }
        let busy = Busy::Local(Arc::clone(name));
        if self.shared.busy.borrow().contains(&busy) {
            // The loop is reported where the stack is prepared.
            return Ok(Found { value: Value::unknown(Shape::Any, format!("local.{name}")), used: 1 });
        }
        let outside = View { each: None, this: None, settled: false, ..*self };
        let value = self.while_busy(busy, || outside.value(&local.value));
        if !state.worldly {
            return state.value.get_or_init(|| value).as_ref().map_err(Clone::clone).and_then(found);
        }
        let value = value?;
        self.shared.locals.borrow_mut().insert(Arc::clone(name), value.clone());
        Ok(Found { value, used: 1 })
    }

    /// The value of a tree of no particular type; its first problem where it has none.
    pub(super) fn value(&self, tree: &Tree) -> Result<Value, Box<Problem>> {
        let mut resolver = Resolver::new(self);
        let value = resolver.any(tree);
        match resolver.problems.into_iter().find(Problem::is_error) {
            None => Ok(value),
            Some(problem) => Err(Box::new(problem)),
        }
    }

    fn while_busy<T>(&self, busy: Busy, work: impl FnOnce() -> T) -> T {
        self.shared.busy.borrow_mut().push(busy);
        let result = work();
        self.shared.busy.borrow_mut().pop();
        result
    }

    fn lookup(&self, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let (name, step_span) = named(steps, "lookup", span)?;
        if !self.scope.document.lookups.contains_key(name) {
            return Err(missing("lookup", name, self.scope.document.lookups.keys(), step_span));
        }
        let facts = self.scope.lookups.get(name);
        let part = steps.get(1).and_then(|step| match &step.key {
            Key::Name(part) => Some((part, step.span)),
            _ => None,
        });
        if let (Some(facts), Some((part, span))) = (facts, part)
            && attribute_of(facts.outputs, facts.declared, part).is_none()
        {
            return Err(no_attribute(&format!("lookup.{name}"), facts.name, facts.outputs, facts.declared, part, span));
        }
        if let Some(value) = self.world.lookup(name) {
            return Ok(Found { value, used: 1 });
        }
        let waits = format!("lookup.{name}");
        let ty = facts.zip(part).and_then(|(facts, (part, _))| attribute_of(facts.outputs, facts.declared, part));
        Ok(match ty {
            Some(ty) => Found { value: unknown(&ty, &waits), used: 2 },
            None => Found { value: Value::unknown(Shape::Any, waits), used: 1 },
        })
    }

    fn each(&self, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let Some((key, value)) = &self.each else {
            return Err(Box::new(Problem::error("there is no `each` here").at(span).hint(
                "`each.key` and `each.value` stand only in a resource, or an entry of a block, that has `for_each`.",
            )));
        };
        let (name, step_span) = named(steps, "each", span)?;
        match &**name {
            "key" => Ok(Found { value: key.clone(), used: 1 }),
            "value" => Ok(Found { value: value.clone(), used: 1 }),
            _ => Err(Box::new(
                Problem::error(format!("`each` has no `{name}`"))
                    .at(step_span)
                    .hint("It has `each.key` and `each.value`."),
            )),
        }
    }

    fn stack(&self, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        const PARTS: [&str; 5] = ["name", "owner", "prefix", "region", "account_id"];
        let (name, step_span) = named(steps, "stack", span)?;
        let scope = self.scope;
        let value = match &**name {
            "name" => Value::from(&*scope.owner.stack),
            "owner" => Value::from(scope.owner.to_string()),
            "prefix" => Value::from(scope.owner.prefix()),
            "region" if scope.region.is_empty() => Value::unknown(Shape::String, "stack.region"),
            "region" => Value::from(scope.region.as_str()),
            "account_id" => match self.world.account_id().or_else(|| scope.account.clone()) {
                Some(account) => Value::from(account),
                None => Value::unknown(Shape::String, "stack.account_id"),
            },
            _ => {
                let problem = Problem::error(format!("`stack` has no `{name}`")).at(step_span);
                return Err(Box::new(match nearest(name, PARTS) {
                    Some(near) => problem.hint(format!("Did you mean `stack.{near}`?")),
                    None => problem.hint("It has name, owner, prefix, region and account_id."),
                }));
            }
        };
        Ok(Found { value, used: 1 })
    }

    fn itself(&self, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let Some(this) = &self.this else {
            return Err(Box::new(
                Problem::error("there is no `self` here").at(span).hint("`self` is the resource in which it stands."),
            ));
        };
        let (name, step_span) = named(steps, "self", span)?;
        let Some(facts) = self.scope.facts(&this.name) else {
            return Ok(Found { value: Value::unknown(Shape::Any, this.to_string()), used: 1 });
        };
        match readable(facts, name) {
            None => Err(no_attribute("self", facts.name, facts.declared, facts.outputs, name, step_span)),
            Some((_, false)) => Ok(Found { value: self.declared(this, facts, name), used: 1 }),
            Some((_, true)) if self.settled => Ok(Found { value: self.attribute(this, facts, name), used: 1 }),
            Some((_, true)) => Err(Box::new(
                Problem::error(format!("`self.{name}` is known only after the resource exists"))
                    .at(step_span)
                    .hint("Here `self` has what the stack declares; only attributes that are set in the second step may use outputs."),
            )),
        }
    }
}

impl Names for View<'_> {
    fn get(&self, root: &str, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        match root {
            "var" => self.variable(steps, span),
            "local" => self.local(steps, span),
            "lookup" => self.lookup(steps, span),
            "each" => self.each(steps, span),
            "env" => Ok(Found::root(Value::from(&*self.scope.owner.env))),
            "stack" => self.stack(steps, span),
            "self" => self.itself(steps, span),
            _ if self.scope.document.resources.contains_key(root) => self.resource(root, steps),
            _ => Err(Box::new(unknown_name(root, steps, span, self.scope.roots()))),
        }
    }
}

/// The type of an attribute in one of two tables.
fn attribute_of(first: &'static Block, second: &'static Block, name: &str) -> Option<Type> {
    first.attribute(name).or_else(|| second.attribute(name)).map(|attribute| attribute.ty)
}

/// The name that must follow `var`, `local`, `lookup`, `each`, `stack`, `self`.
fn named<'s>(steps: &'s [Step], root: &str, span: Span) -> Result<(&'s Arc<str>, Span), Box<Problem>> {
    match steps.first() {
        Some(Step { key: Key::Name(name), span }) => Ok((name, *span)),
        _ => Err(Box::new(
            Problem::error(format!("`{root}` needs a name behind it")).at(span).hint(format!("Write `{root}.<name>`.")),
        )),
    }
}

fn missing<'n>(what: &str, name: &str, names: impl Iterator<Item = &'n Arc<str>>, span: Span) -> Box<Problem> {
    let problem = Problem::error(format!("there is no {what} `{name}`")).at(span);
    Box::new(match nearest(name, names.map(|name| &**name)) {
        Some(near) => problem.hint(format!("Did you mean `{near}`?")),
        None => problem,
    })
}
