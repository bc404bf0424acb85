//! Resources by name: their instances, and what can be read of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::expression::{Found, Key, Step, nearest};
use super::super::resolve::{Resolver, shape_of, unknown};
use super::super::scope::{Expansion, readable, readable_names};
use super::{Busy, DEEPEST, View};
use crate::error::{Problem, Span};
use crate::kind::{Absent, Address, Block, Facts, Literal, Map, Shape, Type, Value};

impl View<'_> {
    pub(super) fn resource(&self, name: &str, steps: &[Step]) -> Result<Found, Box<Problem>> {
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
                        self.part(&address, facts, part, span).map(|value| Found { value, used: 1 })
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
        values: &BTreeMap<Arc<str>, Value>,
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
                    let items = values.keys().map(|key| self.part(&address(key), facts, attribute, span));
                    Ok(Found { value: Value::list(items.collect::<Result<Vec<_>, _>>()?), used: 2 })
                }
                None => {
                    Ok(Found { value: Value::list(values.keys().map(|key| self.whole(&address(key), facts))), used: 1 })
                }
            },
            Some((Key::Name(key), _)) if values.contains_key(key) => match part(1) {
                Some((attribute, span)) => {
                    Ok(Found { value: self.part(&address(key), facts, attribute, span)?, used: 2 })
                }
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

    fn part(&self, address: &Address, facts: &'static Facts, name: &str, span: Span) -> Result<Value, Box<Problem>> {
        if readable(facts, name).is_none() {
            return Err(no_attribute(&address.to_string(), facts.name, facts.declared, facts.outputs, name, span));
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
    pub(super) fn attribute(&self, address: &Address, facts: &'static Facts, name: &str) -> Value {
        let sensitive = readable(facts, name).is_some_and(|(attribute, _)| attribute.sensitive);
        let value = match self.world.instance(address) {
            Some(Value::Map(map)) => map.get(name).cloned().unwrap_or_default(),
            Some(other) if other.is_unknown() => other,
            _ => self.declared(address, facts, name),
        };
        if sensitive && !value.is_null() { value.sensitive() } else { value }
    }

    /// An attribute of an instance as far as the stack itself says it; else unknown.
    pub(super) fn declared(&self, address: &Address, facts: &'static Facts, name: &str) -> Value {
        let Some((attribute, output)) = readable(facts, name) else { return Value::Null };
        let waits = || unknown(&attribute.ty, &address.to_string());
        if output || attribute.write_only {
            return match Some(address).filter(|_| self.is_itself(address)).and_then(|this| self.world.instance(this)) {
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
            (None, _) if matches!(attribute.ty, Type::Name) && self.is_itself(address) => {
                self.world.own_name(address).map_or_else(waits, Value::from)
            }
            (None, _) if matches!(attribute.ty, Type::Name) => waits(),
            (None, Absent::Default(Literal::Of(_))) => {
                let mut resolver = Resolver::new(&view);
                resolver.instance(address).remove(name).unwrap_or_else(waits)
            }
            (None, Absent::Default(literal)) => literal.value(&Map::new()),
            (None, Absent::Required | Absent::Aws(_)) => match self.world.instance(address) {
                Some(Value::Map(map)) if self.settled && self.is_itself(address) => {
                    map.get(name).filter(|value| !value.is_null()).cloned().unwrap_or_else(waits)
                }
                _ => waits(),
            },
        });
        self.shared.attributes.borrow_mut().insert(key, value.clone());
        value
    }

    fn is_itself(&self, address: &Address) -> bool {
        self.this.as_ref() == Some(address)
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
