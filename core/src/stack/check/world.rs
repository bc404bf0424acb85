//! The world as the stack itself describes it: declared attributes known, outputs not.

use std::collections::HashMap;

use super::super::instance::Stack;
use super::super::resolve::unknown;
use crate::kind::{Absent, Address, Instance, Literal, Map, Target, Type, Value, World};

/// What was worked out of the instances so far.
#[derive(Default)]
pub(super) struct Declared {
    instances: HashMap<Address, Value>,
}

impl Declared {
    /// Takes in the declared attributes of an instance.
    pub(super) fn learn(&mut self, instance: &Instance, mut map: Map) {
        let waits = instance.address.to_string();
        for attribute in instance.facts.declared.attributes {
            if attribute.write_only {
                map.insert(attribute.name.to_owned(), unknown(&attribute.ty, &waits));
                continue;
            }
            let chosen = matches!(attribute.absent, Absent::Aws(_) | Absent::Default(Literal::Of(_)))
                || matches!(attribute.ty, Type::Name);
            map.entry(attribute.name.to_owned())
                .or_insert_with(|| if chosen { unknown(&attribute.ty, &waits) } else { Value::Null });
        }
        for output in instance.facts.outputs.attributes {
            map.entry(output.name.to_owned()).or_insert_with(|| unknown(&output.ty, &waits));
        }
        self.instances.insert(instance.address.clone(), Value::from(map));
    }
}

impl World for Declared {
    fn instance(&self, address: &Address) -> Option<Value> {
        self.instances.get(address).cloned()
    }

    fn lookup(&self, _: &str) -> Option<Value> {
        None
    }

    fn account_id(&self) -> Option<String> {
        None
    }
}

/// The instances, each after those that it refers to; those in cycles in the order of the file at the end.
pub(super) fn order(stack: &Stack) -> Vec<&Instance> {
    let mut waits: Vec<usize> = vec![0; stack.instances.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); stack.instances.len()];
    for (at, instance) in stack.instances.values().enumerate() {
        for reference in &instance.references {
            if let Target::Instance(address) = &reference.to
                && let Some(used) = stack.instances.get_index_of(address)
            {
                waits[at] += 1;
                users[used].push(at);
            }
        }
    }
    let mut ordered: Vec<usize> = (0..waits.len()).filter(|at| waits[*at] == 0).collect();
    let mut next = 0;
    while let Some(done) = ordered.get(next).copied() {
        next += 1;
        for user in &users[done] {
            waits[*user] -= 1;
            if waits[*user] == 0 {
                ordered.push(*user);
            }
        }
    }
    ordered.extend((0..waits.len()).filter(|at| waits[*at] > 0));
    ordered.into_iter().filter_map(|at| stack.instances.get_index(at)).map(|(_, instance)| instance).collect()
}
