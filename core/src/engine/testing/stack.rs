//! A stack whose expressions are closures.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::error::{Problem, Span};
use crate::kind::{
    Address, Desired, Facts, Instance, Lifecycle, LookupUse, Map, Moved, Output, Owner, Reference, Shape, Target,
    Timeouts, Value, World,
};

/// What one mapping of attributes is in a world.
type Expression = Box<dyn Fn(&dyn World) -> Result<Map, String> + Send + Sync>;

/// What an output is in a world.
type Shown = Box<dyn Fn(&dyn World) -> Value + Send + Sync>;

/// A stack of things.
pub(crate) struct Wish {
    owner: Owner,
    pub(crate) instances: IndexMap<Address, Instance>,
    pub(crate) lookups: IndexMap<String, LookupUse>,
    attributes: BTreeMap<Address, Expression>,
    arguments: BTreeMap<String, Expression>,
    outputs: BTreeMap<String, Shown>,
}

impl Wish {
    pub(crate) fn new() -> Self {
        Self {
            owner: Owner::new("clefcloud", "dev"),
            instances: IndexMap::new(),
            lookups: IndexMap::new(),
            attributes: BTreeMap::new(),
            arguments: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    /// Adds a thing and gives its instance for further wishes.
    pub(crate) fn node(
        &mut self,
        name: &str,
        attributes: impl Fn(&dyn World) -> Result<Map, String> + Send + Sync + 'static,
    ) -> &mut Instance {
        let address = Address::plain(name);
        self.attributes.insert(address.clone(), Box::new(attributes));
        self.instances.entry(address.clone()).or_insert(Instance {
            address,
            kind: "node",
            facts: &super::kind::NODE,
            region: "eu-west-3".to_owned(),
            role_arn: None,
            references: Vec::new(),
            lifecycle: Lifecycle::default(),
            timeouts: Timeouts::default(),
            written: BTreeSet::new(),
            span: Span::default(),
        })
    }

    /// Adds a resource whose attributes are JSON; a text `${name.attribute}` in it is a reference.
    pub(crate) fn resource(&mut self, facts: &'static Facts, name: &str, json: &str) -> &mut Instance {
        let written = Value::from_json(&serde_json::from_str(json).unwrap_or_default());
        let written = written.as_map().cloned().unwrap_or_default();
        let mut references = Vec::new();
        for (attribute, value) in &written {
            let settled = facts.declared.attribute(attribute).is_some_and(|attribute| attribute.settled);
            collect(value, attribute, settled, &mut references);
        }
        let names = written.keys().cloned().collect();
        let instance = self.node(name, move |world| {
            Ok(written.iter().map(|(attribute, value)| (attribute.clone(), resolved(value, world))).collect())
        });
        (instance.kind, instance.facts) = (facts.name, facts);
        (instance.references, instance.written) = (references, names);
        instance
    }

    /// Adds a lookup of where something is.
    pub(crate) fn lookup(
        &mut self,
        name: &str,
        arguments: impl Fn(&dyn World) -> Result<Map, String> + Send + Sync + 'static,
    ) -> &mut LookupUse {
        self.arguments.insert(name.to_owned(), Box::new(arguments));
        self.lookups.entry(name.to_owned()).or_insert(LookupUse {
            name: name.to_owned(),
            facts: &super::kind::WHERE,
            region: "eu-west-3".to_owned(),
            role_arn: None,
            optional: false,
            early: false,
            needed: true,
            references: Vec::new(),
            span: Span::default(),
        })
    }

    pub(crate) fn output(&mut self, name: &str, value: impl Fn(&dyn World) -> Value + Send + Sync + 'static) {
        self.outputs.insert(name.to_owned(), Box::new(value));
    }
}

fn reference(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("${")?.strip_suffix('}')?.split_once('.')
}

fn collect(value: &Value, from: &str, settled: bool, references: &mut Vec<Reference>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| collect(item, from, settled, references)),
        Value::Map(map) => map.values().for_each(|item| collect(item, from, settled, references)),
        Value::String(text) => references.extend(reference(text).map(|(name, attribute)| Reference {
            to: Target::Instance(Address::plain(name)),
            attribute: Some(attribute.to_owned()),
            from: from.to_owned(),
            settled_from: settled,
            span: Span::default(),
        })),
        _ => {}
    }
}

fn resolved(value: &Value, world: &dyn World) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(|item| resolved(item, world))),
        Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key.clone(), resolved(item, world)))),
        Value::String(text) => match reference(text) {
            Some((name, attribute)) => see(world, name, attribute).unwrap_or_else(|_| Value::unknown(Shape::Any, name)),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

/// A reference to a lookup.
pub(crate) fn to_lookup(name: &str) -> Reference {
    Reference {
        to: Target::Lookup(name.to_owned()),
        attribute: None,
        from: String::new(),
        settled_from: false,
        span: Span::default(),
    }
}

/// `name.attribute` in a world; an error where nothing is known of it.
pub(crate) fn see(world: &dyn World, name: &str, attribute: &str) -> Result<Value, String> {
    let instance = world.instance(&Address::plain(name)).ok_or_else(|| format!("nothing is known of {name}"))?;
    Ok(match instance {
        Value::Unknown(_) => instance,
        known => known.get(attribute).clone(),
    })
}

fn problems(message: String) -> Vec<Problem> {
    vec![Problem::error(message)]
}

impl Desired for Wish {
    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn region(&self) -> &'static str {
        "eu-west-3"
    }

    fn account(&self) -> Option<&str> {
        None
    }

    fn instances(&self) -> &IndexMap<Address, Instance> {
        &self.instances
    }

    fn lookups(&self) -> &IndexMap<String, LookupUse> {
        &self.lookups
    }

    fn moved(&self) -> &[Moved] {
        &[]
    }

    fn ignore_tags(&self) -> &[String] {
        &[]
    }

    fn evaluate(&self, instance: &Instance, world: &dyn World) -> Result<Map, Vec<Problem>> {
        self.attributes[&instance.address](world).map_err(problems)
    }

    fn trigger(&self, _: &Instance, _: &dyn World) -> Result<Value, Vec<Problem>> {
        Ok(Value::Null)
    }

    fn arguments(&self, lookup: &LookupUse, world: &dyn World) -> Result<Option<Map>, Vec<Problem>> {
        self.arguments[&lookup.name](world).map(Some).map_err(problems)
    }

    fn outputs(&self, world: &dyn World) -> Result<Vec<Output>, Vec<Problem>> {
        let output = |(name, value): (&String, &Shown)| Output {
            name: name.clone(),
            value: value(world),
            description: None,
            sensitive: false,
        };
        Ok(self.outputs.iter().map(output).collect())
    }
}
