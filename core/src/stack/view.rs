//! What names mean where an expression stands.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::expression::{Found, Key, Names, Step, nearest, unknown_name};
use super::resolve::{Resolver, shape_of, unknown};
use super::scope::{Expansion, Scope, readable, readable_names};
use super::tree::Tree;
use crate::error::{Problem, Span};
use crate::kind::{Absent, Address, Block, Facts, Map, Shape, Type, Value, World};

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

    fn resource(&self, name: &str, steps: &[Step]) -> Result<Found, Box<Problem>> {
        let Some(facts) = self.scope.facts(name) else {
            // The kind is unknown, which is reported where it stands.
            return Ok(Found { value: Value::unknown(Shape::Any, name), used: steps.len() });
        };
        match self.scope.expansions.get(name) {
            Some(Expansion::Absent) => Ok(Found::root(Value::Null)),
            Some(Expansion::Single) => {
                let address = Address::plain(name);
                match steps.first().map(|step| (&step.key, step.span)) {
                    Some((Key::Name(part), span)) => {
                        self.part(name, &address, facts, part, span).map(|value| Found { value, used: 1 })
                    }
                    Some((Key::Index(_), span)) => {
                        Err(Box::new(Problem::error(format!("`{name}` is one resource, not a list")).at(span).hint(
                            format!("Refer to it directly: `{name}.<attribute>`. With `for_each` it would have keys."),
                        )))
                    }
                    _ => Ok(Found::root(self.whole(&address, facts))),
                }
            }
            Some(Expansion::Keyed(values)) => self.keyed(name, facts, values, steps),
            Some(Expansion::Pending) | None => self.pending(name, facts, steps),
        }
    }

    fn keyed(
        &self,
        name: &str,
        facts: &'static Facts,
        values: &std::collections::BTreeMap<Arc<str>, Value>,
        steps: &[Step],
    ) -> Result<Found, Box<Problem>> {
        let part = |at: usize| match steps.get(at).map(|step| (&step.key, step.span)) {
            Some((Key::Name(part), span)) => Some((part, span)),
            _ => None,
        };
        let address = |key: &str| Address::keyed(name, key);
        match steps.first().map(|step| (&step.key, step.span)) {
            None => Ok(Found::root(Value::map(
                values.keys().map(|key| (key.to_string(), self.whole(&address(key), facts))),
            ))),
            Some((Key::Splat, _)) => match part(1) {
                Some((attribute, span)) => {
                    let items = values.keys().map(|key| self.part(name, &address(key), facts, attribute, span));
                    Ok(Found { value: Value::list(items.collect::<Result<Vec<_>, _>>()?), used: 2 })
                }
                None => {
                    Ok(Found { value: Value::list(values.keys().map(|key| self.whole(&address(key), facts))), used: 1 })
                }
            },
            Some((Key::Name(key), _)) if values.contains_key(key) => match part(1) {
                Some((attribute, span)) => Ok(Found {
                    value: self.part(&address(key).to_string(), &address(key), facts, attribute, span)?,
                    used: 2,
                }),
                None => Ok(Found { value: self.whole(&address(key), facts), used: 1 }),
            },
            Some((Key::Name(key), span)) if readable(facts, key).is_some() => Err(of_one(name, key, span)),
            Some((key, span)) => {
                let text = match key {
                    Key::Name(text) => text,
                    _ => "",
                };
                let written = match key {
                    Key::Name(text) => address(text).to_string(),
                    key => format!("{name}{key}"),
                };
                let problem = Problem::error(format!("there is no instance `{written}`")).at(span);
                Err(Box::new(match nearest(text, values.keys().map(|key| &**key)) {
                    Some(near) => problem.hint(format!("Did you mean `{}`?", address(near))),
                    None if values.is_empty() => problem.hint("Its `for_each` is empty."),
                    None => {
                        let keys: Vec<_> = values.keys().take(8).map(|key| format!("`{key}`")).collect();
                        problem.hint(format!("Its keys are {}.", keys.join(", ")))
                    }
                }))
            }
        }
    }

    /// A resource whose instances are not known yet.
    fn pending(&self, name: &str, facts: &'static Facts, steps: &[Step]) -> Result<Found, Box<Problem>> {
        let keyed = self.scope.resource(name).is_some_and(|resource| resource.for_each.is_some());
        let at = usize::from(keyed);
        let waits = format!("the keys of {name}");
        if let ([Step { key: Key::Name(part), span }], true) = (steps, keyed)
            && readable(facts, part).is_some()
        {
            return Err(of_one(name, part, *span));
        }
        let Some((part, span)) = steps.get(at).and_then(|step| match &step.key {
            Key::Name(part) => Some((part, step.span)),
            _ => None,
        }) else {
            return Ok(Found { value: Value::unknown(Shape::Any, waits), used: steps.len().min(at) });
        };
        let Some((attribute, _)) = readable(facts, part) else {
            return Err(no_attribute(name, facts.name, facts.declared, facts.outputs, part, span));
        };
        let shape = match steps.first().map(|step| &step.key) {
            Some(Key::Splat) if keyed => Shape::List(Box::new(shape_of(&attribute.ty))),
            _ => shape_of(&attribute.ty),
        };
        Ok(Found { value: Value::unknown(shape, waits), used: at + 1 })
    }

    fn part(
        &self,
        written: &str,
        address: &Address,
        facts: &'static Facts,
        name: &str,
        span: Span,
    ) -> Result<Value, Box<Problem>> {
        if readable(facts, name).is_none() {
            return Err(no_attribute(written, facts.name, facts.declared, facts.outputs, name, span));
        }
        Ok(self.attribute(address, facts, name))
    }

    /// All attributes and outputs of an instance.
    fn whole(&self, address: &Address, facts: &'static Facts) -> Value {
        let mut map = match self.world.instance(address) {
            Some(Value::Map(map)) => Map::clone(&map),
            Some(other) => return other,
            None => Map::new(),
        };
        let known = !map.is_empty();
        for name in readable_names(facts.declared, facts.outputs) {
            if !map.contains_key(name) {
                let value = if known { Value::Null } else { self.attribute(address, facts, name) };
                map.insert(name.to_owned(), value);
            }
        }
        Value::from(map)
    }

    /// An attribute or output of an instance, which the kind has.
    fn attribute(&self, address: &Address, facts: &'static Facts, name: &str) -> Value {
        let sensitive = readable(facts, name).is_some_and(|(attribute, _)| attribute.sensitive);
        let value = match self.world.instance(address) {
            Some(Value::Map(map)) => map.get(name).cloned().unwrap_or_default(),
            Some(other) if other.is_unknown() => other,
            _ => self.declared(address, facts, name),
        };
        if sensitive && !value.is_null() { value.sensitive() } else { value }
    }

    /// An attribute of an instance as far as the stack itself says it; else unknown.
    fn declared(&self, address: &Address, facts: &'static Facts, name: &str) -> Value {
        let Some((attribute, output)) = readable(facts, name) else { return Value::Null };
        let waits = || unknown(&attribute.ty, &address.to_string());
        if output || attribute.write_only {
            return match self.this.as_ref().filter(|this| *this == address).and_then(|_| self.world.instance(address)) {
                Some(Value::Map(map)) if output => map.get(name).cloned().unwrap_or_else(waits),
                _ => waits(),
            };
        }
        let key = (address.clone(), attribute.name);
        if let Some(value) = self.shared.attributes.borrow().get(&key) {
            return value.clone();
        }
        let busy = Busy::Attribute(address.clone(), attribute.name);
        if self.shared.busy.borrow().contains(&busy) || self.shared.busy.borrow().len() > DEEPEST {
            return waits();
        }
        let document = &self.scope.document;
        let written = self.scope.resource(&address.name).and_then(|resource| document.attribute(resource, name));
        let view = self.of(address);
        let value = self.while_busy(busy, || match (written, attribute.absent) {
            (Some(branch), _) => {
                let view = view.within(attribute.settled);
                let mut resolver = Resolver::new(&view);
                let value = resolver.attribute(&branch.value, attribute);
                // Its problems are reported where it stands.
                let broken = resolver.problems.iter().any(Problem::is_error);
                let value = if broken { waits() } else { value };
                match (value.is_null(), attribute.absent) {
                    (true, Absent::Default(literal)) => literal.value(&Map::new()),
                    (true, _) => waits(),
                    _ => value,
                }
            }
            (None, _) if matches!(attribute.ty, Type::Name) => waits(),
            (None, Absent::Default(crate::kind::Literal::Of(_))) => {
                let mut resolver = Resolver::new(&view);
                resolver.instance(address).remove(name).unwrap_or_else(waits)
            }
            (None, Absent::Default(literal)) => literal.value(&Map::new()),
            (None, Absent::Required | Absent::Aws(_)) => waits(),
        });
        self.shared.attributes.borrow_mut().insert(key, value.clone());
        value
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

/// The problem of an attribute that is asked of all instances at once.
fn of_one(name: &str, part: &str, span: Span) -> Box<Problem> {
    Box::new(
        Problem::error(format!("`{name}` has `for_each`: `{part}` is that of one of its instances"))
            .at(span)
            .hint(format!("Write `{name}[\"<key>\"].{part}` for that of one, `{name}[*].{part}` for those of all.")),
    )
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

/// The problem of an attribute that a kind does not have.
pub(super) fn no_attribute(
    written: &str,
    kind: &str,
    first: &'static Block,
    second: &'static Block,
    name: &str,
    span: Span,
) -> Box<Problem> {
    let problem = Problem::error(format!("`{written}` is of the kind `{kind}`, which has no `{name}`")).at(span);
    if let Some(near) = nearest(name, readable_names(first, second)) {
        return Box::new(problem.hint(format!("Did you mean `{near}`?")));
    }
    let names: Vec<_> = second.attributes.iter().take(10).map(|attribute| format!("`{}`", attribute.name)).collect();
    Box::new(if names.is_empty() {
        problem
    } else {
        problem.hint(format!("Besides what it declares it has {}.", names.join(", ")))
    })
}
