//! The stack as the engine sees it.

use indexmap::IndexMap;

use super::instance::Stack;
use crate::error::Problem;
use crate::kind::{Address, Desired, Instance, LookupUse, Map, Moved, Output, Owner, Value, World};

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
