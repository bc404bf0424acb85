//! The stack as the engine sees it.

use indexmap::IndexMap;

use super::instance::Stack;
use super::scope::member;
use super::uses::Uses;
use crate::error::Problem;
use crate::kind::{Address, Desired, Instance, LookupUse, Map, Moved, Output, Owner, Source, Value, World};

impl Desired for Stack {
    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn region(&self) -> &str {
        &self.region
    }

    fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    fn instances(&self) -> &IndexMap<Address, Instance> {
        &self.instances
    }

    fn lookups(&self) -> &IndexMap<String, LookupUse> {
        &self.lookups
    }

    fn moved(&self) -> &[Moved] {
        &self.moved
    }

    fn ignore_tags(&self) -> &[String] {
        &self.ignore_tags
    }

    fn evaluate(&self, instance: &Instance, world: &dyn World) -> Result<Map, Vec<Problem>> {
        let mut attributes = Self::evaluate(self, instance, world)?;
        let tags = self.tags(instance, world)?;
        if !tags.is_empty() {
            attributes.insert("tags".to_owned(), Value::from(tags));
        }
        Ok(attributes)
    }

    fn trigger(&self, instance: &Instance, world: &dyn World) -> Result<Value, Vec<Problem>> {
        Ok(self.triggers(instance, world)?.unwrap_or_default())
    }

    fn arguments(&self, lookup: &LookupUse, world: &dyn World) -> Result<Option<Map>, Vec<Problem>> {
        self.evaluate_lookup(&lookup.name, world)
    }

    fn source(&self, instance: &Instance, attribute: &str) -> Option<Source> {
        let document = &self.scope.document;
        let branch = document.attribute(document.resources.get(&*instance.address.name)?, attribute)?;
        let mut variables: Vec<&str> = Vec::new();
        let uses = Uses::new(document).of(&branch.value);
        for reference in uses.iter().filter(|reference| &*reference.root == "var") {
            variables.extend(member(reference).map(|(name, _)| &**name).filter(|name| !variables.contains(name)));
        }
        let is_null = |name: &&str| self.scope.variables.get(*name).is_some_and(|value| value.reveal().is_null());
        if variables.iter().any(is_null) {
            variables.retain(is_null);
        }
        Some(Source { span: branch.value.span, variables: variables.into_iter().map(str::to_owned).collect() })
    }

    fn outputs(&self, world: &dyn World) -> Result<Vec<Output>, Vec<Problem>> {
        let mut outputs = Vec::new();
        let mut problems = Vec::new();
        for output in &self.outputs {
            match self.evaluate_output(output, world) {
                Ok(value) => outputs.push(Output {
                    name: output.name.clone(),
                    value,
                    description: output.description.clone(),
                    sensitive: output.sensitive,
                }),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(outputs) } else { Err(problems) }
    }
}
