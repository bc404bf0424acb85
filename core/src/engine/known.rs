//! What is known of the world: the values that expressions see while planning and applying.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use indexmap::IndexMap;

use crate::error::Problem;
use crate::kind::{
    Absent, Address, Attribute, Desired, Facts, Instance, LookupUse, Map, Moved, Observed, Output, Owner, Shape, Type,
    Value, World,
};

/// The values of instances and lookups, as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    account: String,
    instances: BTreeMap<Address, Value>,
    lookups: BTreeMap<String, Value>,
}

impl Known {
    /// A world in which only the account's number is known.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self { account: account.to_owned(), ..Self::default() }
    }

    /// Learns what an instance looks like now: what is declared of it, laid over what was observed.
    pub fn learn(&mut self, facts: &Facts, address: &Address, declared: &Map, observed: &Observed) {
        let value = view(facts, address, declared, Some(observed), |_| false);
        self.instances.insert(address.clone(), value);
    }

    /// Sets all that expressions see of an instance.
    pub fn set(&mut self, address: &Address, value: Value) {
        self.instances.insert(address.clone(), value);
    }

    /// The same world, in which an output of an instance has this value: for the one evaluation that needs it.
    #[must_use]
    pub fn with(mut self, address: &Address, output: &str, value: Value) -> Self {
        let mut all = self.instances.get(address).and_then(Value::as_map).cloned().unwrap_or_default();
        all.insert(output.to_owned(), value);
        self.instances.insert(address.clone(), Value::from(all));
        self
    }

    /// Learns what a lookup answered; null where it found nothing.
    pub fn answer(&mut self, lookup: &str, value: Value) {
        self.lookups.insert(lookup.to_owned(), value);
    }

    /// Whether a lookup has been answered.
    #[must_use]
    pub fn answered(&self, lookup: &str) -> bool {
        self.lookups.get(lookup).is_some_and(|value| !value.is_unknown())
    }
}

impl World for Known {
    fn instance(&self, address: &Address) -> Option<Value> {
        self.instances.get(address).cloned()
    }

    fn lookup(&self, name: &str) -> Option<Value> {
        self.lookups.get(name).cloned()
    }

    fn account_id(&self) -> Option<String> {
        Some(self.account.clone()).filter(|account| !account.is_empty())
    }
}

/// The world as one instance sees it, which knows what it is called.
pub(super) struct Within<'a> {
    /// What is known of all others, and of what it was so far.
    pub(super) known: &'a Known,
    /// The instance.
    pub(super) address: &'a Address,
    /// Its physical name, if the stack writes none.
    pub(super) name: Option<String>,
}

impl World for Within<'_> {
    fn instance(&self, address: &Address) -> Option<Value> {
        self.known.instance(address)
    }

    fn lookup(&self, name: &str) -> Option<Value> {
        self.known.lookup(name)
    }

    fn account_id(&self) -> Option<String> {
        self.known.account_id()
    }

    fn own_name(&self, address: &Address) -> Option<String> {
        self.name.clone().filter(|_| address == self.address)
    }
}

/// All attributes and outputs of an instance as expressions see them.
///
/// An attribute with an opinion has the declared value; any other, and each output, has the observed one, and is
/// unknown where nothing was observed or `unknown` says so of the attribute or output.
#[must_use]
pub fn view(
    facts: &Facts,
    address: &Address,
    declared: &Map,
    observed: Option<&Observed>,
    unknown: impl Fn(&Attribute) -> bool,
) -> Value {
    let mut all = Map::new();
    // What is fetched at the moment of a call is never known before.
    for output in facts.outputs.attributes.iter().filter(|output| output.write_only) {
        let value = Value::unknown(shape(&output.ty), address.to_string());
        all.insert(output.name.to_owned(), value.sensitive());
    }
    for attribute in facts.outputs.attributes.iter().chain(facts.declared.attributes) {
        if attribute.write_only || all.contains_key(attribute.name) {
            continue;
        }
        let value = match (declared.get(attribute.name), observed) {
            (Some(value), _) if !value.is_null() => value.clone(),
            (_, Some(observed)) if !unknown(attribute) => observed.get(attribute.name).clone(),
            (Some(value), None) if !matches!(attribute.absent, Absent::Aws(_)) => value.clone(),
            _ => Value::unknown(shape(&attribute.ty), address.to_string()),
        };
        let value = if attribute.sensitive { value.sensitive() } else { value };
        all.insert(attribute.name.to_owned(), value);
    }
    if let Some(tags) = declared.get("tags") {
        all.insert("tags".to_owned(), tags.clone());
    }
    Value::from(all)
}

/// What values of a type look like.
#[must_use]
pub fn shape(ty: &Type) -> Shape {
    match ty {
        Type::Any | Type::Document(_) | Type::Block(_) => Shape::Any,
        Type::Bool => Shape::Bool,
        Type::Int | Type::Number => Shape::Number,
        Type::String | Type::Name | Type::Cidr | Type::Reference { .. } => Shape::String,
        Type::List(item) => Shape::List(Box::new(shape(item))),
        Type::Set(item) => Shape::Set(Box::new(shape(item))),
        Type::Map(item) => Shape::Map(Box::new(shape(item))),
    }
}

/// A stack that wants nothing: what a destroy works with when the file is gone.
#[derive(Clone, Debug)]
pub struct Nothing {
    owner: Owner,
    region: String,
}

impl Nothing {
    /// The empty stack of an owner.
    #[must_use]
    pub fn new(owner: Owner, region: &str) -> Self {
        Self { owner, region: region.to_owned() }
    }
}

impl Desired for Nothing {
    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn region(&self) -> &str {
        &self.region
    }

    fn account(&self) -> Option<&str> {
        None
    }

    fn instances(&self) -> &IndexMap<Address, Instance> {
        static NONE: LazyLock<IndexMap<Address, Instance>> = LazyLock::new(IndexMap::new);
        &NONE
    }

    fn lookups(&self) -> &IndexMap<String, LookupUse> {
        static NONE: LazyLock<IndexMap<String, LookupUse>> = LazyLock::new(IndexMap::new);
        &NONE
    }

    fn moved(&self) -> &[Moved] {
        &[]
    }

    fn ignore_tags(&self) -> &[String] {
        &[]
    }

    fn evaluate(&self, _: &Instance, _: &dyn World) -> Result<Map, Vec<Problem>> {
        Ok(Map::new())
    }

    fn trigger(&self, _: &Instance, _: &dyn World) -> Result<Value, Vec<Problem>> {
        Ok(Value::Null)
    }

    fn arguments(&self, _: &LookupUse, _: &dyn World) -> Result<Option<Map>, Vec<Problem>> {
        Ok(None)
    }

    fn outputs(&self, _: &dyn World) -> Result<Vec<Output>, Vec<Problem>> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_the_instance_alone() {
        let (known, address) = (Known::new("123456789012"), Address::plain("role"));
        let world = Within { known: &known, address: &address, name: Some("web-default-role".to_owned()) };
        assert_eq!(world.own_name(&address).as_deref(), Some("web-default-role"));
        assert_eq!(world.own_name(&Address::plain("files")), None);
        assert_eq!(known.own_name(&address), None);
    }
}
